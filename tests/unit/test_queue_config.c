/* The queue role behind its hooks: what the configuration makes of it. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/queue_peers.h"

static bool job_of(uint64_t mid, const char *host, uint16_t port, bool mx, struct deliver_job *job)
{
    struct span text;
    return peers_deliver_job(job, &text) && job->mid == mid && span_equal(job->host, span_text(host)) &&
           job->port == port && job->mx == mx;
}

static bool no_job(void)
{
    struct deliver_job job;
    struct span text;
    return !peers_deliver_job(&job, &text);
}

static void accept_and_judge(const char *recipients, uint32_t count)
{
    peers_hello();
    peers_send_mail(1, "from@example.org", recipients, MAIL);
    CHECK(peers_accepted(1) && peers_scan_job() == 1);
    peers_judge(1, count, JUDGE_NEGATIVE, JUDGE_DELIVER);
}

/* --- before the first configuration --- */

static void take_mail_without_config(void)
{
    peers_hello();
    peers_send_mail(1, "from@example.org", "to@example.net", MAIL);
    CHECK(peers_accepted(1));
    CHECK(peers_scan_job() == 0);
    peers_first_config();
    peers_turn();
    CHECK(peers_scan_job() == 1);
    peers_judge(1, 1, JUDGE_NEGATIVE, JUDGE_DELIVER);
}

static void keep_judged_mail_until_configured(void)
{
    struct deliver_job job;
    peers_hello();
    CHECK(peers_gauge("recipients_active") == 1 && no_job());
    peers_first_config();
    CHECK(job_of(1, "::1", 25, false, &job));
}

static void before_the_first_configuration_mail_is_taken_but_not_given_out(void **state)
{
    (void)state;
    peers_without_config = true;
    assert_true(peers_life(take_mail_without_config));
    assert_true(peers_life(keep_judged_mail_until_configured));
    peers_without_config = false;
}

/* --- routes --- */

static void send_to_several_hops(void)
{
    struct deliver_job job;
    peers_set_route("a.example", "mail.example");
    peers_set_route(".b.example", "[192.0.2.9]:2525");
    peers_set_route("dns.example", "USEDNS");
    peers_commit();
    accept_and_judge("u@a.example v@x.b.example w@dns.example x@A.example y@other.example", 5);
    CHECK(job_of(1, "mail.example", 25, true, &job) && job.recipient_count == 2 && !job.own_domain);
    CHECK(job.recipients[0].rid == 0 && job.recipients[1].rid == 3);
    CHECK(no_job()); /* the others have their turn when this one ended */
    peers_deliver(&job, DELIVER_DONE, "ok");
    CHECK(job_of(1, "192.0.2.9", 2525, false, &job) && job.recipient_count == 1);
    peers_deliver(&job, DELIVER_DEFERRED, "busy");
    CHECK(job_of(1, "dns.example", 25, true, &job) && job.recipients[0].rid == 2 && job.own_domain);
    peers_deliver(&job, DELIVER_DONE, "ok");
    CHECK(job_of(1, "::1", 25, false, &job) && job.recipients[0].rid == 4);
    peers_deliver(&job, DELIVER_DONE, "ok");
    CHECK(peers_finals(FINAL_DELIVERED) == 4 && peers_gauge("recipients_delayed") == 1 && no_job());
}

static void a_message_goes_to_each_of_its_destinations_in_turn(void **state)
{
    (void)state;
    assert_true(peers_life(send_to_several_hops));
}

static void change_route_of_waiting_mail(void)
{
    struct deliver_job job;
    accept_and_judge("u@a.example", 1);
    CHECK(job_of(1, "::1", 25, false, &job));
    peers_set_route("a.example", "mail.example:26");
    peers_commit();
    peers_deliver(&job, DELIVER_DEFERRED, "busy");
    CHECK(no_job());
    AWAIT(job_of(1, "mail.example", 26, true, &job));
}

static void changed_routes_hold_from_the_next_try_on(void **state)
{
    (void)state;
    peers_set("queue.retry-first", "1");
    assert_true(peers_life(change_route_of_waiting_mail));
}

static void split_between_maildir_and_smtp(void)
{
    struct deliver_job job;
    peers_set_route("a.example", "mail.example");
    peers_commit();
    accept_and_judge("u@a.example v@local.example w@a.example", 3);
    CHECK(job_of(1, "mail.example", 25, true, &job) && job.recipient_count == 2);
    CHECK(peers_files_in("box/new") == 0);
    peers_deliver(&job, DELIVER_DONE, "ok");
    AWAIT(peers_finals(FINAL_DELIVERED) == 3);
    CHECK(peers_files_in("box/new") == 1 && peers_gauge("messages") == 0);
}

static void one_message_goes_to_a_maildir_and_to_hosts(void **state)
{
    (void)state;
    peers_set("route", "maildir:box");
    assert_true(peers_life(split_between_maildir_and_smtp));
}

static void deliver_locally_beside_a_smtp_that_is_away(void)
{
    peers_set_route("a.example", "mail.example");
    peers_commit();
    peers_hello();
    for (uint64_t mid = 1; mid <= 2; mid++) {
        peers_send_mail(mid, "from@example.org", mid == 1 ? "u@a.example" : "v@local.example", MAIL);
        CHECK(peers_accepted(mid) && peers_scan_job() == mid);
    }
    role_self.peer_down(ROLE_SMTP);
    peers_judge(1, 1, JUDGE_NEGATIVE, JUDGE_DELIVER);
    peers_judge(2, 1, JUDGE_NEGATIVE, JUDGE_DELIVER);
    AWAIT(peers_finals(FINAL_DELIVERED) == 1);
    CHECK(peers_files_in("box/new") == 1 && peers_gauge("recipients_active") == 1);
}

static void a_smtp_that_is_away_does_not_hold_up_the_maildir(void **state)
{
    (void)state;
    peers_set("route", "maildir:box");
    assert_true(peers_life(deliver_locally_beside_a_smtp_that_is_away));
}

static uint64_t next_mid;

/* So many messages, each of which is ready to leave. */
static void judge_mail_for(const char *recipient, int count)
{
    for (int i = 0; i < count; i++) {
        uint64_t mid = next_mid++;
        peers_send_mail(mid, "from@example.org", recipient, MAIL);
        CHECK(peers_accepted(mid) && peers_scan_job() == mid);
        peers_judge(mid, 1, JUDGE_NEGATIVE, JUDGE_DELIVER);
    }
}

static int jobs_for(const char *host, struct deliver_job *last)
{
    int count = 0;
    struct deliver_job job;
    struct span text;
    while (peers_deliver_job(&job, &text)) {
        CHECK(span_equal(job.host, span_text(host)));
        *last = job;
        count++;
    }
    return count;
}

static void send_beside_a_silent_host(void)
{
    struct deliver_job silent, job;
    next_mid = 1;
    peers_set_route("silent.example", "[192.0.2.1]");
    peers_set_route("other.example", "[192.0.2.2]");
    peers_commit();
    peers_hello();
    judge_mail_for("u@silent.example", 50);
    CHECK(jobs_for("192.0.2.1", &silent) == 2); /* twice its connections */
    judge_mail_for("u@other.example", 3);
    CHECK(jobs_for("192.0.2.2", &job) == 2);
    peers_deliver(&job, DELIVER_DONE, "ok");
    CHECK(jobs_for("192.0.2.2", &job) == 1);
    peers_deliver(&silent, DELIVER_DONE, "ok");
    CHECK(jobs_for("192.0.2.1", &silent) == 1 && silent.mid == 3); /* in the order in which they came */
}

static void a_host_that_never_answers_does_not_hold_up_the_others(void **state)
{
    (void)state;
    peers_set("deliver.max-connections", "1");
    assert_true(peers_life(send_beside_a_silent_host));
}

static void reroute_what_waits_for_a_silent_host(void)
{
    struct deliver_job job;
    next_mid = 1;
    peers_set_route("silent.example", "[192.0.2.1]");
    peers_commit();
    peers_hello();
    judge_mail_for("u@silent.example", 5);
    CHECK(jobs_for("192.0.2.1", &job) == 2);
    peers_set_route("silent.example", "[192.0.2.2]");
    peers_commit();
    CHECK(jobs_for("192.0.2.2", &job) == 2);
    peers_deliver(&job, DELIVER_DONE, "ok");
    CHECK(jobs_for("192.0.2.2", &job) == 1);
}

static void mail_that_waits_for_a_host_to_have_room_follows_a_changed_route_at_once(void **state)
{
    (void)state;
    peers_set("deliver.max-connections", "1");
    assert_true(peers_life(reroute_what_waits_for_a_silent_host));
}

static void change_ways(void)
{
    struct deliver_job job;
    peers_set_route("a.example", "mail.example");
    peers_commit();
    accept_and_judge("u@a.example", 1);
    CHECK(job_of(1, "mail.example", 25, true, &job));
    peers_deliver(&job, DELIVER_DEFERRED, "busy"); /* waits for smtp now */
    peers_clear_routes();
    peers_commit();
    AWAIT(peers_finals(FINAL_DELIVERED) == 1);
    CHECK(peers_files_in("box/new") == 1 && no_job());
}

static void a_changed_route_takes_mail_that_waits_for_a_host_to_the_maildir(void **state)
{
    (void)state;
    peers_set("route", "maildir:box");
    peers_set("queue.retry-first", "1");
    assert_true(peers_life(change_ways));
}

static void find_a_route_at_last(void)
{
    struct deliver_job job;
    accept_and_judge("u@a.example", 1);
    AWAIT(peers_logged("4.4.4") == 1);
    peers_set_route("a.example", "mail.example");
    peers_commit();
    AWAIT(job_of(1, "mail.example", 25, true, &job));
}

static void mail_without_a_route_leaves_when_there_is_one(void **state)
{
    (void)state;
    peers_set("route", "");
    peers_set("queue.retry-first", "1");
    assert_true(peers_life(find_a_route_at_last));
}

static void lose_the_route(void)
{
    struct deliver_job job;
    peers_set_route("a.example", "mail.example");
    peers_commit();
    peers_hello();
    peers_send_mail(1, "from@a.example", "u@b.example", MAIL);
    peers_send_mail(2, "from@example.org", "u@a.example", MAIL);
    CHECK(peers_scan_job() == 1 && peers_scan_job() == 2);
    peers_judge(1, 1, JUDGE_NEGATIVE, JUDGE_DELIVER);
    peers_judge(2, 1, JUDGE_NEGATIVE, JUDGE_DELIVER);
    CHECK(job_of(2, "mail.example", 25, true, &job)); /* the one before it does not stand in the way */
    CHECK(peers_logged("MID 1 to RID 0 - 4.4.4") == 1);
    CHECK(peers_gauge("recipients_delayed") == 1);
    peers_pass_time(30);
    AWAIT(peers_logged("Delivery expired") == 1);
    AWAIT(!no_job()); /* the bounce to a.example */
}

static void mail_without_a_route_is_deferred_and_bounces_in_the_end(void **state)
{
    (void)state;
    peers_set("route", "");
    peers_set("queue.retry-first", "1");
    peers_set("queue.lifetime", "20");
    assert_true(peers_life(lose_the_route));
}

/* --- verdicts --- */

static void crash(uint64_t mid)
{
    struct buf body = {0};
    wire_put_u64(&body, mid);
    wire_put_span(&body, SPAN("html"));
    wire_put_span(&body, SPAN("signal 11"));
    peers_tell(ROLE_SCAN, MSG_SCAN_CRASH, &body);
    peers_turn();
}

static void crash_twice_on(struct span mail, bool outbound)
{
    peers_hello();
    peers_outbound = outbound;
    peers_send_mail(1, "from@example.org", "to@example.net", mail);
    CHECK(peers_accepted(1));
    for (int i = 0; i < 2; i++) {
        CHECK(peers_scan_job() == 1);
        crash(1);
    }
    CHECK(peers_logged("MID 1 cannot be scanned by CASE. (signal 11)") == 1);
    CHECK(peers_logged("MID 1 treated by revision 2") == 1);
}

static void crash_twice(bool outbound)
{
    crash_twice_on(MAIL, outbound);
}

static void set_unscannable(enum schema_table_id table, const char *action)
{
    peers_set_row(table, "DEFAULT", POLICY_UNSCANNABLE, action);
    peers_commit();
}

static void deliver_unscannable(void)
{
    struct deliver_job job;
    struct span text;
    set_unscannable(SCHEMA_INCOMING_POLICY, "deliver");
    crash_twice(false);
    CHECK(peers_deliver_job(&job, &text));
    struct span header = SPAN("X-Mailward-Unscannable: yes\r\n");
    CHECK(span_equal(span_slice(text, 0, header.n), header));
    CHECK(span_equal(span_slice(text, header.n, text.n), MAIL));
}

static void deliver_unscannable_without_forged_headers(void)
{
    struct deliver_job job;
    struct span text;
    set_unscannable(SCHEMA_INCOMING_POLICY, "deliver");
    crash_twice_on(SPAN("x-ironport-anti-spam-filtered: true\r\nSubject: hello\r\n"
                        "X-IronPort-Anti-Spam-Result: AQ\r\n\tBB\r\nX-Mailward-Unscannable: no\r\n"
                        "To: you\r\n\r\nX-IronPort-Anti-Spam-Filtered: in the body\r\n"),
                   false);
    CHECK(peers_deliver_job(&job, &text));
    CHECK(span_equal(text, SPAN("X-Mailward-Unscannable: yes\r\nSubject: hello\r\nTo: you\r\n\r\n"
                                "X-IronPort-Anti-Spam-Filtered: in the body\r\n")));
}

static void drop_unscannable(void)
{
    set_unscannable(SCHEMA_OUTGOING_POLICY, "drop");
    crash_twice(true);
    CHECK(peers_finals(FINAL_DROPPED) == 1 && peers_gauge("messages") == 0);
}

static void bounce_unscannable(void)
{
    struct deliver_job job;
    struct span text;
    set_unscannable(SCHEMA_INCOMING_POLICY, "bounce");
    crash_twice(false);
    CHECK(peers_finals(FINAL_BOUNCED) == 1);
    CHECK(peers_deliver_job(&job, &text) && job.sender.n == 0);
}

static void quarantine_unscannable(void)
{
    set_unscannable(SCHEMA_OUTGOING_POLICY, "drop"); /* of the other table */
    crash_twice(false);
    CHECK(peers_gauge("recipients_quarantined") == 1);
}

static void unscannable_mail_is_treated_as_the_policy_of_its_table_says(void **state)
{
    (void)state;
    void (*const lives[])(void) = {deliver_unscannable, deliver_unscannable_without_forged_headers,
                                   drop_unscannable, bounce_unscannable, quarantine_unscannable};
    for (size_t i = 0; i < sizeof lives / sizeof lives[0]; i++) {
        if (i > 0)
            assert_int_equal(peers_tear_down(NULL) | peers_set_up(NULL), 0);
        assert_true(peers_life(lives[i]));
    }
}

static void scan_beside_poison(void)
{
    next_mid = 1;
    peers_hello();
    for (; next_mid <= 4; next_mid++) { /* two for each of two workers */
        peers_send_mail(next_mid, "from@example.org", "to@example.net", MAIL);
        CHECK(peers_accepted(next_mid) && peers_scan_job() == next_mid);
    }
    for (uint64_t mid = 1; mid <= 4; mid++)
        crash(mid);
    CHECK(peers_scan_job() == 1 && peers_scan_job() == 0);
    judge_mail_for("u@example.net", 3); /* nothing of it waits for the poison */
    crash(1);
    CHECK(peers_gauge("recipients_quarantined") == 1);
    CHECK(peers_scan_job() == 2 && peers_scan_job() == 0);
}

static void second_tries_of_poison_hold_up_no_other_message(void **state)
{
    (void)state;
    assert_true(peers_life(scan_beside_poison));
}

static void crash_before_the_configuration(void)
{
    peers_smtp_hello(0, 0);
    peers_scan_hello(1); /* which scan had from the life before */
    crash(1);
    CHECK(peers_gauge("recipients_waiting_scan") == 1 && peers_gauge("recipients_quarantined") == 0);
    peers_first_config();
    peers_turn();
    CHECK(peers_scan_job() == 1);
}

static void crash_once(void)
{
    peers_accept_one();
    CHECK(peers_scan_job() == 1);
    crash(1);
}

static void unscannable_mail_waits_for_the_configuration_that_says_what_becomes_of_it(void **state)
{
    (void)state;
    assert_true(peers_life(crash_once));
    peers_without_config = true;
    assert_true(peers_life(crash_before_the_configuration));
    peers_without_config = false;
}

static void name_the_revision(void)
{
    struct deliver_job job;
    struct span text;
    struct wire_reader in;
    struct final_event e;
    int fd;
    peers_accept_one();
    CHECK(peers_scan_job() == 1);
    peers_judge(1, 1, JUDGE_SUSPECT, JUDGE_DELIVER);
    CHECK(peers_logged("MID 1 score 50 revision 7") == 1);
    CHECK(peers_deliver_job(&job, &text));
    peers_deliver(&job, DELIVER_DONE, "ok");
    CHECK(peers_take(ROLE_LOG, MSG_FINAL_EVENT, &in, &fd) && final_event_get(&in, &e) && e.revision == 7);
    CHECK(span_equal(e.versions, SPAN(PEERS_VERSIONS)));
}

static void a_verdict_names_its_revision_to_the_end(void **state)
{
    (void)state;
    assert_true(peers_life(name_the_revision));
}

static void refuse_verdict_of_no_revision(void)
{
    peers_accept_one();
    CHECK(peers_scan_job() == 1);
    peers_judged_by = 0;
    peers_judge(1, 1, JUDGE_NEGATIVE, JUDGE_DELIVER);
    CHECK(peers_logged("killed its scan worker (invalid result)") == 1);
    CHECK(peers_scan_job() == 1);
}

static void a_verdict_of_no_revision_is_no_verdict(void **state)
{
    (void)state;
    assert_true(peers_life(refuse_verdict_of_no_revision));
}

static void judge_with_antispam_off(void)
{
    peers_accept_one();
    CHECK(peers_scan_job() == 1);
    peers_judge(1, 1, JUDGE_OFF, JUDGE_DELIVER);
    CHECK(peers_logged("MID 1 not scanned: anti-spam is off, revision 7") == 1);
    CHECK(peers_logged("score") == 0 && !no_job());
}

static void mail_that_was_not_scanned_has_no_score_in_the_log(void **state)
{
    (void)state;
    assert_true(peers_life(judge_with_antispam_off));
}

/* --- pausing --- */

enum { RESUME, PAUSE, TELL };

/* Whether the answer says that it is paused, with so many messages. */
static bool workqueue(uint8_t verb, bool paused, uint64_t messages)
{
    struct buf body = {0};
    struct wire_reader in;
    int fd;
    wire_put_u32(&body, 5);
    wire_put_u8(&body, verb);
    peers_tell(ROLE_CONTROL, MSG_WORKQUEUE, &body);
    peers_turn();
    CHECK(peers_take(ROLE_CONTROL, MSG_WORKQUEUE_REPLY, &in, &fd));
    return wire_get_u32(&in) == 5 && wire_get_u8(&in) == paused && wire_get_u64(&in) == messages;
}

static void pause_between_two(void)
{
    struct deliver_job job;
    struct span text;
    peers_accept_one();
    CHECK(peers_scan_job() == 1);
    CHECK(workqueue(TELL, false, 1));
    CHECK(workqueue(PAUSE, true, 1));
    CHECK(peers_logged("work queue paused") == 1 && peers_gauge("workqueue_paused") == 1);
    CHECK(workqueue(PAUSE, true, 1) && peers_logged("work queue paused") == 1);
    peers_send_mail(2, "from@example.org", "to@example.net", MAIL);
    CHECK(peers_accepted(2) && peers_scan_job() == 0);
    peers_judge(1, 1, JUDGE_NEGATIVE, JUDGE_DELIVER);
    CHECK(peers_deliver_job(&job, &text) && peers_scan_job() == 0);
    CHECK(workqueue(TELL, true, 1));
}

static void resume_after_restart(void)
{
    peers_hello();
    CHECK(peers_scan_job() == 0 && workqueue(TELL, true, 1));
    CHECK(workqueue(RESUME, false, 1) && peers_scan_job() == 2);
    CHECK(peers_logged("work queue resumed") == 1 && peers_gauge("workqueue_paused") == 0);
}

static void a_paused_work_queue_stays_so_over_a_restart_and_delivers_what_is_judged(void **state)
{
    (void)state;
    assert_true(peers_life(pause_between_two));
    assert_true(peers_life(resume_after_restart));
    assert_true(peers_life(peers_hello));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, peers_set_up, peers_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(before_the_first_configuration_mail_is_taken_but_not_given_out),
        TEST(a_message_goes_to_each_of_its_destinations_in_turn),
        TEST(changed_routes_hold_from_the_next_try_on),
        TEST(one_message_goes_to_a_maildir_and_to_hosts),
        TEST(a_smtp_that_is_away_does_not_hold_up_the_maildir),
        TEST(a_host_that_never_answers_does_not_hold_up_the_others),
        TEST(mail_that_waits_for_a_host_to_have_room_follows_a_changed_route_at_once),
        TEST(a_changed_route_takes_mail_that_waits_for_a_host_to_the_maildir),
        TEST(mail_without_a_route_leaves_when_there_is_one),
        TEST(mail_without_a_route_is_deferred_and_bounces_in_the_end),
        TEST(unscannable_mail_is_treated_as_the_policy_of_its_table_says),
        TEST(second_tries_of_poison_hold_up_no_other_message),
        TEST(unscannable_mail_waits_for_the_configuration_that_says_what_becomes_of_it),
        TEST(a_verdict_names_its_revision_to_the_end),
        TEST(a_verdict_of_no_revision_is_no_verdict),
        TEST(mail_that_was_not_scanned_has_no_score_in_the_log),
        TEST(a_paused_work_queue_stays_so_over_a_restart_and_delivers_what_is_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
