/* The queue role: mail that goes to an alternate host or to an alternate recipient. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/queue/store.h"
#include "tests/unit/queue_peers.h"

static int failing_commits;

bool __real_store_commit(struct store *s, struct fault *f);
bool __wrap_store_commit(struct store *s, struct fault *f);
bool __wrap_store_commit(struct store *s, struct fault *f)
{
    if (failing_commits > 0 && failing_commits--)
        return fault_set(f, FAULT_IO, "the disk is full");
    return __real_store_commit(s, f);
}

/* Spam goes to this host, and to this recipient. */
static void use_policy(const char *action, const char *host, const char *recipient)
{
    peers_set_row(SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_POSITIVE_ACTION, action);
    peers_set_row(SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_POSITIVE_HOST, host);
    peers_set_row(SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_POSITIVE_RECIPIENT, recipient);
    peers_commit();
    peers_host = host;
    peers_recipient = recipient;
}

static void accept_three(void)
{
    peers_hello();
    peers_send_mail(1, "from@example.org", "a@one.example b@two.example c@three.example", MAIL);
    CHECK(peers_accepted(1) && peers_scan_job() == 1);
}

static bool takes_job(struct deliver_job *job, const char *host, uint16_t port)
{
    struct span text;
    return peers_deliver_job(job, &text) && span_equal(job->host, span_text(host)) && job->port == port;
}

/* --- host --- */

static void send_to_alternate_host(void)
{
    struct deliver_job job;
    use_policy("deliver", "spam.example", "");
    peers_set_route("ALL", "usual.example");
    peers_commit();
    accept_three();
    peers_judge(1, 3, JUDGE_POSITIVE, JUDGE_DELIVER);
    CHECK(peers_logged("MID 1 goes to alternate host spam.example by antispam") == 1);
    CHECK(takes_job(&job, "spam.example", 25) && job.mid == 1 && job.mx && !job.own_domain);
    CHECK(job.recipient_count == 3);
    peers_deliver(&job, DELIVER_DEFERRED, "busy");
}

static void try_alternate_host_again(void)
{
    struct deliver_job job;
    peers_set_route("spam.example", "[192.0.2.9]:2525");
    peers_commit();
    peers_hello();
    AWAIT(takes_job(&job, "192.0.2.9", 2525));
    CHECK(job.recipient_count == 3);
    peers_deliver(&job, DELIVER_DONE, "ok");
    CHECK(peers_finals(FINAL_DELIVERED) == 3);
}

static void an_alternate_host_is_kept_for_every_try(void **state)
{
    (void)state;
    peers_set("queue.retry-first", "1");
    assert_true(peers_life(send_to_alternate_host));
    assert_true(peers_life(try_alternate_host_again));
}

/* --- recipient --- */

static void rewrite_three(void)
{
    struct deliver_job job;
    struct span text;
    use_policy("deliver", "", "abuse@example.org");
    accept_three();
    failing_commits = 2;
    peers_judge(1, 3, JUDGE_POSITIVE, JUDGE_DELIVER);
    AWAIT(peers_finals(FINAL_REWRITTEN) == 3);
    CHECK(peers_logged(" rewritten to MID ") == 1 && peers_logged("Message finished MID 1 done") == 1);
    CHECK(peers_logged("Start MID ") == 1 && peers_logged(" ICID 0\n") == 1);
    CHECK(peers_gauge("recipients_active") == 1 && peers_gauge("recipients_waiting_scan") == 0);
    CHECK(peers_gauge("spool_bytes") == MAIL.n);
    CHECK(peers_deliver_job(&job, &text) && job.mid != 1 && job.recipient_count == 1);
    CHECK(span_equal(job.recipients[0].address, SPAN("abuse@example.org")));
    CHECK(span_equal(job.sender, SPAN("from@example.org")) && span_equal(text, JUDGED));
}

static void finish_copy(void)
{
    struct deliver_job job;
    struct span text;
    peers_hello();
    CHECK(peers_gauge("recipients_active") == 1);
    CHECK(peers_deliver_job(&job, &text) && span_equal(text, JUDGED));
    peers_deliver(&job, DELIVER_DONE, "ok");
    CHECK(peers_finals(FINAL_DELIVERED) == 1 && peers_gauge("recipients_active") == 0);
    CHECK(!peers_deliver_job(&job, &text) && peers_gauge("spool_bytes") == 0);
}

static void fail_copy(uint8_t notify, uint8_t handed_on)
{
    struct deliver_job job;
    struct span text;
    peers_notify = notify;
    use_policy("deliver", "", "abuse@example.org");
    accept_three();
    peers_judge(1, 3, JUDGE_POSITIVE, JUDGE_DELIVER);
    CHECK(peers_deliver_job(&job, &text) && job.recipients[0].notify == handed_on);
    peers_deliver(&job, DELIVER_FAILED, "no");
    bool told = peers_deliver_job(&job, &text);
    CHECK(told == (handed_on != SMTP_NOTIFY_NEVER) && peers_finals(FINAL_BOUNCED) == 1);
}

static void fail_copy_of_nobody(void)
{
    fail_copy(SMTP_NOTIFY_NEVER, SMTP_NOTIFY_NEVER);
}

static void fail_copy_with_success(void)
{
    fail_copy(SMTP_NOTIFY_SUCCESS, SMTP_NOTIFY_NEVER);
}

static void fail_copy_with_default(void)
{
    fail_copy(0, SMTP_NOTIFY_FAILURE);
}

static void the_failure_of_a_copy_is_told_as_that_of_its_recipients(void **state)
{
    void (*const lives[])(void) = {fail_copy_of_nobody, fail_copy_with_success, fail_copy_with_default};
    for (size_t i = 0; i < sizeof lives / sizeof lives[0]; i++) {
        peers_tear_down(state);
        peers_set_up(state);
        assert_true(peers_life(lives[i]));
    }
}

static void one_copy_takes_the_place_of_three_recipients(void **state)
{
    (void)state;
    assert_true(peers_life(rewrite_three));
    assert_true(peers_life(finish_copy));
}

static void quarantine_for_alternate_recipient(void)
{
    use_policy("quarantine", "", "abuse@example.org");
    accept_three();
    peers_judge(1, 3, JUDGE_POSITIVE, JUDGE_QUARANTINE);
    AWAIT(peers_finals(FINAL_REWRITTEN) == 3 && peers_finals(FINAL_QUARANTINED) == 1);
    CHECK(peers_gauge("recipients_quarantined") == 1);
    CHECK(peers_logged("ISQ: Quarantined MID 1\n") == 0 && peers_logged("ISQ: Quarantined MID ") == 1);
}

static void the_copy_is_what_is_quarantined(void **state)
{
    (void)state;
    assert_true(peers_life(quarantine_for_alternate_recipient));
}

/* --- what a worker may not say --- */

static void name_host_that_no_policy_has(void)
{
    struct deliver_job job;
    struct span text;
    use_policy("deliver", "spam.example", "");
    peers_judged_by = 2;
    accept_three();
    peers_host = "evil.example";
    peers_judge(1, 3, JUDGE_POSITIVE, JUDGE_DELIVER);
    CHECK(!peers_deliver_job(&job, &text) && peers_logged("killed its scan worker (invalid result)") == 1);
    CHECK(peers_scan_job() == 1);
    peers_host = "spam.example";
    peers_recipient = "evil@example.org";
    peers_judge(1, 3, JUDGE_POSITIVE, JUDGE_DELIVER);
    AWAIT(peers_finals(FINAL_QUARANTINED) == 3);
    CHECK(!peers_deliver_job(&job, &text) && peers_finals(FINAL_REWRITTEN) == 0);
}

static void a_host_or_recipient_that_no_policy_has_is_not_believed(void **state)
{
    (void)state;
    assert_true(peers_life(name_host_that_no_policy_has));
}

static void change_policy_meanwhile(void)
{
    struct deliver_job job;
    use_policy("deliver", "old.example", "");
    peers_judged_by = 2;
    accept_three();
    use_policy("deliver", "new.example", "");
    peers_host = "old.example";
    peers_judge(1, 3, JUDGE_POSITIVE, JUDGE_DELIVER);
    CHECK(peers_logged("killed its scan worker") == 0 && peers_scan_job() == 1);
    peers_judged_by = 3;
    peers_host = "new.example";
    peers_judge(1, 3, JUDGE_POSITIVE, JUDGE_DELIVER);
    CHECK(takes_job(&job, "new.example", 25));
}

static void mail_is_judged_again_when_its_host_has_left_the_policy(void **state)
{
    (void)state;
    assert_true(peers_life(change_policy_meanwhile));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, peers_set_up, peers_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_alternate_host_is_kept_for_every_try),
        TEST(one_copy_takes_the_place_of_three_recipients),
        TEST(the_failure_of_a_copy_is_told_as_that_of_its_recipients),
        TEST(the_copy_is_what_is_quarantined),
        TEST(a_host_or_recipient_that_no_policy_has_is_not_believed),
        TEST(mail_is_judged_again_when_its_host_has_left_the_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
