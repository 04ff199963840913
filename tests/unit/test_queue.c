/* The queue role behind its hooks: what smtp, scan and log see of it, across deaths at any moment. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "daemon/queue/queue.h"
#include "engine/base/arena.h"
#include "tests/unit/queue_peers.h"

static void deliver_one(void)
{
    peers_accept_one();
    CHECK(peers_gauge("recipients_waiting_scan") == 1);
    struct deliver_job job = peers_judge_and_take_job();
    CHECK(peers_gauge("recipients_active") == 1);
    peers_deliver(&job, DELIVER_DONE, "2.0.0 ok");
    CHECK(peers_delivery_acknowledged(1, job.attempt));
    CHECK(peers_finals(FINAL_DELIVERED) == 1);
    CHECK(peers_gauge("messages") == 0 && peers_gauge("recipients_active") == 0);
    CHECK(peers_gauge("spool_bytes") == 0 && peers_gauge("outbox") == 1);
    CHECK(peers_logged("MID 1 RID [0] Response '2.0.0 ok'") == 1);
    CHECK(peers_logged("Message finished MID 1 done") == 1);
}

static void a_message_goes_through(void **state)
{
    (void)state;
    assert_true(peers_life(deliver_one));
}

static void accept_and_die(void)
{
    peers_accept_one();
}

static void deliver_reloaded(void)
{
    peers_hello();
    CHECK(peers_gauge("messages") == 1);
    struct deliver_job job = peers_judge_and_take_job();
    CHECK(span_equal(job.sender, SPAN("from@example.org")));
    CHECK(span_equal(job.recipients[0].address, SPAN("to@example.net")));
}

static void find_nothing_dispatched_before_hello(void)
{
    struct deliver_job job;
    struct span text;
    peers_turn();
    CHECK(peers_gauge("recipients_active") == 1);
    peers_up(ROLE_SMTP);
    peers_turn();
    CHECK(!peers_deliver_job(&job, &text));
    peers_smtp_hello(0, 0);
    CHECK(peers_deliver_job(&job, &text) && span_equal(text, JUDGED));
}

static void what_was_accepted_survives_a_death_at_every_stage(void **state)
{
    (void)state;
    assert_true(peers_life(accept_and_die));
    assert_true(peers_life(deliver_reloaded));
    assert_true(peers_life(find_nothing_dispatched_before_hello));
}

static void count_syncs(void)
{
    peers_hello();
    peers_send_mail(1, "from@example.org", "to@example.net", MAIL);
    CHECK(peers_accepted(1));
    peers_syncs = 0;
    peers_send_mail(2, "from@example.org", "to@example.net", MAIL);
    CHECK(peers_accepted(2));
    CHECK(peers_syncs <= 2);
}

static void one_message_alone_waits_for_at_most_two_syncs(void **state)
{
    (void)state;
    assert_true(peers_life(count_syncs));
}

static void quarantine_one(void)
{
    peers_accept_one();
    CHECK(peers_scan_job() == 1);
    peers_judge(1, 1, JUDGE_POSITIVE, JUDGE_QUARANTINE);
    CHECK(peers_finals(FINAL_QUARANTINED) == 1);
    CHECK(peers_gauge("recipients_quarantined") == 1 && peers_gauge("messages") == 1);
    CHECK(peers_logged("ISQ: Quarantined MID 1") == 1);
}

static void find_one_quarantined(void)
{
    peers_hello();
    CHECK(peers_gauge("recipients_quarantined") == 1);
    CHECK(peers_scan_job() == 0);
}

static void quarantined_mail_stays_in_the_store(void **state)
{
    (void)state;
    assert_true(peers_life(quarantine_one));
    assert_true(peers_life(find_one_quarantined));
}

/* Two children for two recipients, with those RIDs. */
static void judge_two(uint64_t mid, uint32_t first, uint32_t second)
{
    struct judge_child children[2] = {
        {.rids = &first, .rid_count = 1, .policy = SPAN("A"), .action = JUDGE_DELIVER, .score = 1},
        {.rids = &second, .rid_count = 1, .policy = SPAN("B"), .action = JUDGE_DELIVER, .score = 1}};
    struct buf result = {0}, body = {0};
    judge_result_put(&result, &(struct judge_result){children, 2});
    wire_put_u64(&body, mid);
    wire_put_u64(&body, peers_judged_by);
    wire_put_span(&body, SPAN(PEERS_VERSIONS));
    wire_put_span(&body, buf_span(&result));
    buf_free(&result);
    peers_tell(ROLE_SCAN, MSG_SCAN_RESULT, &body);
}

static void split_one(void)
{
    peers_hello();
    peers_send_mail(1, "from@example.org", "a@example.net b@example.net", MAIL);
    CHECK(peers_accepted(1) && peers_scan_job() == 1);
    judge_two(1, 0, 1);
    peers_turn();
    CHECK(peers_logged("MID 1 was split creating MID") == 1);
    CHECK(peers_gauge("messages") == 2 && peers_gauge("recipients_active") == 2);
    CHECK(peers_gauge("workqueue_in") == 1 && peers_gauge("workqueue_out") == 1);
}

static void deliver_both_children(void)
{
    struct deliver_job a, b;
    struct span text;
    peers_hello();
    CHECK(peers_deliver_job(&a, &text) && span_equal(text, MAIL));
    CHECK(peers_deliver_job(&b, &text) && span_equal(text, MAIL));
    CHECK(a.mid == 1 && b.mid != 1 && a.recipient_count == 1 && b.recipient_count == 1);
    CHECK(span_equal(a.recipients[0].address, SPAN("a@example.net")));
    CHECK(span_equal(b.recipients[0].address, SPAN("b@example.net")));
    peers_deliver(&a, DELIVER_DONE, "ok");
    CHECK(peers_gauge("spool_bytes") > 0); /* the other child still needs it */
    peers_deliver(&b, DELIVER_DONE, "ok");
    CHECK(peers_gauge("spool_bytes") == 0 && peers_gauge("messages") == 0);
}

static void children_share_the_body_and_get_mids_of_their_own(void **state)
{
    (void)state;
    assert_true(peers_life(split_one));
    assert_true(peers_life(deliver_both_children));
}

static void refuse_partitions(void)
{
    peers_hello();
    peers_send_mail(1, "from@example.org", "a@example.net b@example.net", MAIL);
    CHECK(peers_accepted(1) && peers_scan_job() == 1);
    judge_two(1, 0, 0); /* b would be lost, a delivered twice */
    peers_turn();
    CHECK(peers_gauge("recipients_waiting_scan") == 2);
    CHECK(peers_logged("killed its scan worker (invalid result)") == 1);
    CHECK(peers_scan_job() == 1);
}

static void crash_again(void)
{
    struct buf body = {0};
    peers_hello();
    CHECK(peers_scan_job() == 1);
    wire_put_u64(&body, 1);
    wire_put_span(&body, SPAN("html"));
    wire_put_span(&body, SPAN("signal 11"));
    peers_tell(ROLE_SCAN, MSG_SCAN_CRASH, &body);
    peers_turn();
    CHECK(peers_logged("MID 1 cannot be scanned by CASE. (signal 11)") == 1);
    CHECK(peers_gauge("recipients_quarantined") == 2);
}

static void two_crashes_across_a_restart_make_a_message_unscannable(void **state)
{
    (void)state;
    assert_true(peers_life(refuse_partitions));
    assert_true(peers_life(crash_again));
}

static void ask_for(uint64_t mid)
{
    struct buf body = {0};
    wire_put_u64(&body, mid);
    peers_tell(ROLE_SMTP, MSG_MAIL_ASK, &body);
    peers_turn();
}

static void ask_about_mail(void)
{
    peers_smtp_hello(0, 0);
    ask_for(1);
    CHECK(peers_accepted(1));
    ask_for(2);
    CHECK(peers_refused(2) == 451);
}

static void finish_delivery(void)
{
    struct deliver_job job;
    struct span text;
    peers_hello();
    CHECK(peers_deliver_job(&job, &text));
    peers_deliver(&job, DELIVER_DONE, "ok");
    CHECK(peers_gauge("messages") == 0);
}

static void a_lost_answer_can_be_asked_for(void **state)
{
    (void)state;
    assert_true(peers_life(accept_and_die));
    assert_true(peers_life(ask_about_mail));
    assert_true(peers_life(deliver_reloaded));
    assert_true(peers_life(finish_delivery));
    assert_true(peers_life(ask_about_mail)); /* it has ended since */
}

static void ask_long_after_acceptance(void)
{
    struct deliver_job job;
    struct span text;
    peers_hello();
    peers_pass_time(2 * 3600);
    CHECK(peers_deliver_job(&job, &text));
    peers_deliver(&job, DELIVER_DONE, "ok");
    ask_about_mail();
    peers_pass_time(2 * 3600);
    AWAIT((ask_for(1), peers_refused(1)));
}

static void an_ended_message_is_known_for_an_hour_after_its_end(void **state)
{
    (void)state;
    assert_true(peers_life(accept_and_die));
    assert_true(peers_life(deliver_reloaded));
    assert_true(peers_life(ask_long_after_acceptance));
}

static void acknowledge_finals(void)
{
    struct wire_reader in;
    struct final_event e;
    struct buf body = {0};
    int fd;
    peers_turn();
    CHECK(peers_take(ROLE_LOG, MSG_FINAL_EVENT, &in, &fd) && final_event_get(&in, &e));
    CHECK(span_equal(e.message_id, SPAN("<one@example.org>")) && e.mid == 1);
    peers_up(ROLE_LOG); /* it came back and wants to hear it again */
    CHECK(peers_take(ROLE_LOG, MSG_FINAL_EVENT, &in, &fd));
    wire_put_u64(&body, UINT64_MAX); /* more than was ever sent */
    peers_tell(ROLE_LOG, MSG_FINAL_ACK, &body);
    AWAIT(peers_gauge("outbox") == 0);
}

static void final_events_are_repeated_until_acknowledged(void **state)
{
    (void)state;
    assert_true(peers_life(deliver_one));
    assert_true(peers_life(acknowledge_finals));
}

static void stream_large(void)
{
    static char large[3 * 1024 * 1024];
    memset(large, 'x', sizeof large);
    peers_hello();
    peers_send_mail(1, "from@example.org", "to@example.net", span_of(large, sizeof large));
    CHECK(peers_accepted(1));
    CHECK(peers_gauge("spool_bytes") == sizeof large);
    CHECK(peers_scan_job() == 1);
    peers_judge(1, 1, JUDGE_NOT_SCANNED, JUDGE_DELIVER);
    struct deliver_job job;
    struct span text;
    CHECK(peers_deliver_job(&job, &text));
    CHECK(text.n == sizeof large + 15 && memcmp(text.p + 15, large, sizeof large) == 0);
    peers_up(ROLE_SMTP); /* a half-sent message of a dead smtp leaves nothing */
    CHECK(peers_gauge("spool_segments") == 1);
}

static void a_large_message_goes_through_in_bounded_memory(void **state)
{
    (void)state;
    assert_true(peers_life(stream_large));
}

/* Fills some segments with mail that goes, and between it a little that stays. */
static void scatter(void)
{
    enum { LARGE = 700 * 1024, COUNT = 14 };
    static char large[LARGE];
    memset(large, 'x', sizeof large);
    peers_hello();
    for (uint64_t mid = 1; mid <= COUNT; mid++) {
        peers_send_mail(mid, "from@example.org", "to@example.net", mid % 2 ? span_of(large, LARGE) : MAIL);
        CHECK(peers_accepted(mid) && peers_scan_job() == mid);
        peers_judge(mid, 1, JUDGE_POSITIVE, mid % 2 ? JUDGE_DROP : JUDGE_QUARANTINE);
    }
    uint64_t before = peers_gauge("spool_segments");
    CHECK(before >= 6);
    AWAIT(peers_gauge("spool_segments") <= 4);
    CHECK(peers_gauge("spool_bytes") == COUNT / 2 * MAIL.n);
}

static void count_quarantined(void)
{
    CHECK(peers_gauge("recipients_quarantined") == 7);
    CHECK(peers_gauge("spool_bytes") == 7 * MAIL.n);
}

static void segments_of_which_little_lives_are_emptied(void **state)
{
    (void)state;
    assert_true(peers_life(scatter));
    assert_true(peers_life(count_quarantined));
}

enum { ENDS = 1, SPLITS = 2, WAITS = 33, SMALL = 33, ALL = SMALL + 6 };

/* Verdicts on bodies of the segment that is about to be emptied, in the same commit. */
static enum { STRIKE_NEVER, STRIKE_BEFORE, STRIKE_AFTER } strike;
/* The message that is split goes to an alternate recipient in its place. */
static bool is_rewritten;

static void say_verdicts(void)
{
    strike = STRIKE_NEVER;
    peers_say_verdict(ENDS, 2, JUDGE_POSITIVE, JUDGE_DROP);
    peers_recipient = is_rewritten ? "abuse@example.org" : "";
    if (is_rewritten)
        peers_say_verdict(SPLITS, 2, JUDGE_POSITIVE, JUDGE_DELIVER);
    else
        judge_two(SPLITS, 0, 1);
}

void __real_compact_step(struct queue *q);
void __wrap_compact_step(struct queue *q);
void __wrap_compact_step(struct queue *q)
{
    bool now = spool_sparse_segment(q->spool) != 0;
    if (now && strike == STRIKE_BEFORE)
        say_verdicts();
    __real_compact_step(q);
    if (now && strike == STRIKE_AFTER)
        say_verdicts();
}

static void judge_while_bodies_move(void)
{
    peers_hello();
    for (uint64_t mid = 1; mid <= ALL; mid++) {
        bool small = mid <= SMALL;
        peers_send_mail(mid, "from@example.org", "a@example.net b@example.net",
                        small ? MAIL : peers_large_body());
        CHECK(peers_accepted(mid) && peers_scan_job() == mid);
        if (mid != ENDS && mid != SPLITS && mid != WAITS)
            peers_judge(mid, 2, JUDGE_POSITIVE, mid == SMALL + 1 ? JUDGE_DROP : JUDGE_QUARANTINE);
    }
    if (is_rewritten) {
        peers_set_row(SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_POSITIVE_RECIPIENT, "abuse@example.org");
        peers_commit();
    }
    AWAIT(peers_logged(is_rewritten ? "rewritten to MID" : "was split creating") == 1);
    AWAIT(peers_gauge("spool_segments") <= ALL - SMALL);
    uint64_t small = is_rewritten ? SMALL - 1 : SMALL; /* one ended; one is two, or another */
    CHECK(peers_gauge("spool_bytes") == small * MAIL.n + (ALL - SMALL - 1) * peers_large_body().n);
    for (uint64_t mid = ALL + 1; mid <= ALL + 4; mid++) { /* into segments that are used again */
        peers_send_mail(mid, "from@example.org", "to@example.net", peers_large_body());
        CHECK(peers_accepted(mid));
    }
}

static void find_all_bodies_whole(void)
{
    struct deliver_job job;
    struct span text;
    peers_hello();
    CHECK(peers_scan_job() == WAITS);
    if (is_rewritten)
        CHECK(peers_deliver_job(&job, &text) && span_equal(text, JUDGED));
    for (int i = 0; !is_rewritten && i < 2; i++)
        CHECK(peers_deliver_job(&job, &text) && span_equal(text, MAIL));
    CHECK(peers_gauge("recipients_held") == 0);
}

static void verdicts_while_bodies_move_lose_no_body(void **state)
{
    (void)state;
    strike = STRIKE_BEFORE;
    assert_true(peers_life(judge_while_bodies_move));
    assert_true(peers_life(find_all_bodies_whole));
}

static void verdicts_right_behind_a_move_lose_no_body(void **state)
{
    (void)state;
    strike = STRIKE_AFTER;
    assert_true(peers_life(judge_while_bodies_move));
    assert_true(peers_life(find_all_bodies_whole));
}

static void a_copy_made_while_bodies_move_has_its_body(void **state)
{
    (void)state;
    is_rewritten = true;
    strike = STRIKE_BEFORE;
    assert_true(peers_life(judge_while_bodies_move));
    assert_true(peers_life(find_all_bodies_whole));
    is_rewritten = false;
}

static void a_copy_made_right_behind_a_move_has_its_body(void **state)
{
    (void)state;
    is_rewritten = true;
    strike = STRIKE_AFTER;
    assert_true(peers_life(judge_while_bodies_move));
    assert_true(peers_life(find_all_bodies_whole));
    is_rewritten = false;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, peers_set_up, peers_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_message_goes_through),
        TEST(what_was_accepted_survives_a_death_at_every_stage),
        TEST(one_message_alone_waits_for_at_most_two_syncs),
        TEST(quarantined_mail_stays_in_the_store),
        TEST(children_share_the_body_and_get_mids_of_their_own),
        TEST(two_crashes_across_a_restart_make_a_message_unscannable),
        TEST(a_lost_answer_can_be_asked_for),
        TEST(an_ended_message_is_known_for_an_hour_after_its_end),
        TEST(final_events_are_repeated_until_acknowledged),
        TEST(a_large_message_goes_through_in_bounded_memory),
        TEST(segments_of_which_little_lives_are_emptied),
        TEST(verdicts_while_bodies_move_lose_no_body),
        TEST(verdicts_right_behind_a_move_lose_no_body),
        TEST(a_copy_made_while_bodies_move_has_its_body),
        TEST(a_copy_made_right_behind_a_move_has_its_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
