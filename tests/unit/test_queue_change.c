/* The queue role behind its hooks: lists of mail, and what administrators do to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/protocol_queue.h"
#include "tests/unit/queue_peers.h"

enum { ID = 7 };

static struct queue_query query_of(enum queue_place place, enum queue_match match, const char *text)
{
    return (struct queue_query){.id = ID, .place = place, .match = match, .text = span_text(text)};
}

/* How many messages the first page shows; *row is the first of them. */
static uint32_t list(struct queue_query query, struct queue_row *row)
{
    struct buf body = {0};
    struct wire_reader in;
    struct queue_rows head = {0};
    struct queue_row ignored;
    int fd;
    queue_query_put(&body, &query);
    peers_tell(ROLE_CONTROL, MSG_QUEUE_LIST, &body);
    CHECK(peers_take(ROLE_CONTROL, MSG_QUEUE_ROWS, &in, &fd) && wire_get_u32(&in) == ID);
    queue_rows_get(&in, &head);
    struct arena *arena = arena_new(); /* to the end of the life */
    for (uint32_t i = 0; i < head.count; i++)
        CHECK(queue_row_get(&in, arena, i ? &ignored : row));
    CHECK(head.good && wire_reader_done(&in));
    return head.count;
}

static struct queue_changed change(enum queue_change what, struct queue_query query)
{
    struct buf body = {0};
    struct wire_reader in;
    struct queue_changed changed = {0};
    int fd;
    queue_query_put(&body, &query);
    wire_put_u8(&body, (uint8_t)what);
    wire_put_span(&body, SPAN("admin"));
    peers_tell(ROLE_CONTROL, MSG_QUEUE_CHANGE, &body);
    CHECK(!peers_take(ROLE_CONTROL, MSG_QUEUE_CHANGED, &in, &fd)); /* not before it is on disk */
    peers_turn();
    CHECK(peers_take(ROLE_CONTROL, MSG_QUEUE_CHANGED, &in, &fd) && wire_get_u32(&in) == ID);
    CHECK(queue_changed_get(&in, &changed) && changed.next == 0);
    return changed;
}

static struct queue_changed change_all(enum queue_change what, enum queue_place place)
{
    return change(what, query_of(place, QUEUE_MATCH_ALL, ""));
}

static void accept_and_judge(const char *recipients, uint32_t count, enum judge_action action)
{
    peers_hello();
    peers_send_mail(1, "from@example.org", recipients, MAIL);
    CHECK(peers_accepted(1) && peers_scan_job() == 1);
    peers_judge(1, count, JUDGE_POSITIVE, action);
}

/* --- release --- */

static void quarantine_two(void)
{
    accept_and_judge("a@example.net b@example.net", 2, JUDGE_QUARANTINE);
    CHECK(peers_gauge("quarantine_bytes") > 0);
}

static void release_them(void)
{
    struct deliver_job job;
    struct span text;
    struct queue_row row = {0};
    peers_hello();
    CHECK(list(query_of(QUEUE_PLACE_QUARANTINE, QUEUE_MATCH_IN_SUBJECT, "HELL"), &row) == 1);
    CHECK(row.mid == 1 && row.recipient_count == 2 && span_equal(row.subject, SPAN("hello")));
    CHECK(list(query_of(QUEUE_PLACE_QUARANTINE, QUEUE_MATCH_IN_ANY, "nothing"), &row) == 0);
    CHECK(list(query_of(QUEUE_PLACE_QUEUE, QUEUE_MATCH_ALL, ""), &row) == 0);
    CHECK(change_all(QUEUE_CHANGE_RELEASE, QUEUE_PLACE_QUARANTINE).messages == 1);
    CHECK(peers_scan_job() == 0);
    CHECK(peers_deliver_job(&job, &text) && job.mid != 1 && job.recipient_count == 2);
    CHECK(span_equal(text, JUDGED));
    CHECK(peers_gauge("recipients_quarantined") == 0 && peers_gauge("quarantine_bytes") == 0);
    CHECK(peers_logged("MID 1 released from Spam Quarantine by admin") == 1);
    CHECK(change_all(QUEUE_CHANGE_RELEASE, QUEUE_PLACE_QUARANTINE).messages == 0);
}

static void deliver_once(void)
{
    struct deliver_job job;
    struct span text;
    peers_hello();
    CHECK(peers_gauge("messages") == 1 && peers_deliver_job(&job, &text));
    peers_deliver(&job, DELIVER_DONE, "ok");
    CHECK(peers_finals(FINAL_DELIVERED) == 2 && peers_gauge("messages") == 0);
}

static void released_mail_is_delivered_unscanned_also_after_a_kill(void **state)
{
    (void)state;
    assert_true(peers_life(quarantine_two));
    assert_true(peers_life(release_them));
    assert_true(peers_life(deliver_once));
}

/* --- a message in somebody's hand --- */

static void leave_what_is_in_hand(void)
{
    struct deliver_job job;
    struct span text;
    peers_accept_one();
    CHECK(peers_scan_job() == 1);
    struct queue_changed changed = change_all(QUEUE_CHANGE_DELETE, QUEUE_PLACE_QUEUE);
    CHECK(changed.busy == 1 && changed.messages == 0);
    peers_judge(1, 1, JUDGE_NEGATIVE, JUDGE_DELIVER);
    CHECK(peers_deliver_job(&job, &text));
    CHECK(change_all(QUEUE_CHANGE_BOUNCE, QUEUE_PLACE_QUEUE).busy == 1);
    peers_deliver(&job, DELIVER_DEFERRED, "busy");
    changed = change_all(QUEUE_CHANGE_DELETE, QUEUE_PLACE_QUEUE);
    CHECK(changed.busy == 0 && changed.messages == 1 && changed.recipients == 1);
    CHECK(peers_finals(FINAL_DROPPED) == 1 && peers_gauge("messages") == 0);
}

static void what_scan_or_smtp_has_is_left_alone_and_counted(void **state)
{
    (void)state;
    assert_true(peers_life(leave_what_is_in_hand));
}

/* --- parts of a message --- */

static void bounce_one_host(void)
{
    struct deliver_job job;
    struct span text;
    accept_and_judge("a@one.example b@two.example c@ONE.example", 3, JUDGE_DELIVER);
    CHECK(peers_deliver_job(&job, &text));
    peers_deliver(&job, DELIVER_DEFERRED, "busy");
    struct queue_changed changed =
        change(QUEUE_CHANGE_BOUNCE, query_of(QUEUE_PLACE_QUEUE, QUEUE_MATCH_HOST, "one.EXAMPLE"));
    CHECK(changed.messages == 1 && changed.recipients == 2);
    CHECK(peers_finals(FINAL_BOUNCED) == 2 && peers_gauge("recipients_delayed") == 1);
    CHECK(peers_deliver_job(&job, &text) && job.sender.n == 0 && job.recipient_count == 1);
    CHECK(span_find_span(text, SPAN("a@one.example")) < text.n &&
          span_find_span(text, SPAN("c@ONE.example")) < text.n &&
          span_find_span(text, SPAN("b@two.example")) == text.n);
}

static void find_the_other_host(void)
{
    struct queue_row row = {0};
    struct deliver_job job;
    struct span text;
    peers_hello();
    CHECK(list(query_of(QUEUE_PLACE_QUEUE, QUEUE_MATCH_SENDER, "FROM@example.org"), &row) == 1);
    CHECK(row.mid == 1 && row.recipient_count == 1 && row.recipients[0].rid == 1);
    CHECK(row.recipients[0].tries == 1 && row.state == QUEUE_ROW_DELIVER);
    CHECK(peers_deliver_job(&job, &text) && job.sender.n == 0);
    CHECK(change_all(QUEUE_CHANGE_DELIVER, QUEUE_PLACE_QUEUE).recipients == 1);
    CHECK(peers_deliver_job(&job, &text) && job.mid == 1 && job.recipients[0].rid == 1);
}

static void recipients_of_one_host_bounce_and_the_others_stay(void **state)
{
    (void)state;
    assert_true(peers_life(bounce_one_host));
    assert_true(peers_life(find_the_other_host));
}

/* --- failures --- */

static void refuse_on_a_bad_disk(void)
{
    struct deliver_job job;
    struct span text;
    struct buf body = {0};
    struct wire_reader in;
    struct queue_changed changed = {0};
    int fd;
    accept_and_judge("a@one.example", 1, JUDGE_DELIVER);
    CHECK(peers_deliver_job(&job, &text));
    peers_deliver(&job, DELIVER_DEFERRED, "busy");
    peers_sync_fails = true; /* the bounce needs the spool */
    struct queue_query query = query_of(QUEUE_PLACE_QUEUE, QUEUE_MATCH_ALL, "");
    queue_query_put(&body, &query);
    wire_put_u8(&body, QUEUE_CHANGE_BOUNCE);
    wire_put_span(&body, SPAN("admin"));
    peers_tell(ROLE_CONTROL, MSG_QUEUE_CHANGE, &body);
    AWAIT(peers_take(ROLE_CONTROL, MSG_QUEUE_CHANGED, &in, &fd));
    CHECK(wire_get_u32(&in) == ID && queue_changed_get(&in, &changed) && changed.error.n > 0);
    peers_sync_fails = false;
    CHECK(peers_gauge("recipients_delayed") == 1 && peers_finals(FINAL_BOUNCED) == 0);
}

static void a_change_that_cannot_be_stored_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    assert_true(peers_life(refuse_on_a_bad_disk));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, peers_set_up, peers_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(released_mail_is_delivered_unscanned_also_after_a_kill),
        TEST(what_scan_or_smtp_has_is_left_alone_and_counted),
        TEST(recipients_of_one_host_bounce_and_the_others_stay),
        TEST(a_change_that_cannot_be_stored_is_refused_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
