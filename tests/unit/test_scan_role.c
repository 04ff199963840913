/* The scan role between a queue and a log role that are this test: what it says to whom, what it keeps, and how it
 * follows the configuration.
 *
 * The skeleton's functions that it calls are given here instead of by role_main.c.
 */
#define _GNU_SOURCE /* memfd_create */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/log_lines.h"
#include "daemon/paths.h"
#include "daemon/protocol.h"
#include "daemon/role.h"
#include "engine/judge/judge.h"
#include "engine/scan/model.h"

/* A message that the role sent to the queue, or of a lesson to control. */
struct sent {
    uint16_t type;
    struct buf body;
};

static struct {
    struct event_base *base;
    struct settings settings;
    bool queue_up, log_up, outbound;
    struct sent sent[16];
    size_t count, wanted;
    struct buf log, job;
    jmp_buf fatal;
    struct role_config config[2];
    struct role_config *running, *next;
    unsigned answers; /* to config_prepare */
    struct error refusal;
} t;

static const char marked[] = "Subject: hello\r\nX-Advertisement: spam\r\n\r\nhello\r\n";
static char model_path[] = "/tmp/mailward-model-XXXXXX";
/* Without a rule in it. */
static char rules_path[] = "/tmp/mailward-rules-XXXXXX";

struct event_base *role_base(void)
{
    return t.base;
}

const struct settings *role_settings(void)
{
    return &t.settings;
}

bool role_is_private(void)
{
    return true;
}

struct channel *role_peer(enum role_id peer)
{
    bool up = peer == ROLE_QUEUE ? t.queue_up : t.log_up;
    return up ? (struct channel *)&t : NULL;
}

bool role_send(enum role_id peer, uint16_t type, struct span body, int fd)
{
    assert_true(peer == ROLE_QUEUE || peer == ROLE_SPAMD || peer == ROLE_CONTROL);
    if (peer == ROLE_SPAMD)
        return true;
    assert_true((peer == ROLE_CONTROL || t.queue_up) && fd < 0 && t.count < 16);
    struct sent *s = &t.sent[t.count++];
    s->type = type;
    buf_append_span(&s->body, body);
    if (t.count == t.wanted)
        event_base_loopbreak(t.base);
    return true;
}

const struct role_config *role_config(void)
{
    return t.running;
}

void role_config_prepared(const struct error *refusal)
{
    t.answers++;
    t.refusal = refusal ? *refusal : (struct error){{0}};
    event_base_loopbreak(t.base);
}

void role_fatal(const char *format, ...)
{
    (void)format;
    longjmp(t.fatal, 1);
}

void role_exit(void)
{
    longjmp(t.fatal, 1);
}

const char *paths_find(const char *name, const char *installed_dir)
{
    (void)installed_dir;
    return strcmp(name, "rules") == 0 ? rules_path : model_path;
}

static bool take_log_event(struct span event)
{
    struct wire_reader in = wire_reader_of(event);
    enum log_line line;
    int64_t time;
    assert_true(log_event_format(&in, &line, &time, &t.log));
    buf_append_char(&t.log, '\n');
    return true;
}

static void run_until(size_t messages)
{
    const struct timeval patience = {.tv_sec = 20};
    t.wanted = messages;
    event_base_loopexit(t.base, &patience);
    if (t.count < messages)
        event_base_dispatch(t.base);
    assert_int_equal(t.count, messages);
}

static void bring_up(enum role_id peer)
{
    *(peer == ROLE_QUEUE ? &t.queue_up : &t.log_up) = true;
    role_self.peer_up(peer);
}

static const enum schema_table_id scan_tables[] = {
    SCHEMA_ANTISPAM, SCHEMA_GRAYMAIL,        SCHEMA_IMSANDGRAYMAIL, SCHEMA_MULTISCAN,
    SCHEMA_LEARNING, SCHEMA_INCOMING_POLICY, SCHEMA_OUTGOING_POLICY};
enum { TABLES = sizeof scan_tables / sizeof scan_tables[0] };

static void drop(struct role_config *config)
{
    for (unsigned i = 0; i < TABLES; i++)
        if (config->tables[scan_tables[i]])
            config_table_unref(config->tables[scan_tables[i]]);
    memset(config, 0, sizeof *config);
}

/* The next configuration begins as the running one, or as the built-in one. */
static void make_next(uint64_t revision)
{
    drop(t.next);
    t.next->revision = revision;
    for (unsigned i = 0; i < TABLES; i++) {
        struct config_table *was = t.running->tables[scan_tables[i]];
        t.next->tables[scan_tables[i]] =
            was ? config_table_ref(was) : config_table_preset(&schema_tables[scan_tables[i]]);
    }
}

static void set_in_next(enum schema_table_id id, unsigned field, struct schema_value value)
{
    const struct schema_table *schema = &schema_tables[id];
    struct schema_value values[64];
    const struct schema_row *row = schema->kind == SCHEMA_SINGLE
                                       ? config_table_single(t.next->tables[id])
                                       : config_table_find(t.next->tables[id], SPAN("DEFAULT"));
    assert_true(schema->field_count <= 64);
    memcpy(values, row->values, schema->field_count * sizeof *values);
    values[field] = value;
    config_table_put(&t.next->tables[id], schema_row_new(schema, values));
}

static void prepare_next(void)
{
    const struct timeval patience = {.tv_sec = 20};
    unsigned before = t.answers;
    role_self.config_prepare(t.next);
    event_base_loopexit(t.base, &patience);
    if (t.answers == before)
        event_base_dispatch(t.base);
    assert_int_equal(t.answers, before + 1);
}

static void apply_next(void)
{
    struct role_config *old = t.running;
    t.running = t.next;
    t.next = old;
    role_self.config_apply();
    drop(old);
}

static void configure_first(void)
{
    make_next(1);
    set_in_next(SCHEMA_ANTISPAM, ANTISPAM_ENABLED, (struct schema_value){.number = 1});
    set_in_next(SCHEMA_INCOMING_POLICY, POLICY_ANTISPAM, (struct schema_value){.number = 1});
    prepare_next();
    assert_string_equal(t.refusal.text, "");
    apply_next();
}

static int role_begin_unconfigured(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    t.running = &t.config[0];
    t.next = &t.config[1];
    t.base = event_base_new();
    settings_init(&t.settings);
    t.settings.scan_workers = 2;
    t.settings.test_hooks = 1;
    log_set_output(take_log_event);
    struct error error = {{0}};
    return role_self.start(&error) ? 0 : -1;
}

static int role_begin(void **state)
{
    if (role_begin_unconfigured(state) != 0)
        return -1;
    configure_first();
    return 0;
}

static int role_end(void **state)
{
    (void)state;
    if (setjmp(t.fatal) == 0)
        role_self.stop();
    log_set_output(NULL);
    for (size_t i = 0; i < t.count; i++)
        buf_free(&t.sent[i].body);
    drop(t.running);
    drop(t.next);
    buf_free(&t.log);
    buf_free(&t.job);
    settings_free(&t.settings);
    event_base_free(t.base);
    return 0;
}

static int message_of(const char *text)
{
    int fd = memfd_create("message", MFD_ALLOW_SEALING | MFD_CLOEXEC);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), 0);
    return fd;
}

/* False when the role refuses it: then the skeleton sees to who sent it. */
static bool offer_job(enum role_id peer, uint64_t mid, const char *text)
{
    int fd = message_of(text);
    const struct span recipient = SPAN("ann@gw.example");
    struct scan_job job = {.mid = mid,
                           .score_only = peer == ROLE_SPAMD,
                           .outbound = t.outbound,
                           .recipients = &recipient,
                           .recipient_count = 1};
    buf_clear(&t.job);
    scan_job_put(&t.job, &job);
    struct wire_reader in = wire_reader_of(buf_span(&t.job));
    role_self.message(peer, MSG_SCAN_JOB, &in, fd);
    return !in.failed;
}

static bool offer_lesson(const char *text)
{
    struct wire_reader in = wire_reader_of(SPAN("\1\0\0\0"));
    role_self.message(ROLE_CONTROL, MSG_LESSON, &in, message_of(text));
    return !in.failed;
}

static void send_job(uint64_t mid, const char *text)
{
    assert_true(offer_job(ROLE_QUEUE, mid, text));
}

static struct wire_reader expect_sent(size_t i, uint16_t type)
{
    assert_true(i < t.count);
    assert_int_equal(t.sent[i].type, type);
    return wire_reader_of(buf_span(&t.sent[i].body));
}

/* The hello lists count jobs; returns them as a bit set. */
static uint64_t expect_hello(size_t i, uint32_t count)
{
    struct wire_reader in = expect_sent(i, MSG_SCAN_HELLO);
    uint64_t mids = 0;
    assert_int_equal(wire_get_u32(&in), 2);
    assert_int_equal(wire_get_u32(&in), count);
    for (uint32_t k = 0; k < count; k++)
        mids |= UINT64_C(1) << wire_get_u64(&in);
    assert_true(wire_reader_done(&in));
    return mids;
}

static void a_queue_hears_hello_and_then_the_result_of_its_job(void **state)
{
    (void)state;
    bring_up(ROLE_QUEUE);
    send_job(7, "Subject: hello\r\n\r\nhello\r\n");
    run_until(2);
    expect_hello(0, 0);
    struct wire_reader in = expect_sent(1, MSG_SCAN_RESULT);
    assert_int_equal(wire_get_u64(&in), 7);
    assert_int_equal(wire_get_u64(&in), 1);
    assert_true(span_equal(wire_get_span(&in), SPAN("antispam-rules 1, spam-model 1, graymail-rules 1")));
    assert_true(wire_get_span(&in).n > 0);
    assert_true(wire_reader_done(&in));
}

static void a_queue_hears_nothing_before_there_is_a_configuration(void **state)
{
    (void)state;
    bring_up(ROLE_QUEUE);
    assert_int_equal(t.count, 0);
    configure_first();
    assert_int_equal(t.count, 1);
    expect_hello(0, 0);
}

/* The revision and the verdict of the result that was sent as the i-th message. */
static uint64_t expect_result(size_t i, uint64_t mid, enum judge_verdict verdict)
{
    struct wire_reader in = expect_sent(i, MSG_SCAN_RESULT);
    assert_int_equal(wire_get_u64(&in), mid);
    uint64_t revision = wire_get_u64(&in);
    wire_get_span(&in);
    struct arena *arena = arena_new();
    struct judge_result result;
    assert_true(judge_result_get(wire_get_span(&in), sizeof marked - 1, 1, arena, &result));
    assert_int_equal(result.children[0].verdict, verdict);
    arena_free(arena);
    return revision;
}

static void a_change_of_a_table_takes_effect_when_it_is_applied(void **state)
{
    (void)state;
    bring_up(ROLE_QUEUE);
    make_next(2);
    set_in_next(SCHEMA_ANTISPAM, ANTISPAM_ENABLED, (struct schema_value){.number = 0});
    prepare_next();
    assert_string_equal(t.refusal.text, "");
    send_job(1, marked);
    run_until(2);
    assert_int_equal(expect_result(1, 1, JUDGE_POSITIVE), 1);
    apply_next();
    send_job(2, marked);
    run_until(3);
    assert_int_equal(expect_result(2, 2, JUDGE_OFF), 2);
    assert_int_equal(t.count, 3); /* one hello was enough */
}

static void mail_that_goes_out_is_judged_by_the_outgoing_policy(void **state)
{
    (void)state;
    bring_up(ROLE_QUEUE);
    t.outbound = true; /* for which anti-spam is off */
    send_job(1, marked);
    run_until(2);
    expect_result(1, 1, JUDGE_OFF);
}

static void a_revision_that_changes_nothing_for_scanning_keeps_the_workers(void **state)
{
    (void)state;
    bring_up(ROLE_QUEUE);
    make_next(2);
    unsigned before = t.answers;
    role_self.config_prepare(t.next);
    assert_int_equal(t.answers, before + 1); /* at once: nothing has to be made */
    send_job(1, marked);
    apply_next();
    send_job(2, marked);
    send_job(3, marked);
    run_until(4);
    for (size_t i = 1; i < 4; i++) {
        struct wire_reader in = expect_sent(i, MSG_SCAN_RESULT);
        uint64_t mid = wire_get_u64(&in);
        assert_int_equal(expect_result(i, mid, JUDGE_POSITIVE), mid == 1 ? 1 : 2);
    }
}

static void what_is_discarded_leaves_no_trace(void **state)
{
    (void)state;
    bring_up(ROLE_QUEUE);
    make_next(2);
    set_in_next(SCHEMA_ANTISPAM, ANTISPAM_ENABLED, (struct schema_value){.number = 0});
    prepare_next();
    role_self.config_discard();
    send_job(1, marked);
    run_until(2);
    assert_int_equal(expect_result(1, 1, JUDGE_POSITIVE), 1);
}

static void a_configuration_that_workers_fail_with_is_refused_with_the_reason(void **state)
{
    (void)state;
    bring_up(ROLE_QUEUE);
    make_next(2);
    set_in_next(SCHEMA_INCOMING_POLICY, POLICY_POSITIVE_HEADER,
                (struct schema_value){.text = SPAN("X-Mailward-Test: refuse-prepare")});
    prepare_next();
    assert_string_equal(t.refusal.text, "the test message was not judged as it must be");
    send_job(1, marked);
    run_until(2);
    assert_int_equal(expect_result(1, 1, JUDGE_POSITIVE), 1);
}

static void a_policy_table_without_its_default_is_refused(void **state)
{
    (void)state;
    make_next(2);
    config_table_unref(t.next->tables[SCHEMA_OUTGOING_POLICY]);
    t.next->tables[SCHEMA_OUTGOING_POLICY] = config_table_new(&schema_tables[SCHEMA_OUTGOING_POLICY]);
    prepare_next();
    assert_string_equal(t.refusal.text, "table outgoing-policy has no row DEFAULT");
}

static void a_crash_is_told_with_its_stage_and_cause(void **state)
{
    (void)state;
    bring_up(ROLE_QUEUE);
    bring_up(ROLE_LOG);
    send_job(7, "X-Mailward-Test: crash\r\n\r\n");
    run_until(2);
    struct wire_reader in = expect_sent(1, MSG_SCAN_CRASH);
    assert_int_equal(wire_get_u64(&in), 7);
    assert_true(span_equal(wire_get_span(&in), SPAN("test hook")));
    assert_true(span_equal(wire_get_span(&in), SPAN("signal 6")));
    assert_true(wire_reader_done(&in));
}

static void a_queue_that_comes_back_hears_of_every_job_and_gets_every_answer(void **state)
{
    (void)state;
    bring_up(ROLE_QUEUE);
    send_job(1, "Subject: a\r\n\r\n");
    send_job(2, "X-Mailward-Test: crash\r\n\r\n");
    send_job(3, "Subject: c\r\n\r\n");
    t.queue_up = false;
    const struct timeval a_while = {.tv_usec = 300 * 1000};
    event_base_loopexit(t.base, &a_while);
    event_base_dispatch(t.base);
    assert_int_equal(t.count, 1);
    bring_up(ROLE_QUEUE);
    run_until(5);
    assert_int_equal(expect_hello(1, 3), 0xe);
    bring_up(ROLE_QUEUE);
    assert_int_equal(expect_hello(5, 0), 0);
}

static void the_log_is_told_what_the_sandbox_is_when_it_is_there(void **state)
{
    (void)state;
    bring_up(ROLE_LOG);
    assert_non_null(strstr(buf_text(&t.log), "scan: 2 workers ready, "));
    assert_non_null(strstr(buf_text(&t.log), "seccomp"));
    buf_clear(&t.log);
    bring_up(ROLE_LOG);
    assert_int_equal(t.log.len, 0);
}

static void a_malformed_job_is_refused(void **state)
{
    (void)state;
    static const enum role_id peers[] = {ROLE_QUEUE, ROLE_SPAMD};
    for (int i = 0; i < 2; i++) {
        struct wire_reader in = wire_reader_of(SPAN("\1\0\0\0\0\0\0\0"));
        role_self.message(peers[i], MSG_SCAN_JOB, &in, -1);
        assert_true(in.failed);
    }
}

static void floods_of_jobs_are_refused(void **state)
{
    (void)state;
    static const enum role_id peers[] = {ROLE_QUEUE, ROLE_SPAMD};
    bring_up(ROLE_SPAMD);
    for (int i = 0; i < 2; i++) {
        uint64_t mid = 1;
        while (mid < 1000 && offer_job(peers[i], mid, "Subject: a\r\n\r\n"))
            mid++;
        assert_in_range(mid, 2, 999);
    }
}

/* Control is not trusted less for what spamd does. */
static void control_has_one_lesson_in_hand_however_much_spamd_has(void **state)
{
    (void)state;
    uint64_t mid = 1;
    bring_up(ROLE_SPAMD);
    role_self.peer_up(ROLE_CONTROL);
    while (mid < 1000 && offer_job(ROLE_SPAMD, mid, "Subject: a\r\n\r\n"))
        mid++;
    assert_true(offer_lesson("Subject: a\r\n\r\n"));
    assert_false(offer_lesson("Subject: b\r\n\r\n"));
}

/* An answer to the old one would be taken for that of another lesson with the same number. */
static void a_control_that_comes_back_hears_of_its_own_lessons_only(void **state)
{
    (void)state;
    role_self.peer_up(ROLE_CONTROL);
    assert_true(offer_lesson("X-Mailward-Test: crash\r\n\r\n")); /* it is at a worker at once */
    role_self.peer_up(ROLE_CONTROL);
    assert_true(offer_lesson("Subject: b\r\n\r\n"));
    bring_up(ROLE_QUEUE);
    send_job(1, marked);
    send_job(2, marked);
    run_until(4);
    unsigned lessons = 0;
    for (size_t i = 0; i < t.count; i++) {
        struct wire_reader in = wire_reader_of(buf_span(&t.sent[i].body));
        if (t.sent[i].type != MSG_LESSON_READ)
            continue;
        assert_int_equal(wire_get_u32(&in), 1);
        assert_true(wire_get_span(&in).n > 0);
        lessons++;
    }
    assert_int_equal(lessons, 1);
}

static int make_files(void **state)
{
    (void)state;
    static const int8_t weights[1 << SCAN_MODEL_LEAST_BITS];
    struct buf file = {0};
    scan_model_put(&file, &(struct scan_model_parameters){
                              .table_bits = SCAN_MODEL_LEAST_BITS, .weights = weights, .slope = 1});
    int fd = mkstemp(model_path);
    bool written = fd >= 0 && write(fd, file.data, file.len) == (ssize_t)file.len;
    close(fd);
    buf_free(&file);
    fd = mkstemp(rules_path);
    close(fd);
    return written && fd >= 0 ? 0 : -1;
}

static int remove_files(void **state)
{
    (void)state;
    return unlink(model_path) + unlink(rules_path);
}

#define ROLE_TEST(test) cmocka_unit_test_setup_teardown(test, role_begin, role_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROLE_TEST(a_queue_hears_hello_and_then_the_result_of_its_job),
        cmocka_unit_test_setup_teardown(a_queue_hears_nothing_before_there_is_a_configuration,
                                        role_begin_unconfigured, role_end),
        ROLE_TEST(a_change_of_a_table_takes_effect_when_it_is_applied),
        ROLE_TEST(mail_that_goes_out_is_judged_by_the_outgoing_policy),
        ROLE_TEST(a_revision_that_changes_nothing_for_scanning_keeps_the_workers),
        ROLE_TEST(what_is_discarded_leaves_no_trace),
        ROLE_TEST(a_configuration_that_workers_fail_with_is_refused_with_the_reason),
        ROLE_TEST(a_policy_table_without_its_default_is_refused),
        ROLE_TEST(a_crash_is_told_with_its_stage_and_cause),
        ROLE_TEST(a_queue_that_comes_back_hears_of_every_job_and_gets_every_answer),
        ROLE_TEST(the_log_is_told_what_the_sandbox_is_when_it_is_there),
        ROLE_TEST(a_malformed_job_is_refused),
        ROLE_TEST(floods_of_jobs_are_refused),
        ROLE_TEST(control_has_one_lesson_in_hand_however_much_spamd_has),
        ROLE_TEST(a_control_that_comes_back_hears_of_its_own_lessons_only),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
