/* The queue role behind its hooks: who is told of what (RFC 3461). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "daemon/protocol_queue.h"
#include "tests/unit/queue_peers.h"

/* A notice is to be sent; its text. */
static struct span take_notice(void)
{
    struct deliver_job job;
    struct span text;
    CHECK(peers_deliver_job(&job, &text));
    CHECK(job.sender.n == 0 && span_equal(job.recipients[0].address, SPAN("from@example.org")));
    CHECK(job.recipients[0].notify == 0 && job.returns == SMTP_RETURN_ANY && job.envelope_id.n == 0);
    peers_deliver(&job, DELIVER_DONE, "ok");
    return text;
}

static bool no_notice(void)
{
    struct deliver_job job;
    struct span text;
    return !peers_deliver_job(&job, &text);
}

static bool has(struct span text, const char *what)
{
    return span_find_span(text, span_text(what)) < text.n;
}

static void deliver_as(enum deliver_outcome outcome, enum deliver_handover handover)
{
    peers_accept_one();
    struct deliver_job job = peers_judge_and_take_job();
    peers_handover = handover;
    peers_deliver(&job, outcome, "the reply");
}

static void wish(uint8_t notify, enum smtp_return returns)
{
    peers_notify = notify;
    peers_returns = returns;
    peers_original = SPAN("rfc822;old@example.net");
    peers_envelope_id = SPAN("id-1");
}

static void take_wishes(void)
{
    wish(SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_DELAY, SMTP_RETURN_HEADERS);
    peers_accept_one();
    struct deliver_job job = peers_judge_and_take_job();
    CHECK(job.returns == SMTP_RETURN_HEADERS && span_equal(job.envelope_id, SPAN("id-1")));
    CHECK(job.recipients[0].notify == (SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_DELAY));
    CHECK(span_equal(job.recipients[0].original, SPAN("rfc822;old@example.net")));
}

static void find_wishes(void)
{
    struct deliver_job job;
    struct span text;
    peers_hello();
    CHECK(peers_deliver_job(&job, &text));
    CHECK(job.returns == SMTP_RETURN_HEADERS && span_equal(job.envelope_id, SPAN("id-1")));
    CHECK(job.recipients[0].notify == (SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_DELAY));
    CHECK(span_equal(job.recipients[0].original, SPAN("rfc822;old@example.net")));
    peers_handover = DELIVER_RELAYED;
    peers_deliver(&job, DELIVER_DONE, "ok");
    struct span notice = take_notice();
    CHECK(has(notice, "Action: relayed\r\n") &&
          has(notice, "Original-Recipient: rfc822; old@example.net\r\n"));
    CHECK(has(notice, "Original-Envelope-Id: id-1\r\n") &&
          has(notice, "Remote-MTA: dns; mx.example.net\r\n"));
    CHECK(peers_logged("was generated for notification about MID 1") == 1 && peers_logged("for bounce") == 0);
}

static void wishes_survive_a_death_and_are_passed_on(void **state)
{
    (void)state;
    assert_true(peers_life(take_wishes));
    assert_true(peers_life(find_wishes));
}

static void pass_on(void)
{
    wish(SMTP_NOTIFY_SUCCESS, SMTP_RETURN_ANY);
    deliver_as(DELIVER_DONE, DELIVER_PASSED_ON);
    CHECK(no_notice());
}

static void what_the_next_hop_will_tell_is_not_told_here(void **state)
{
    (void)state;
    assert_true(peers_life(pass_on));
}

static void deliver_here(void)
{
    wish(SMTP_NOTIFY_SUCCESS, SMTP_RETURN_FULL);
    peers_hello();
    peers_send_mail(1, "from@example.org", "a@example.net b@example.net", MAIL);
    CHECK(peers_accepted(1) && peers_scan_job() == 1);
    peers_judge(1, 2, JUDGE_NEGATIVE, JUDGE_DELIVER);
    peers_turn();
    CHECK(peers_logged("was generated for notification about MID 1") == 1);
    CHECK(peers_files_in("box/new") == 3); /* the notice too */
}

static void delivery_into_a_maildir_is_told(void **state)
{
    (void)state;
    peers_set("route", "maildir:box");
    assert_true(peers_life(deliver_here));
}

static void succeed_unasked(void)
{
    deliver_as(DELIVER_DONE, DELIVER_RELAYED);
    CHECK(no_notice());
}

static void fail_never(void)
{
    wish(SMTP_NOTIFY_NEVER, SMTP_RETURN_FULL);
    deliver_as(DELIVER_FAILED, DELIVER_RELAYED);
    CHECK(peers_logged("Bounced: DCID 9 MID 1") == 1 && peers_finals(FINAL_BOUNCED) == 1);
    CHECK(no_notice());
}

static void fail_without_the_wish(void)
{
    wish(SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_DELAY, SMTP_RETURN_FULL);
    deliver_as(DELIVER_FAILED, DELIVER_RELAYED);
    CHECK(no_notice());
}

static void nobody_is_told_what_he_did_not_ask_for(void **state)
{
    (void)state;
    assert_true(peers_life(succeed_unasked));
    peers_tear_down(state);
    peers_set_up(state);
    assert_true(peers_life(fail_never));
    peers_tear_down(state);
    peers_set_up(state);
    assert_true(peers_life(fail_without_the_wish));
}

static void fail_whole(void)
{
    wish(SMTP_NOTIFY_FAILURE, SMTP_RETURN_FULL);
    deliver_as(DELIVER_FAILED, DELIVER_RELAYED);
    struct span notice = take_notice();
    CHECK(has(notice, "Content-Type: message/rfc822\r\n") && has(notice, "Subject: hello\r\n\r\nbody\r\n"));
}

static void fail_with_header(void)
{
    wish(SMTP_NOTIFY_FAILURE, SMTP_RETURN_HEADERS);
    deliver_as(DELIVER_FAILED, DELIVER_RELAYED);
    struct span notice = take_notice();
    CHECK(has(notice, "Content-Type: text/rfc822-headers\r\n") && !has(notice, "body\r\n"));
}

static void a_failure_returns_what_was_asked_for(void **state)
{
    (void)state;
    assert_true(peers_life(fail_whole));
    peers_tear_down(state);
    peers_set_up(state);
    assert_true(peers_life(fail_with_header));
}

static void delay(void)
{
    wish(SMTP_NOTIFY_DELAY, SMTP_RETURN_ANY);
    deliver_as(DELIVER_DEFERRED, DELIVER_RELAYED);
    CHECK(no_notice()); /* it is not late yet */
    peers_pass_time(5 * 3600);
    struct deliver_job job;
    struct span text;
    AWAIT(peers_deliver_job(&job, &text));
    peers_deliver(&job, DELIVER_DEFERRED, "still busy");
    struct span notice = take_notice();
    CHECK(has(notice, "Action: delayed\r\n") && has(notice, "still busy") &&
          has(notice, "Will-Retry-Until: "));
}

static void delay_further(void)
{
    struct deliver_job job;
    struct span text;
    peers_pass_time(10 * 3600);
    peers_hello();
    AWAIT(peers_deliver_job(&job, &text));
    CHECK(job.mid == 1);
    peers_deliver(&job, DELIVER_DEFERRED, "busy for ever");
    CHECK(no_notice());
}

static void a_delay_is_told_once(void **state)
{
    (void)state;
    peers_set("queue.retry-first", "1");
    assert_true(peers_life(delay));
    assert_true(peers_life(delay_further));
}

static void delay_in_silence(void)
{
    peers_set_row(SCHEMA_DELIVERY, "", DELIVERY_DELAY_NOTICE, "0");
    peers_commit();
    delay_further();
}

static void late_mail_is_told_of_only_where_that_is_configured(void **state)
{
    (void)state;
    peers_notify = SMTP_NOTIFY_DELAY;
    assert_true(peers_life(take_wishes));
    assert_true(peers_life(delay_in_silence));
}

/* smtp tells of it again as soon as it is joined, which may be before control has told the configuration. */
static void delay_before_the_configuration(void)
{
    const struct deliver_recipient to = {.rid = 0};
    const struct deliver_job job = {.mid = 1, .attempt = 1, .recipients = &to, .recipient_count = 1};
    peers_pass_time(5 * 3600);
    peers_smtp_hello(1, 1);
    peers_deliver(&job, DELIVER_DEFERRED, "busy");
    CHECK(peers_delivery_acknowledged(1, 1) && no_notice());
    peers_first_config();
    struct deliver_job next;
    struct span text;
    peers_pass_time(5 * 3600);
    AWAIT(peers_deliver_job(&next, &text));
    peers_deliver(&next, DELIVER_DEFERRED, "still busy");
    CHECK(has(take_notice(), "Action: delayed\r\n"));
}

static void a_delay_before_the_first_configuration_is_told_after_it(void **state)
{
    (void)state;
    assert_true(peers_life(take_wishes));
    peers_without_config = true;
    assert_true(peers_life(delay_before_the_configuration));
    peers_without_config = false;
}

static void refuse(uint8_t notify)
{
    wish(notify, SMTP_RETURN_ANY);
    peers_accept_one();
    CHECK(peers_scan_job() == 1);
    peers_judge(1, 1, JUDGE_POSITIVE, JUDGE_BOUNCE);
}

static void refuse_and_tell(void)
{
    refuse(SMTP_NOTIFY_FAILURE);
    CHECK(has(take_notice(), "Status: 5.7.1\r\n"));
}

static void refuse_in_silence(void)
{
    refuse(SMTP_NOTIFY_NEVER);
    CHECK(no_notice() && peers_gauge("messages") == 0);
}

static void a_policy_bounces_only_to_who_wants_to_hear(void **state)
{
    (void)state;
    assert_true(peers_life(refuse_and_tell));
    peers_tear_down(state);
    peers_set_up(state);
    assert_true(peers_life(refuse_in_silence));
}

/* The quarantine keeps them, and so does the message that its release makes. */
static void release(void)
{
    struct deliver_job job;
    struct span text;
    wish(SMTP_NOTIFY_SUCCESS, SMTP_RETURN_HEADERS);
    peers_accept_one();
    CHECK(peers_scan_job() == 1);
    peers_judge(1, 1, JUDGE_POSITIVE, JUDGE_QUARANTINE);
    struct buf body = {0};
    queue_query_put(&body, &(struct queue_query){.id = 1, .place = QUEUE_PLACE_QUARANTINE});
    wire_put_u8(&body, QUEUE_CHANGE_RELEASE);
    wire_put_span(&body, SPAN("admin"));
    peers_tell(ROLE_CONTROL, MSG_QUEUE_CHANGE, &body);
    peers_turn();
    CHECK(peers_deliver_job(&job, &text));
    CHECK(job.recipients[0].notify == SMTP_NOTIFY_SUCCESS && span_equal(job.envelope_id, SPAN("id-1")));
}

static void wishes_survive_the_quarantine(void **state)
{
    (void)state;
    assert_true(peers_life(release));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, peers_set_up, peers_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(wishes_survive_a_death_and_are_passed_on),
        TEST(what_the_next_hop_will_tell_is_not_told_here),
        TEST(delivery_into_a_maildir_is_told),
        TEST(nobody_is_told_what_he_did_not_ask_for),
        TEST(a_failure_returns_what_was_asked_for),
        TEST(a_delay_is_told_once),
        TEST(late_mail_is_told_of_only_where_that_is_configured),
        TEST(a_delay_before_the_first_configuration_is_told_after_it),
        TEST(a_policy_bounces_only_to_who_wants_to_hear),
        TEST(wishes_survive_the_quarantine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
