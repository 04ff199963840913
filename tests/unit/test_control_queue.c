/* The methods about mail in the queue: real sessions, a queue that the test plays. */
#include <stdio.h>

#include "daemon/control/queue_call.h"
#include "tests/unit/control_fixture.h"

/* The query of the latest question to the queue; the reader is behind it. */
static struct queue_query asked(uint16_t type, struct wire_reader *in)
{
    struct queue_query query = {0};
    control_run();
    assert_int_equal(played.sent, type);
    *in = wire_reader_of(buf_span(&played.body));
    queue_query_get(in, &query);
    assert_false(in->failed);
    return query;
}

static void reply(struct buf *body)
{
    struct wire_reader in = wire_reader_of(buf_span(body));
    queue_call_reply(&in, -1);
    assert_true(wire_reader_done(&in)); /* otherwise the role ends */
    buf_free(body);
}

static void reply_rows(uint32_t id, uint64_t mid, uint64_t next, struct span subject)
{
    struct queue_row_recipient recipient = {0, SPAN("b@example.net"), 1, 0};
    struct queue_row row = {.mid = mid,
                            .sender = SPAN("a@example.org"),
                            .subject = subject,
                            .score = -1,
                            .recipients = &recipient,
                            .recipient_count = 1};
    struct buf body = {0};
    queue_rows_put(&body, &(struct queue_rows){.id = id, .good = true, .next = next, .count = 1});
    queue_row_put(&body, &row);
    reply(&body);
}

static void reply_changed(const struct queue_changed *changed)
{
    struct buf body = {0};
    queue_changed_put(&body, changed);
    reply(&body);
}

static json_int_t number(const json_t *end, const char *name)
{
    return json_integer_value(json_object_get(json_object_get(end, "result"), name));
}

static void a_list_comes_page_by_page(void **state)
{
    (void)state;
    struct wire_reader in;
    shell_send(sh, "{'method':'quarantine.list','match':'in-any','text':'x'}");
    struct queue_query first = asked(MSG_QUEUE_LIST, &in);
    assert_true(first.place == QUEUE_PLACE_QUARANTINE && first.match == QUEUE_MATCH_IN_ANY &&
                first.from == 0);
    assert_true(span_equal(first.text, SPAN("x")));
    reply_rows(first.id, 9, 9, SPAN("\xff\x1b"));
    struct queue_query second = asked(MSG_QUEUE_LIST, &in);
    assert_true(second.from == 9 && second.id != first.id);
    reply_rows(first.id, 8, 0, SPAN("late")); /* nobody waits for this one any more */
    reply_rows(second.id, 7, 0, SPAN("end"));
    json_t *end = shell_answer(sh);
    assert_int_equal(number(end, "count"), 2);
    assert_int_equal(json_array_size(sh->parts), 2);
    const json_t *row = json_array_get(json_object_get(json_array_get(sh->parts, 0), "rows"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "subject")), "\\xff\\x1b");
    assert_true(json_is_null(json_object_get(row, "score")));
    json_decref(end);
}

static void a_cancelled_list_asks_no_further(void **state)
{
    (void)state;
    struct wire_reader in;
    shell_send(sh, "{'method':'queue.list'}");
    struct queue_query query = asked(MSG_QUEUE_LIST, &in);
    shell_send(sh, "{'method':'cancel'}");
    json_t *end = shell_answer(sh);
    assert_int_equal(json_integer_value(json_object_get(end, "status")), 130);
    json_decref(end);
    played.sent = 0;
    reply_rows(query.id, 9, 9, SPAN(""));
    control_run();
    assert_int_equal(played.sent, 0);
}

static void a_change_goes_on_to_the_newest_mail_of_its_beginning(void **state)
{
    (void)state;
    struct wire_reader in;
    shell_send(sh, "{'method':'queue.change','operation':'bounce','match':'host','text':'example.net'}");
    struct queue_query query = asked(MSG_QUEUE_CHANGE, &in);
    assert_int_equal(wire_get_u8(&in), QUEUE_CHANGE_BOUNCE);
    assert_int_equal(query.last, 0);
    reply_changed(&(struct queue_changed){
        .id = query.id, .next = 200, .last = 300, .messages = 3, .recipients = 4, .busy = 1});
    query = asked(MSG_QUEUE_CHANGE, &in);
    assert_true(query.from == 200 && query.last == 300 && query.match == QUEUE_MATCH_HOST);
    reply_changed(&(struct queue_changed){.id = query.id, .last = 300, .messages = 1, .recipients = 1});
    json_t *end = shell_answer(sh);
    assert_int_equal(number(end, "messages"), 4);
    assert_int_equal(number(end, "recipients"), 5);
    assert_int_equal(number(end, "busy_count"), 1);
    json_decref(end);
    assert_string_equal(played.audit, "queue.change bounce 0");
}

static void named_messages_are_changed_one_by_one_and_the_missing_are_named(void **state)
{
    (void)state;
    struct wire_reader in;
    shell_send(sh, "{'method':'quarantine.change','operation':'release','messages':[5,6]}");
    for (uint64_t mid = 5; mid <= 6; mid++) {
        struct queue_query query = asked(MSG_QUEUE_CHANGE, &in);
        assert_true(query.from == mid - 1 && query.last == mid);
        reply_changed(&(struct queue_changed){.id = query.id, .last = mid, .messages = mid == 5});
    }
    json_t *end = shell_answer(sh);
    json_t *missing = json_object_get(json_object_get(end, "result"), "missing");
    assert_int_equal(json_array_size(missing), 1);
    assert_int_equal(json_integer_value(json_array_get(missing, 0)), 6);
    json_decref(end);
}

static void a_change_that_fails_says_what_was_done_before(void **state)
{
    (void)state;
    struct wire_reader in;
    shell_send(sh, "{'method':'queue.change','operation':'delete'}");
    struct queue_query query = asked(MSG_QUEUE_CHANGE, &in);
    reply_changed(&(struct queue_changed){.id = query.id, .next = 7, .last = 9, .messages = 200});
    query = asked(MSG_QUEUE_CHANGE, &in);
    reply_changed(&(struct queue_changed){.id = query.id, .error = SPAN("disk full")});
    json_t *end = shell_answer(sh);
    assert_string_equal(json_string_value(json_object_get(end, "error")),
                        "disk full; 200 messages were changed before");
    json_decref(end);
    played.queue_away = true;
    shell_expect(sh, "{'method':'queue.change','operation':'delete'}", 9, "outcome-unknown");
    shell_expect(sh, "{'method':'queue.list'}", 1, "failed");
}

static void what_makes_no_sense_is_refused_before_the_queue_is_asked(void **state)
{
    (void)state;
    static const char *const requests[] = {
        "{'method':'queue.change','operation':'release'}",
        "{'method':'quarantine.change','operation':'bounce'}",
        "{'method':'queue.change','operation':'delete','messages':[0]}",
        "{'method':'queue.list','match':'host'}",
        "{'method':'queue.list','text':'x'}",
        "{'method':'queue.list','match':'nothing','text':'x'}",
        "{'method':'suspend','operation':'suspend','part':'all'}",
        "{'method':'suspend','operation':'stop'}",
    };
    played.sent = 0;
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        shell_expect(sh, requests[i], 2, "invalid-arguments");
    assert_int_equal(played.sent, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_list_comes_page_by_page),
        TEST(a_cancelled_list_asks_no_further),
        TEST(a_change_goes_on_to_the_newest_mail_of_its_beginning),
        TEST(named_messages_are_changed_one_by_one_and_the_missing_are_named),
        TEST(a_change_that_fails_says_what_was_done_before),
        TEST(what_makes_no_sense_is_refused_before_the_queue_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
