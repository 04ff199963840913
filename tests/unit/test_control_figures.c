/* The methods about numbers: real sessions, roles that the test plays. */
#include "daemon/control/figures.h"
#include "daemon/control/queue_call.h"
#include "engine/wire/figures.h"
#include "tests/unit/control_fixture.h"

/* The id of the latest question; all roles are asked under one. */
static uint32_t asked(uint16_t type)
{
    control_run();
    assert_int_equal(played.sent, type);
    struct wire_reader in = wire_reader_of(buf_span(&played.body));
    return wire_get_u32(&in);
}

static void say_gauge(enum role_id peer, uint32_t id, const char *name, uint64_t value)
{
    struct buf body = {0};
    wire_put_u32(&body, id);
    wire_put_u32(&body, 1);
    wire_put_span(&body, span_text(name));
    wire_put_u64(&body, value);
    struct wire_reader in = wire_reader_of(buf_span(&body));
    figures_status_reply(peer, &in);
    assert_true(wire_reader_done(&in));
    buf_free(&body);
}

/* A counter with its reset, uptime, lifetime and three rates: from first on. */
static void say_counter(uint32_t id, const char *refused, const char *name, uint64_t first)
{
    struct buf body = {0};
    wire_put_u32(&body, id);
    wire_put_span(&body, span_text(refused));
    wire_put_i64(&body, 11);
    wire_put_i64(&body, 12);
    wire_put_u32(&body, 1);
    wire_put_span(&body, span_text(name));
    for (uint64_t i = 0; i < 3 + FIGURE_RATES; i++)
        wire_put_u64(&body, first + i);
    struct wire_reader in = wire_reader_of(buf_span(&body));
    figures_counters_reply(ROLE_LOG, &in);
    assert_true(wire_reader_done(&in));
    buf_free(&body);
}

static json_int_t number(const json_t *end, const char *section, const char *name, const char *part)
{
    const json_t *value = json_object_get(json_object_get(json_object_get(end, "result"), section), name);
    return json_integer_value(part ? json_object_get(value, part) : value);
}

static void status_puts_the_answers_of_all_roles_together(void **state)
{
    (void)state;
    shell_send(sh, "{'method':'status'}");
    uint32_t id = asked(MSG_STATUS_QUERY);
    say_gauge(ROLE_SCAN, id, "messages", 99);        /* which nobody asked */
    say_gauge(ROLE_QUEUE, id + 100, "messages", 98); /* to another question */
    say_gauge(ROLE_QUEUE, id, "messages", 7);
    say_gauge(ROLE_QUEUE, id, "messages", 97); /* twice */
    say_gauge(ROLE_SMTP, id, "connections_in", 3);
    say_gauge(ROLE_SPAMD, id, "spamd_connections", 4);
    say_counter(id, "", "messages_received", 20);
    json_t *end = shell_answer(sh);
    assert_int_equal(json_integer_value(json_object_get(end, "status")), 0);
    assert_int_equal(number(end, "gauges", "messages", NULL), 7);
    assert_int_equal(number(end, "gauges", "connections_in", NULL), 3);
    assert_int_equal(number(end, "counters", "messages_received", "reset"), 20);
    assert_int_equal(number(end, "counters", "messages_received", "lifetime"), 22);
    assert_int_equal(number(end, "rates", "messages_received", "15m"), 25);
    assert_int_equal(number(end, "moments", "counters_reset", NULL), 11);
    assert_int_equal(number(end, "system", "revision", NULL), 1);
    json_decref(end);
}

static void names_that_are_in_no_table_are_not_told(void **state)
{
    (void)state;
    shell_send(sh, "{'method':'status'}");
    uint32_t id = asked(MSG_STATUS_QUERY);
    say_gauge(ROLE_QUEUE, id, "secret", 1);
    say_gauge(ROLE_SMTP, id, "workqueue_in", 1);
    say_gauge(ROLE_SPAMD, id, "connections_in_spamd", 1);
    say_counter(id, "", "surprises", 1);
    json_t *end = shell_answer(sh);
    const json_t *result = json_object_get(end, "result");
    assert_null(json_object_get(result, "others"));
    assert_int_equal(json_object_size(json_object_get(result, "counters")), 0);
    json_decref(end);
}

static void an_answer_that_is_cut_off_is_none(void **state)
{
    (void)state;
    struct buf body = {0};
    shell_send(sh, "{'method':'status'}");
    wire_put_u32(&body, asked(MSG_STATUS_QUERY));
    wire_put_u32(&body, 1);
    wire_put_u32(&body, 100); /* a name of 100 bytes that do not follow */
    wire_put_u64(&body, 0);
    struct wire_reader in = wire_reader_of(buf_span(&body));
    figures_status_reply(ROLE_QUEUE, &in);
    assert_true(in.failed); /* and the role ends */
    buf_free(&body);
}

static void roles_that_are_away_are_named(void **state)
{
    (void)state;
    played.queue_away = true; /* as all others */
    json_t *end = shell_ask(sh, "{'method':'status'}");
    assert_int_equal(json_integer_value(json_object_get(end, "status")), 1);
    assert_string_equal(json_string_value(json_object_get(end, "error")),
                        "no answer from these parts of the daemon: log, queue, smtp, spamd");
    assert_int_equal(number(end, "system", "revision", NULL), 1);
    json_decref(end);
}

static void a_reset_that_was_refused_is_told(void **state)
{
    (void)state;
    shell_send(sh, "{'method':'counters.reset'}");
    uint32_t id = asked(MSG_COUNTERS);
    say_counter(id, "counters: disk full", "messages_received", 1);
    json_t *end = shell_answer(sh);
    assert_string_equal(json_string_value(json_object_get(end, "error")), "counters: disk full");
    json_decref(end);
    assert_string_equal(played.audit, "counters.reset  0");
}

static void rates_are_the_difference_between_two_answers(void **state)
{
    (void)state;
    shell_expect(sh, "{'method':'rate','what':'weather','interval':1}", 2, "invalid-arguments");
    shell_expect(sh, "{'method':'rate','what':'workqueue','interval':0}", 2, "bad-request");
    shell_send(sh, "{'method':'rate','what':'workqueue','interval':1,'count':1}");
    say_gauge(ROLE_QUEUE, asked(MSG_STATUS_QUERY), "workqueue_in", 40);
    played.sent = 0;
    while (played.sent == 0)
        control_run(); /* for a second */
    say_gauge(ROLE_QUEUE, asked(MSG_STATUS_QUERY), "workqueue_in", 42);
    json_t *frame = shell_frame(sh);
    const json_t *row = json_array_get(json_object_get(frame, "rows"), 0);
    assert_int_equal(json_integer_value(json_object_get(row, "in")), 2);
    json_decref(frame);
    json_t *end = shell_answer(sh);
    assert_int_equal(json_integer_value(json_object_get(end, "status")), 0);
    json_decref(end);
}

static void hosts_are_rows_with_text_that_is_safe(void **state)
{
    (void)state;
    struct buf body = {0};
    shell_expect(sh, "{'method':'hosts','order':'size'}", 2, "invalid-arguments");
    shell_send(sh, "{'method':'hosts','order':'hard'}");
    wire_put_u32(&body, asked(MSG_HOSTS));
    wire_put_u32(&body, 1);
    host_row_put(&body, &(struct host_row){.name = SPAN("\xff.example"), .figures = {[HOST_HARD] = 4}});
    struct wire_reader in = wire_reader_of(buf_span(&body));
    queue_call_reply(&in, -1);
    assert_true(wire_reader_done(&in));
    json_t *end = shell_answer(sh);
    const json_t *host = json_array_get(json_object_get(json_object_get(end, "result"), "hosts"), 0);
    assert_string_equal(json_string_value(json_object_get(host, "host")), "\\xff.example");
    assert_int_equal(json_integer_value(json_object_get(host, "hard")), 4);
    json_decref(end);
    buf_free(&body);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(status_puts_the_answers_of_all_roles_together),
        TEST(names_that_are_in_no_table_are_not_told),
        TEST(an_answer_that_is_cut_off_is_none),
        TEST(roles_that_are_away_are_named),
        TEST(a_reset_that_was_refused_is_told),
        TEST(rates_are_the_difference_between_two_answers),
        TEST(hosts_are_rows_with_text_that_is_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
