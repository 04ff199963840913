/* The queue role behind its hooks: deliveries by smtp and into a Maildir, tries, bounces. */
#define _GNU_SOURCE
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/queue_peers.h"

static bool dies_after_rename;

int __real_renameat(int from_folder, const char *from, int to_folder, const char *to);
int __wrap_renameat(int from_folder, const char *from, int to_folder, const char *to);
int __wrap_renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    int result = __real_renameat(from_folder, from, to_folder, to);
    if (dies_after_rename)
        _exit(0);
    return result;
}

static void defer_one(void)
{
    peers_accept_one();
    struct deliver_job job = peers_judge_and_take_job(), again;
    struct span text;
    peers_deliver(&job, DELIVER_DEFERRED, "busy");
    CHECK(peers_logged("Delayed: DCID 9 MID 1 to RID 0 - 4.2.0") == 1);
    CHECK(peers_gauge("recipients_delayed") == 1);
    CHECK(peers_delivery_acknowledged(1, 1));
    /* Told again after its acknowledgement was lost: not counted again. */
    peers_deliver(&job, DELIVER_DEFERRED, "busy");
    CHECK(peers_delivery_acknowledged(1, 1));
    CHECK(peers_logged("Delayed:") == 1);
    CHECK(!peers_deliver_job(&again, &text));
    AWAIT(peers_deliver_job(&again, &text));
    CHECK(again.attempt == 2);
}

static void deferred_mail_is_tried_again_later(void **state)
{
    (void)state;
    peers_set("queue.retry-first", "1");
    assert_true(peers_life(defer_one));
}

static void bounce_one(void)
{
    peers_accept_one();
    struct deliver_job job = peers_judge_and_take_job();
    struct span text;
    peers_deliver(&job, DELIVER_FAILED, "no such user");
    CHECK(peers_logged("Bounced: DCID 9 MID 1 to RID 0 - 5.1.1") == 1);
    CHECK(peers_finals(FINAL_BOUNCED) == 1);
    CHECK(peers_deliver_job(&job, &text));
    CHECK(job.sender.n == 0 && job.mid != 1);
    CHECK(span_equal(job.recipients[0].address, SPAN("from@example.org")));
    CHECK(span_find_span(text, SPAN("no such user")) < text.n);
    CHECK(peers_scan_job() == 0);
    peers_deliver(&job, DELIVER_FAILED, "no such sender");
    CHECK(peers_logged("Double bounce: MID") == 1);
    CHECK(!peers_deliver_job(&job, &text));
    CHECK(peers_finals(FINAL_DROPPED) == 1);
    CHECK(peers_gauge("messages") == 0 && peers_gauge("spool_bytes") == 0);
}

static void a_failure_bounces_once_and_a_bounce_never(void **state)
{
    (void)state;
    assert_true(peers_life(bounce_one));
}

static void expire_one(void)
{
    peers_accept_one();
    struct deliver_job job = peers_judge_and_take_job();
    peers_pass_time(2);
    peers_deliver(&job, DELIVER_DEFERRED, "busy");
    CHECK(peers_logged("Delivery expired (message too old)") == 1);
    CHECK(peers_logged("was generated for bounce of MID 1") == 1);
}

static void mail_past_its_lifetime_bounces(void **state)
{
    (void)state;
    peers_set("queue.lifetime", "1");
    assert_true(peers_life(expire_one));
}

static void take_job_and_die(void)
{
    peers_accept_one();
    CHECK(peers_judge_and_take_job().attempt == 1);
}

static void meet_smtp_with_the_job_in_hand(void)
{
    struct deliver_job job;
    struct span text;
    peers_smtp_hello(1, 1);
    peers_turn();
    CHECK(!peers_deliver_job(&job, &text)); /* smtp has it */
    peers_smtp_hello(0, 0);                 /* now it has not: it died */
    CHECK(peers_deliver_job(&job, &text) && job.attempt == 1);
    peers_deliver(&job, DELIVER_DONE, "ok");
    CHECK(peers_delivery_acknowledged(1, 1));
}

static void get_the_result_again(void)
{
    struct deliver_recipient r = {.rid = 0, .address = SPAN("to@example.net")};
    struct deliver_job job = {.mid = 1, .attempt = 1, .recipients = &r, .recipient_count = 1};
    peers_smtp_hello(1, 1);
    peers_deliver(&job, DELIVER_DONE, "ok");
    CHECK(peers_delivery_acknowledged(1, 1));
    CHECK(peers_logged("Response") == 0);
}

static void what_smtp_has_in_hand_is_not_sent_twice(void **state)
{
    (void)state;
    assert_true(peers_life(take_job_and_die));
    assert_true(peers_life(meet_smtp_with_the_job_in_hand));
    assert_true(peers_life(get_the_result_again));
}

static int files_in(const char *folder)
{
    int count = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir && (e = readdir(dir));)
        count += e->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return count;
}

static void judge_for_maildir(void)
{
    peers_scan_hello(0);
    peers_up(ROLE_SMTP);
    peers_send_mail(1, "from@example.org", "a@example.net b@example.net", MAIL);
    CHECK(peers_accepted(1) && peers_scan_job() == 1);
    peers_judge(1, 2, JUDGE_NEGATIVE, JUDGE_DELIVER);
    peers_turn();
    CHECK(files_in("box/new") == 2 && files_in("box/tmp") == 0);
    CHECK(peers_finals(FINAL_DELIVERED) == 2);
}

static void a_maildir_gets_one_file_for_each_recipient(void **state)
{
    (void)state;
    peers_set("route", "maildir:box");
    assert_true(peers_life(judge_for_maildir));
}

static void die_between_file_and_commit(void)
{
    peers_scan_hello(0);
    peers_up(ROLE_SMTP);
    peers_send_mail(1, "from@example.org", "a@example.net", MAIL);
    CHECK(peers_accepted(1) && peers_scan_job() == 1);
    dies_after_rename = true;
    peers_judge(1, 1, JUDGE_NEGATIVE, JUDGE_DELIVER);
    CHECK(!"still alive");
}

static void finish_without_a_second_file(void)
{
    CHECK(peers_gauge("messages") == 1);
    AWAIT(peers_finals(FINAL_DELIVERED) == 1);
    CHECK(files_in("box/new") == 0 && files_in("box/cur") == 1);
    CHECK(peers_gauge("messages") == 0);
}

static void a_file_written_before_a_death_is_not_doubled(void **state)
{
    (void)state;
    char from[600], to[600], name[300] = "";
    peers_set("route", "maildir:box");
    assert_true(peers_life(die_between_file_and_commit));
    snprintf(from, sizeof from, "%s/box/new", peers_folder());
    DIR *dir = opendir(from);
    for (struct dirent *e; (e = readdir(dir));)
        if (e->d_name[0] != '.')
            snprintf(name, sizeof name, "%s", e->d_name);
    closedir(dir);
    assert_int_not_equal(name[0], '\0');
    snprintf(from, sizeof from, "%s/box/new/%s", peers_folder(), name);
    snprintf(to, sizeof to, "%s/box/cur/%s:2,S", peers_folder(), name);
    assert_int_equal(rename(from, to), 0); /* somebody reads mail meanwhile */
    assert_true(peers_life(finish_without_a_second_file));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, peers_set_up, peers_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(deferred_mail_is_tried_again_later),
        TEST(a_failure_bounces_once_and_a_bounce_never),
        TEST(mail_past_its_lifetime_bounces),
        TEST(what_smtp_has_in_hand_is_not_sent_twice),
        TEST(a_maildir_gets_one_file_for_each_recipient),
        TEST(a_file_written_before_a_death_is_not_doubled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
