/* Updates in the scan role: what is tried gives way to a configuration, what is to be used follows it.
 *
 * The pool is played: a generation is ready, or refused, when the test says so.
 */
#define _GNU_SOURCE /* mkdtemp */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/log_lines.h"
#include "daemon/memory_file.h"
#include "daemon/paths.h"
#include "daemon/protocol.h"
#include "daemon/role.h"
#include "daemon/scan/updates.h"
#include "engine/scan/model.h"

static struct {
    struct buf calls;   /* of the pool, and answers to control: "prepare " "apply " "answer 1: why. " */
    struct buf in_use;  /* as the log has it */
    struct buf lessons; /* the latest line of the log about what was learned */
    bool cannot_prepare, was_late;
    uint32_t examples; /* with which it was last prepared */
    char why[200];     /* of the last answer */
} t;

static char folder[] = "/tmp/mailward-updates-XXXXXX";

/* ---- what is behind it ---- */

static bool prepare(struct engine_files *files, struct error *error)
{
    assert_non_null(files);
    t.examples = learned_set_count(updates_learned());
    buf_printf(&t.calls, "prepare ");
    return !t.cannot_prepare || error_set(error, "no memory");
}

static bool was_late(void)
{
    return t.was_late;
}

static void apply(void)
{
    buf_printf(&t.calls, "apply ");
}

static void discard(void)
{
    buf_printf(&t.calls, "discard ");
}

static const struct updates_pool pool = {prepare, was_late, apply, discard};

bool role_send(enum role_id peer, uint16_t type, struct span body, int fd)
{
    struct wire_reader in = wire_reader_of(body);
    uint32_t id = wire_get_u32(&in);
    uint8_t outcome = wire_get_u8(&in);
    struct span why = wire_get_span(&in);
    static const char *const outcomes[] = {"ready", "refused", "busy", "late"};
    assert_int_equal(peer, ROLE_CONTROL);
    assert_int_equal(type, MSG_ENGINE_TRIED);
    assert_true(wire_reader_done(&in) && fd < 0);
    buf_printf(&t.calls, "answer %u: %s. ", id, outcomes[outcome]);
    snprintf(t.why, sizeof t.why, "%.*s", (int)why.n, why.p);
    return true;
}

const char *paths_find(const char *name, const char *installed_dir)
{
    static char path[100];
    (void)installed_dir;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static bool take_log_event(struct span event)
{
    struct wire_reader in = wire_reader_of(event);
    enum log_line line;
    int64_t time;
    struct buf text = {0};
    bool good = log_event_format(&in, &line, &time, &text);
    struct buf *place = line == LINE_LEARNED_IN_USE || line == LINE_LEARNED_REFUSED ? &t.lessons : &t.in_use;
    buf_free(place);
    *place = text;
    return good;
}

/* ---- the test's hands ---- */

static void expect(const char *calls)
{
    assert_string_equal(buf_text(&t.calls), calls);
    buf_clear(&t.calls);
}

static void expect_in_use(unsigned rules)
{
    char text[100];
    snprintf(text, sizeof text, "scan: in use: antispam-rules %u, spam-model 1, graymail-rules 1", rules);
    assert_string_equal(buf_text(&t.in_use), text);
}

static void say(uint16_t type, uint32_t id)
{
    struct buf body = {0};
    wire_put_u32(&body, id);
    struct wire_reader in = wire_reader_of(buf_span(&body));
    assert_true(updates_message(type, &in, -1));
    assert_true(wire_reader_done(&in));
    buf_free(&body);
}

static bool send_bytes(uint8_t component, struct span bytes)
{
    struct wire_reader in = wire_reader_of(span_of(&component, 1));
    assert_true(updates_message(MSG_ENGINE_PACKAGE, &in, memory_file_of("test", bytes)));
    return wire_reader_done(&in);
}

#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void send_rules_of_minute(unsigned version, unsigned minute)
{
    struct buf text = {0};
    buf_printf(&text,
               "mailward-package 1\nname antispam-rules\nversion %u\nformat 1\ncreated "
               "2026-11-22T06:%02u:00Z\nmember 0 " EMPTY_SHA256 " a.rules\n\nsignature %0128d\n",
               version, minute, 0);
    assert_true(send_bytes(PACKAGE_ANTISPAM_RULES, buf_span(&text)));
    buf_free(&text);
}

static void send_rules(unsigned version)
{
    send_rules_of_minute(version, 30);
}

static void say_examples(uint32_t count, const char *bytes)
{
    struct buf body = {0};
    wire_put_u32(&body, count);
    struct wire_reader in = wire_reader_of(buf_span(&body));
    assert_true(updates_message(MSG_EXAMPLES, &in, count ? memory_file_of("test", span_text(bytes)) : -1));
    assert_true(wire_reader_done(&in));
    buf_free(&body);
}

static void ready(void)
{
    assert_true(updates_prepared(NULL));
}

static void configure_with(bool learns)
{
    updates_config_begins(learns);
    t.examples = learned_set_count(updates_learned());
    assert_false(updates_prepared(NULL));
    updates_config_ended(true);
}

static void configure(void)
{
    configure_with(true);
}

/* The first configuration is prepared, with rules 3 and one example. */
static void begin_first(void)
{
    struct error error;
    updates_stop();
    assert_true(updates_start(&pool, &error));
    send_rules(3);
    say(MSG_ENGINE_USE, 0);
    say_examples(1, "a");
    updates_config_begins(true);
    assert_int_equal(learned_set_count(updates_learned()), 1);
}

static int begin(void **state)
{
    (void)state;
    struct error error = {""};
    log_set_output(take_log_event);
    if (!updates_start(&pool, &error))
        fail_msg("%s", error.text);
    configure();
    expect("");
    return 0;
}

static int end(void **state)
{
    (void)state;
    updates_stop();
    buf_free(&t.calls);
    buf_free(&t.in_use);
    buf_free(&t.lessons);
    t.cannot_prepare = false;
    return 0;
}

/* ---- tests ---- */

static void what_was_tried_is_used_when_control_says_so(void **state)
{
    (void)state;
    expect_in_use(1);
    send_rules(2);
    say(MSG_ENGINE_TRY, 7);
    expect("prepare ");
    ready();
    expect("answer 7: ready. ");
    expect_in_use(1);
    say(MSG_ENGINE_USE, 7);
    expect("apply ");
    expect_in_use(2);
}

static void a_refusal_is_answered_and_changes_nothing(void **state)
{
    (void)state;
    const struct error why = {"the test message killed its worker"};
    send_rules(2);
    say(MSG_ENGINE_TRY, 7);
    assert_true(updates_prepared(&why));
    expect("prepare answer 7: refused. ");
    assert_string_equal(t.why, why.text);
    expect_in_use(1);
    send_rules(2);
    say(MSG_ENGINE_TRY, 9);
    t.was_late = true;
    assert_true(updates_prepared(&why));
    t.was_late = false;
    expect("prepare answer 9: late. ");
    t.cannot_prepare = true;
    send_rules(2);
    say(MSG_ENGINE_TRY, 8);
    expect("prepare answer 8: refused. ");
    assert_string_equal(t.why, "no memory");
    assert_false(updates_prepared(NULL));
}

static void what_was_tried_and_is_not_wanted_is_thrown_away(void **state)
{
    (void)state;
    send_rules(2);
    say(MSG_ENGINE_TRY, 7);
    ready();
    say(MSG_ENGINE_DISCARD, 6);
    expect("prepare answer 7: ready. ");
    say(MSG_ENGINE_DISCARD, 7);
    expect("discard ");
    send_rules(2);
    say(MSG_ENGINE_TRY, 8);
    ready();
    updates_control_up();
    expect("prepare answer 8: ready. discard ");
    expect_in_use(1);
}

static void a_configuration_comes_first(void **state)
{
    (void)state;
    send_rules(2);
    say(MSG_ENGINE_TRY, 7);
    updates_config_begins(true);
    expect("prepare discard answer 7: busy. ");
    send_rules(2);
    say(MSG_ENGINE_TRY, 8);
    expect("answer 8: busy. ");
    updates_config_ended(true);
    expect("");
    expect_in_use(1);
}

static void what_is_installed_is_used_from_the_next_moment_on_in_which_that_can_be(void **state)
{
    (void)state;
    send_rules(3);
    updates_config_begins(true);
    say(MSG_ENGINE_USE, 0);
    expect("");
    updates_config_ended(false);
    expect("prepare ");
    ready();
    expect("apply ");
    expect_in_use(3);
    send_rules(3);
    say(MSG_ENGINE_USE, 0);
    expect("");
}

static void a_package_of_the_same_version_that_is_another_one_is_used(void **state)
{
    (void)state;
    send_rules(3);
    say(MSG_ENGINE_USE, 0);
    ready();
    expect("prepare apply ");
    send_rules_of_minute(3, 31);
    say(MSG_ENGINE_USE, 0);
    ready();
    expect("prepare apply ");
}

static void what_comes_while_a_configuration_is_prepared_is_in_use_only_after_it(void **state)
{
    (void)state;
    updates_config_begins(true);
    send_rules(2);
    say(MSG_ENGINE_USE, 0);
    updates_config_ended(true);
    expect("prepare ");
    expect_in_use(1);
    ready();
    expect("apply ");
    expect_in_use(2);
}

static void what_comes_while_another_update_is_prepared_is_in_use_only_after_it(void **state)
{
    (void)state;
    const struct error why = {"a.rules:1:1: nonsense"};
    send_rules(2);
    say(MSG_ENGINE_USE, 0);
    send_rules(3);
    say(MSG_ENGINE_USE, 0);
    expect("prepare ");
    ready();
    expect("apply prepare ");
    expect_in_use(2);
    send_rules(4);
    say(MSG_ENGINE_USE, 0);
    assert_true(updates_prepared(&why));
    expect("answer 0: refused. prepare ");
    ready();
    expect("apply ");
    expect_in_use(4);
}

static void what_is_installed_and_cannot_be_used_is_told(void **state)
{
    (void)state;
    const struct error why = {"a.rules:1:1: nonsense"};
    send_rules(3);
    say(MSG_ENGINE_USE, 0);
    assert_true(updates_prepared(&why));
    expect("prepare answer 0: refused. ");
    assert_string_equal(t.why, why.text);
    configure();
    expect("");
    updates_stop();
    begin(NULL);
    expect_in_use(1);
}

static void the_first_configuration_does_without_updates_that_do_not_work(void **state)
{
    (void)state;
    const struct error why = {"the zygote died"};
    struct error error;
    updates_stop();
    assert_true(updates_start(&pool, &error));
    send_rules(3);
    say(MSG_ENGINE_USE, 0);
    updates_config_begins(true);
    struct engine_files *updated = updates_files();
    assert_true(updates_fall_back(&why));
    assert_false(updates_files() == updated);
    assert_false(updates_fall_back(&why));
    updates_config_ended(true);
    expect("prepare "); /* once more, beside what runs */
    expect_in_use(1);
    assert_true(updates_prepared(&why));
    expect("answer 0: refused. ");
}

static void what_is_no_package_is_not_used(void **state)
{
    (void)state;
    assert_true(send_bytes(PACKAGE_ANTISPAM_RULES, SPAN("nonsense")));
    say(MSG_ENGINE_TRY, 7);
    expect("answer 7: refused. ");
    assert_string_equal(t.why, "is not a file of the kind 'mailward-package 1'");
    assert_false(send_bytes(PACKAGE_COMPONENT_COUNT, SPAN("nonsense")));
    send_rules(2);
    struct wire_reader in = wire_reader_of(SPAN("\0"));
    assert_true(updates_message(MSG_ENGINE_PACKAGE, &in, -1));
    assert_true(in.failed);
}

static int make_files(void **state)
{
    (void)state;
    static const int8_t weights[1 << SCAN_MODEL_LEAST_BITS];
    struct buf model = {0};
    char path[100];
    if (!mkdtemp(folder))
        return -1;
    scan_model_put(&model, &(struct scan_model_parameters){
                               .table_bits = SCAN_MODEL_LEAST_BITS, .weights = weights, .slope = 1});
    snprintf(path, sizeof path, "%s/spam.model", folder);
    FILE *file = fopen(path, "wb");
    fwrite(model.data, 1, model.len, file);
    fclose(file);
    buf_free(&model);
    snprintf(path, sizeof path, "%s/rules", folder);
    file = fopen(path, "wb");
    return fclose(file);
}

static int remove_files(void **state)
{
    (void)state;
    char path[100];
    snprintf(path, sizeof path, "%s/spam.model", folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/rules", folder);
    unlink(path);
    return rmdir(folder);
}

/* ---- what was learned from single messages ---- */

static void what_was_learned_is_used_as_soon_as_it_comes(void **state)
{
    (void)state;
    say_examples(1, "a");
    expect("prepare ");
    assert_int_equal(t.examples, 1);
    say_examples(2, "ab"); /* while that is prepared */
    expect("");
    ready();
    expect("apply prepare ");
    assert_int_equal(t.examples, 2);
    ready();
    expect("apply ");
    assert_string_equal(buf_text(&t.lessons), "learning: 2 examples are in use");
    say_examples(2, "ab"); /* of a control that was started anew */
    expect("");
    say_examples(0, "");
    expect("prepare ");
    assert_int_equal(t.examples, 0);
}

static void what_is_learned_while_an_update_is_tried_waits_for_its_end(void **state)
{
    (void)state;
    send_rules(2);
    say(MSG_ENGINE_TRY, 7);
    say_examples(1, "a");
    ready();
    expect("prepare answer 7: ready. ");
    say(MSG_ENGINE_DISCARD, 7);
    expect("discard prepare ");
    assert_int_equal(t.examples, 1);
    ready();
    expect("apply ");
    expect_in_use(1);
}

static void what_was_learned_and_cannot_be_used_is_told_and_not_tried_again(void **state)
{
    (void)state;
    const struct error why = {"the zygote died"};
    say_examples(1, "a");
    assert_true(updates_prepared(&why));
    expect("prepare ");
    assert_string_equal(buf_text(&t.lessons),
                        "learning: what was learned last cannot be used (the zygote died)");
    configure();
    expect("");
    assert_int_equal(t.examples, 0);
    say_examples(2, "ab");
    expect("prepare ");
}

static void updates_that_cannot_be_used_do_not_take_what_was_learned_with_them(void **state)
{
    (void)state;
    const struct error why = {"a.rules:1:1: nonsense"};
    send_rules(3);
    say(MSG_ENGINE_USE, 0);
    say_examples(1, "a");
    assert_true(updates_prepared(&why));
    expect("prepare answer 0: refused. prepare ");
    assert_int_equal(t.examples, 1);
    ready();
    expect("apply ");
}

static void the_first_configuration_keeps_what_was_learned_when_updates_are_what_does_not_work(void **state)
{
    (void)state;
    const struct error why = {"the zygote died"};
    begin_first();
    assert_true(updates_fall_back(&why));
    assert_int_equal(learned_set_count(updates_learned()), 1);
    updates_config_ended(true);
    expect("prepare ");
    assert_int_equal(t.examples, 1);
    assert_string_equal(buf_text(&t.lessons), "learning: 1 examples are in use");
    expect_in_use(1);
    assert_true(updates_prepared(&why));
    expect("answer 0: refused. ");
}

static void the_first_configuration_uses_updates_when_what_was_learned_is_what_does_not_work(void **state)
{
    (void)state;
    const struct error why = {"the zygote died"};
    begin_first();
    assert_true(updates_fall_back(&why));
    assert_true(updates_fall_back(&why));
    assert_int_equal(learned_set_count(updates_learned()), 0);
    updates_config_ended(true);
    assert_string_equal(buf_text(&t.lessons),
                        "learning: what was learned last cannot be used (the zygote died)");
    expect("prepare ");
    assert_int_equal(t.examples, 0);
    ready();
    expect("apply ");
    expect_in_use(3);
}

static void a_first_configuration_that_never_works_costs_neither_updates_nor_what_was_learned(void **state)
{
    (void)state;
    const struct error why = {"no memory"};
    begin_first();
    assert_true(updates_fall_back(&why));
    assert_true(updates_fall_back(&why));
    assert_false(updates_fall_back(&why));
    updates_config_ended(false);
    expect("");
    configure();
    expect("");
    assert_int_equal(t.examples, 1);
    expect_in_use(3);
}

static void while_learning_is_off_nothing_is_prepared_for_what_is_learned(void **state)
{
    (void)state;
    const struct error why = {"a.rules:1:1: nonsense"};
    configure_with(false);
    say_examples(1, "a");
    expect("");
    send_rules(3);
    say(MSG_ENGINE_USE, 0);
    assert_int_equal(t.examples, 0);
    assert_true(updates_prepared(&why));
    expect("prepare answer 0: refused. ");
    configure();
    assert_int_equal(t.examples, 1);
    expect("");
}

static void what_cannot_even_be_begun_is_tried_once(void **state)
{
    (void)state;
    t.cannot_prepare = true;
    say_examples(1, "a");
    expect("prepare ");
    assert_string_equal(buf_text(&t.lessons), "learning: what was learned last cannot be used (no memory)");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(what_was_tried_is_used_when_control_says_so),
        TEST(a_refusal_is_answered_and_changes_nothing),
        TEST(what_was_tried_and_is_not_wanted_is_thrown_away),
        TEST(a_configuration_comes_first),
        TEST(what_is_installed_is_used_from_the_next_moment_on_in_which_that_can_be),
        TEST(a_package_of_the_same_version_that_is_another_one_is_used),
        TEST(what_comes_while_a_configuration_is_prepared_is_in_use_only_after_it),
        TEST(what_comes_while_another_update_is_prepared_is_in_use_only_after_it),
        TEST(what_is_installed_and_cannot_be_used_is_told),
        TEST(the_first_configuration_does_without_updates_that_do_not_work),
        TEST(what_is_no_package_is_not_used),
        TEST(what_was_learned_is_used_as_soon_as_it_comes),
        TEST(what_is_learned_while_an_update_is_tried_waits_for_its_end),
        TEST(what_was_learned_and_cannot_be_used_is_told_and_not_tried_again),
        TEST(updates_that_cannot_be_used_do_not_take_what_was_learned_with_them),
        TEST(the_first_configuration_keeps_what_was_learned_when_updates_are_what_does_not_work),
        TEST(the_first_configuration_uses_updates_when_what_was_learned_is_what_does_not_work),
        TEST(a_first_configuration_that_never_works_costs_neither_updates_nor_what_was_learned),
        TEST(while_learning_is_off_nothing_is_prepared_for_what_is_learned),
        TEST(what_cannot_even_be_begun_is_tried_once),
    };
    return cmocka_run_group_tests_name("scan updates", tests, make_files, remove_files);
}
