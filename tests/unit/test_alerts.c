/* Alerts in the control role, with the test as the log, the queue and the head; their mail; the look at certificates. */
#define _GNU_SOURCE /* mkdtemp */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/control/alert_mail.h"
#include "daemon/control/alerts.h"
#include "daemon/control/certificate_expiry.h"
#include "daemon/control/expiry.h"
#include "daemon/control/head.h"
#include "daemon/control/self_signed.h"
#include "daemon/log/alert.h"
#include "daemon/log_lines.h"
#include "daemon/protocol.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"
#include "tests/unit/config_fixture.h"

#define HOUR_US (3600 * INT64_C(1000000))
#define DAY_US (24 * HOUR_US)

/* --- what the skeleton and the head are to a role --- */

static struct event_base *base;
static struct settings settings;
static struct config_candidate config;
static struct manifest manifest;
static volatile int64_t clock_offset;
static struct buf logged;
static bool queue_is_away, control_is_away;
static struct buf sent; /* the body of the latest message */
static unsigned sent_count;
static char folder[] = "/tmp/mailward-alerts-XXXXXX";

struct event_base *role_base(void)
{
    return base;
}

const struct settings *role_settings(void)
{
    return &settings;
}

bool role_send(enum role_id peer, uint16_t type, struct span body, int fd)
{
    assert_int_equal(fd, -1);
    assert_int_equal(type, peer == ROLE_QUEUE ? MSG_NOTICE : MSG_ALERT);
    if (peer == ROLE_QUEUE ? queue_is_away : control_is_away)
        return false;
    buf_clear(&sent);
    buf_append_span(&sent, body);
    sent_count++;
    return true;
}

struct channel *role_peer(enum role_id peer)
{
    (void)peer;
    return NULL;
}

struct config_tree *head_tree(void)
{
    return config.mine;
}

const struct config_place *head_place(void)
{
    return &standalone;
}

const char *head_hostname(void)
{
    return "mx.example.com";
}

const struct manifest *head_manifest(void)
{
    return &manifest;
}

static bool take_line(struct span event)
{
    struct wire_reader in = wire_reader_of(event);
    enum log_line line;
    int64_t time;
    assert_true(log_event_format(&in, &line, &time, &logged));
    buf_append_char(&logged, '\n');
    return true;
}

static void set(enum schema_table_id id, const char *key, unsigned field, const char *value)
{
    edit(&config, &standalone, id, key, field, value);
}

static int set_up(void **state)
{
    (void)state;
    struct error error;
    unlink("alerts.db");
    assert_true(store_alert_open("alerts.db", &error));
    struct config_tree *empty = config_tree_new();
    config_candidate_begin(&config, 1, empty);
    config_tree_unref(empty);
    set(SCHEMA_ALERTS, "ops@example.com", ALERTS_SEVERITY, "warning");
    clock_offset = 0;
    queue_is_away = control_is_away = false;
    sent_count = 0;
    buf_clear(&logged);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    alerts_peer_down(ROLE_QUEUE); /* nothing is under way any more */
    config_candidate_end(&config);
    store_alert_close();
    return 0;
}

/* --- alerts as the log tells them, and answers of the queue --- */

static void raise_died(const char *role, uint64_t pid)
{
    struct buf event = {0};
    const struct log_arg args[] = {LOG_T(role), LOG_U(pid), LOG_T("was killed")};
    log_event_put(&event, LINE_ROLE_DIED, clock_wall_us(), args, 3);
    struct wire_reader in = wire_reader_of(buf_span(&event));
    assert_true(alerts_message(ROLE_LOG, MSG_ALERT, &in));
    assert_true(wire_reader_done(&in));
    buf_free(&event);
}

/* The notice that was sent last, its text with a NUL. */
static struct notice notice_of(struct arena *arena)
{
    struct notice n;
    struct wire_reader in = wire_reader_of(buf_span(&sent));
    assert_true(notice_get(&in, arena, &n));
    n.text.p = arena_text(arena, n.text);
    return n;
}

static void answer_so(uint64_t mid, const char *why, bool for_ever)
{
    struct arena *arena = arena_new();
    struct buf body = {0};
    wire_put_u64(&body, notice_of(arena).id);
    wire_put_u64(&body, mid);
    wire_put_span(&body, span_text(why));
    wire_put_u8(&body, for_ever);
    struct wire_reader in = wire_reader_of(buf_span(&body));
    assert_true(alerts_message(ROLE_QUEUE, MSG_NOTICE_STORED, &in));
    assert_true(wire_reader_done(&in));
    buf_free(&body);
    arena_free(arena);
}

static void answer(uint64_t mid, const char *why)
{
    answer_so(mid, why, false);
}

static unsigned count_in_log(const char *text)
{
    unsigned count = 0;
    for (const char *p = buf_text(&logged); (p = strstr(p, text)); p++)
        count++;
    return count;
}

/* Counts of rows by state, and at the end the repeats of all. */
static void count_row(void *context, const struct stored_alert *a)
{
    int *counts = context;
    counts[a->state]++;
    counts[ALERT_STATE_COUNT] += (int)a->repeats;
}

static void assert_rows(int waiting, int mailed, int unwanted, int over_limit, int repeats)
{
    int counts[ALERT_STATE_COUNT + 1] = {0};
    const int expected[ALERT_STATE_COUNT + 1] = {waiting, mailed, unwanted, over_limit, 0, repeats};
    struct error error;
    assert_true(store_alert_each(ALERTS_KEPT, count_row, counts, &error));
    assert_memory_equal(counts, expected, sizeof counts);
}

static void an_alert_becomes_mail_for_those_who_want_it(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    set(SCHEMA_ALERTS, "all@example.com", ALERTS_CLASSES, "hardware,SYSTEM");
    set(SCHEMA_ALERTS, "disks@example.com", ALERTS_CLASSES, "hardware");
    raise_died("smtp", 7);
    struct notice n = notice_of(arena);
    assert_int_equal(n.recipient_count, 2);
    assert_true(span_equal(n.recipients[0], SPAN("all@example.com")));
    assert_true(span_equal(n.recipients[1], SPAN("ops@example.com")));
    assert_non_null(strstr(n.text.p, "From: mailward alerts <alert@mx.example.com>\r\n"
                                     "To: all@example.com,\r\n ops@example.com\r\n"
                                     "Subject: Critical-mx.example.com: (System) role smtp (7) was killed; "
                                     "restarting it\r\nMessage-ID: <alert.1."));
    assert_rows(1, 0, 0, 0, 0);
    answer(42, "");
    assert_rows(0, 1, 0, 0, 0);
    assert_int_equal(count_in_log("A System/Critical alert was sent to "), 2);
    assert_int_equal(
        count_in_log("alert was sent to ops@example.com with subject \"Critical-mx.example.com: (System) "
                     "role smtp (7) was killed; restarting it\"\n"),
        1);
    arena_free(arena);
}

static void nobody_is_sent_what_is_less_severe_than_wanted(void **state)
{
    (void)state;
    struct buf event = {0};
    const struct log_arg args[] = {LOG_T("0.1")};
    log_event_put(&event, LINE_STARTED, clock_wall_us(), args, 1);
    struct wire_reader in = wire_reader_of(buf_span(&event));
    assert_true(alerts_message(ROLE_LOG, MSG_ALERT, &in));
    buf_free(&event);
    assert_rows(0, 0, 1, 0, 0);
    assert_int_equal(sent_count, 0);
}

static void what_comes_again_is_counted_and_told_with_the_next_one(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    raise_died("smtp", 1);
    answer(1, "");
    raise_died("smtp", 2);
    raise_died("smtp", 3);
    assert_int_equal(sent_count, 1);
    assert_rows(0, 1, 0, 0, 2);
    raise_died("queue", 4); /* another one */
    answer(2, "");
    assert_int_equal(sent_count, 2);
    clock_offset += 301 * 1000000;
    raise_died("smtp", 5);
    assert_int_equal(sent_count, 3);
    assert_non_null(strstr(notice_of(arena).text.p, "this alert came 2 more times and was not sent again"));
    answer(3, "");
    clock_offset += 301 * 1000000; /* not over: it has doubled */
    raise_died("smtp", 6);
    assert_int_equal(sent_count, 3);
    arena_free(arena);
}

static void somebody_who_comes_later_need_not_wait_for_the_next_time(void **state)
{
    (void)state;
    edit_remove(&config, &standalone, SCHEMA_ALERTS, "ops@example.com");
    raise_died("smtp", 1);
    raise_died("smtp", 2);
    assert_rows(0, 0, 1, 0, 1);
    set(SCHEMA_ALERTS, "ops@example.com", ALERTS_SEVERITY, "warning");
    raise_died("smtp", 3);
    assert_int_equal(sent_count, 1);
}

static void more_than_so_many_in_an_hour_are_kept_but_not_sent(void **state)
{
    (void)state;
    char role[] = "a";
    set(SCHEMA_ALERT_SETTINGS, "", ALERT_SETTINGS_HOURLY, "3");
    for (; role[0] <= 'e'; role[0]++) {
        raise_died(role, 1);
        answer(1, "");
    }
    assert_rows(0, 3, 0, 2, 0);
    assert_int_equal(sent_count, 3);
    clock_offset += HOUR_US + 1;
    raise_died("z", 1);
    assert_int_equal(sent_count, 4);
}

static void what_the_queue_does_not_take_waits_and_outlives_control(void **state)
{
    (void)state;
    struct error error;
    queue_is_away = true;
    raise_died("queue", 1);
    assert_int_equal(sent_count, 0);
    queue_is_away = false;
    alerts_peer_up(ROLE_QUEUE);
    assert_int_equal(sent_count, 1);
    answer(0, "no space");
    assert_string_equal(alerts_obstacle(), "no space");
    assert_int_equal(count_in_log("alerts: the queue does not take one (no space); trying again\n"), 1);
    assert_rows(1, 0, 0, 0, 0);
    store_alert_close();
    assert_true(store_alert_open("alerts.db", &error));
    alerts_peer_up(ROLE_QUEUE);
    assert_int_equal(sent_count, 2);
    alerts_peer_down(ROLE_QUEUE); /* before its answer */
    alerts_peer_up(ROLE_QUEUE);
    assert_int_equal(sent_count, 3);
    answer(9, "");
    assert_string_equal(alerts_obstacle(), "");
    assert_rows(0, 1, 0, 0, 0);
    alerts_peer_up(ROLE_QUEUE);
    assert_int_equal(sent_count, 3);
}

static void take_state(void *context, const struct stored_alert *a)
{
    enum alert_state **next = context;
    *(*next)++ = a->state;
}

static void what_the_queue_refuses_for_ever_is_given_up_and_the_next_one_sent(void **state)
{
    (void)state;
    struct error error;
    enum alert_state states[2], *next = states;
    raise_died("queue", 1);
    raise_died("scan", 1);
    assert_int_equal(sent_count, 1);
    answer_so(0, "its text is no mail", true);
    assert_int_equal(count_in_log("alerts: the queue refuses one (its text is no mail); it is not sent\n"),
                     1);
    assert_int_equal(sent_count, 2);
    answer(9, "");
    assert_true(store_alert_each(2, take_state, &next, &error));
    assert_int_equal(states[0], ALERT_REFUSED);
    assert_int_equal(states[1], ALERT_SENT);
    alerts_peer_up(ROLE_QUEUE);
    assert_int_equal(sent_count, 2);
}

static void what_is_no_alert_is_an_error_of_the_log_role(void **state)
{
    (void)state;
    struct buf event = {0};
    log_event_put(&event, LINE_ACCEPTED, 1, (const struct log_arg[]){LOG_U(1)}, 1);
    const struct span bad[] = {SPAN(""), SPAN("\xff\xff garbage"), buf_span(&event)};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct wire_reader in = wire_reader_of(bad[i]);
        assert_true(alerts_message(ROLE_LOG, MSG_ALERT, &in));
        assert_true(in.failed);
    }
    buf_free(&event);
    assert_rows(0, 0, 0, 0, 0);
    assert_int_equal(sent_count, 0);
}

/* --- the store --- */

static void the_newest_thousand_are_kept(void **state)
{
    (void)state;
    struct error error;
    struct stored_alert a = {.kind = SPAN("k"), .text = SPAN("t"), .state = ALERT_UNWANTED};
    for (a.time = 1; a.time <= ALERTS_KEPT + 5; a.time++)
        assert_true(store_alert_add(&a, &error));
    assert_rows(0, 0, ALERTS_KEPT, 0, 0);
}

static void add_alerts(enum alert_state state, int count)
{
    struct error error;
    struct stored_alert a = {.kind = SPAN("k"), .text = SPAN("t"), .state = state};
    for (a.time = 1; a.time <= count; a.time++)
        assert_true(store_alert_add(&a, &error));
}

static void take_id(void *context, const struct stored_alert *a)
{
    *(int64_t *)context = a->id;
}

static void those_that_wait_are_not_forgotten_for_newer_ones(void **state)
{
    (void)state;
    struct error error;
    int64_t first = 0, oldest = 0;
    add_alerts(ALERT_WAITS, 1);
    assert_true(store_alert_waiting(take_id, &first, &error));
    add_alerts(ALERT_UNWANTED, ALERTS_KEPT + 5);
    assert_true(store_alert_waiting(take_id, &oldest, &error));
    assert_int_equal(oldest, first);
    add_alerts(ALERT_WAITS, ALERTS_KEPT + 5); /* but no more than so many */
    assert_true(store_alert_waiting(take_id, &oldest, &error));
    assert_true(oldest > first);
    assert_rows(ALERTS_KEPT, 0, 0, 0, 0);
}

/* --- text and pace --- */

static void the_mail_is_safe_and_its_lines_are_short(void **state)
{
    (void)state;
    struct buf text = {0}, mail = {0};
    for (int i = 0; i < 300; i++)
        buf_append_span(&text, i % 20 ? SPAN("\xc3\xa9") : SPAN("word "));
    const struct stored_alert a = {.id = 3, .text = buf_span(&text), .recipients = SPAN("a@example.com")};
    alert_mail_put(&mail, &(struct alert_mail){.alert = &a,
                                               .hostname = SPAN("mx.example.com"),
                                               .from = SPAN("\"A, B\" <a@$hostname>")});
    const char *line = buf_text(&mail), *body = strstr(line, "\r\n\r\n");
    assert_non_null(strstr(line, "\r\nFrom: \"A, B\" <a@mx.example.com>\r\n"));
    for (const char *end; (end = strstr(line, "\r\n")); line = end + 2) {
        assert_true(end - line < 300);
        assert_true(line < body || end - line <= 80);
        for (const char *p = line; p < end && line < body; p++)
            assert_true(*p >= ' ' && *p <= '~');
    }
    assert_string_equal(line, "");
    buf_free(&text);
    buf_free(&mail);
}

static void the_wait_doubles_up_to_its_most_and_begins_anew_after_a_calm(void **state)
{
    (void)state;
    const struct alert_pace pace = {.repeat = 300, .repeat_most = 3600}, always = {0, 0};
    const int64_t second = 1000000, start = 1000 * DAY_US;
    struct stored_alert latest = {.time = start, .last = start, .wait = 300};
    assert_int_equal(alert_wait(NULL, start, &pace), 300);
    assert_int_equal(alert_wait(&latest, start + 299 * second, &pace), -1);
    assert_int_equal(alert_wait(&latest, start + 300 * second, &pace), 600);
    assert_int_equal(alert_wait(&latest, start - second, &pace), 300); /* the clock was set back */
    latest.wait = 2400;
    assert_int_equal(alert_wait(&latest, start + 2400 * second, &pace), 3600);
    assert_int_equal(alert_wait(&latest, start + 3600 * second, &pace), 300);
    latest.last = start + 2000 * second;
    assert_int_equal(alert_wait(&latest, start + 3600 * second, &pace), 3600);
    latest.wait = 0;
    assert_int_equal(alert_wait(&latest, start, &always), 0);
}

/* --- certificates --- */

static void a_certificate_is_told_of_once_at_each_step(void **state)
{
    (void)state;
    struct buf certificate = {0}, key = {0};
    struct error error;
    assert_true(self_signed_make("mx.example.com", &certificate, &key, &error));
    set(SCHEMA_CERTIFICATES, "DEFAULT", CERTIFICATES_CERTIFICATE, buf_text(&certificate));
    clock_offset = (3652 - 31) * DAY_US; /* of its ten years */
    unsigned told[60];
    for (int day = 0; day < 40; day++, clock_offset += DAY_US) {
        certificate_expiry_tick();
        manifest.revision++; /* a commit: it looks again, and tells nothing twice */
        certificate_expiry_tick();
        told[day] = count_in_log("certificate DEFAULT ");
    }
    assert_int_equal(told[0], 0);
    assert_int_equal(told[39], 4);
    assert_int_equal(count_in_log("expires in 30 days, at "), 1);
    assert_int_equal(count_in_log("expires in 15 days, at "), 1);
    assert_int_equal(count_in_log("expires in 5 days, at "), 1);
    assert_int_equal(count_in_log("certificate DEFAULT has expired at "), 1);
    assert_int_equal(count_in_log("; used by listeners public\n"), 4);
    buf_free(&certificate);
    buf_free(&key);
}

static void steps_are_reached_at_their_last_microsecond(void **state)
{
    (void)state;
    assert_int_equal(expiry_step(30 * DAY_US + 1), -1);
    assert_int_equal(expiry_step(30 * DAY_US), 30);
    assert_int_equal(expiry_step(15 * DAY_US + 1), 30);
    assert_int_equal(expiry_step(5 * DAY_US), 5);
    assert_int_equal(expiry_step(1), 5);
    assert_int_equal(expiry_step(0), 0);
    assert_int_equal(expiry_step(-DAY_US), 0);
}

/* --- in the log role --- */

static void an_alert_of_the_time_without_control_comes_when_it_is_back(void **state)
{
    (void)state;
    control_is_away = true;
    alert_pass_on(LINE_ROLE_DIED, SPAN("control died"));
    alert_pass_on(LINE_ACCEPTED, SPAN("no alert"));
    control_is_away = false;
    alert_control_up();
    assert_int_equal(sent_count, 1);
    assert_true(span_equal(buf_span(&sent), SPAN("control died")));
    alert_control_up();
    assert_int_equal(sent_count, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_alert_becomes_mail_for_those_who_want_it),
        TEST(nobody_is_sent_what_is_less_severe_than_wanted),
        TEST(what_comes_again_is_counted_and_told_with_the_next_one),
        TEST(somebody_who_comes_later_need_not_wait_for_the_next_time),
        TEST(more_than_so_many_in_an_hour_are_kept_but_not_sent),
        TEST(what_the_queue_does_not_take_waits_and_outlives_control),
        TEST(what_the_queue_refuses_for_ever_is_given_up_and_the_next_one_sent),
        TEST(what_is_no_alert_is_an_error_of_the_log_role),
        TEST(the_newest_thousand_are_kept),
        TEST(those_that_wait_are_not_forgotten_for_newer_ones),
        TEST(the_mail_is_safe_and_its_lines_are_short),
        TEST(the_wait_doubles_up_to_its_most_and_begins_anew_after_a_calm),
        TEST(a_certificate_is_told_of_once_at_each_step),
        TEST(steps_are_reached_at_their_last_microsecond),
        TEST(an_alert_of_the_time_without_control_comes_when_it_is_back),
    };
    if (!mkdtemp(folder) || chdir(folder) != 0)
        return 1;
    settings_init(&settings);
    free(settings.hostname);
    settings.hostname = xstrdup("mx.example.com");
    clock_use_offsets(&clock_offset, NULL);
    log_set_output(take_line);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    settings_free(&settings);
    buf_free(&logged);
    buf_free(&sent);
    unlink("alerts.db");
    rmdir(folder);
    return failed;
}
