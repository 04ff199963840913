/* A pool that is played, control that is played, and files of rules and models. */
#define _GNU_SOURCE /* mkdtemp */
#include "tests/unit/scan_updates_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log_lines.h"
#include "daemon/memory_file.h"
#include "daemon/paths.h"
#include "daemon/role.h"
#include "engine/scan/model.h"

struct updates_scene t;

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

const struct updates_pool played_pool = {prepare, was_late, apply, discard};

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

void expect(const char *calls)
{
    assert_string_equal(buf_text(&t.calls), calls);
    buf_clear(&t.calls);
}

void expect_in_use(unsigned rules)
{
    char text[100];
    snprintf(text, sizeof text, "scan: in use: antispam-rules %u, spam-model 1, graymail-rules 1", rules);
    assert_string_equal(buf_text(&t.in_use), text);
}

void say(uint16_t type, uint32_t id)
{
    struct buf body = {0};
    wire_put_u32(&body, id);
    struct wire_reader in = wire_reader_of(buf_span(&body));
    assert_true(updates_message(type, &in, -1));
    assert_true(wire_reader_done(&in));
    buf_free(&body);
}

bool send_bytes(uint8_t component, struct span bytes)
{
    struct wire_reader in = wire_reader_of(span_of(&component, 1));
    assert_true(updates_message(MSG_ENGINE_PACKAGE, &in, memory_file_of("test", bytes)));
    return wire_reader_done(&in);
}

#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

void send_rules_of_minute(unsigned version, unsigned minute)
{
    struct buf text = {0};
    buf_printf(&text,
               "mailward-package 1\nname antispam-rules\nversion %u\nformat 1\ncreated "
               "2026-11-22T06:%02u:00Z\nmember 0 " EMPTY_SHA256 " a.rules\n\nsignature %0128d\n",
               version, minute, 0);
    assert_true(send_bytes(PACKAGE_ANTISPAM_RULES, buf_span(&text)));
    buf_free(&text);
}

void send_rules(unsigned version)
{
    send_rules_of_minute(version, 30);
}

void say_examples(uint32_t count, const char *bytes)
{
    struct buf body = {0};
    wire_put_u32(&body, count);
    struct wire_reader in = wire_reader_of(buf_span(&body));
    assert_true(updates_message(MSG_EXAMPLES, &in, count ? memory_file_of("test", span_text(bytes)) : -1));
    assert_true(wire_reader_done(&in));
    buf_free(&body);
}

void ready(void)
{
    assert_true(updates_prepared(NULL));
}

void configure_with(bool learns)
{
    updates_config_begins(learns);
    t.examples = learned_set_count(updates_learned());
    assert_false(updates_prepared(NULL));
    updates_config_ended(true);
}

void configure(void)
{
    configure_with(true);
}

void begin_first(void)
{
    struct error error;
    updates_stop();
    assert_true(updates_start(&played_pool, &error));
    send_rules(3);
    say(MSG_ENGINE_USE, 0);
    say_examples(1, "a");
    updates_config_begins(true);
    assert_int_equal(learned_set_count(updates_learned()), 1);
}

int begin(void **state)
{
    (void)state;
    struct error error = {""};
    log_set_output(take_log_event);
    if (!updates_start(&played_pool, &error))
        fail_msg("%s", error.text);
    configure();
    expect("");
    return 0;
}

int end(void **state)
{
    (void)state;
    updates_stop();
    buf_free(&t.calls);
    buf_free(&t.in_use);
    buf_free(&t.lessons);
    t.cannot_prepare = false;
    return 0;
}

int make_files(void **state)
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

int remove_files(void **state)
{
    (void)state;
    char path[100];
    snprintf(path, sizeof path, "%s/spam.model", folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/rules", folder);
    unlink(path);
    return rmdir(folder);
}
