/* The queue role behind its hooks: mail that other engines are asked about, and a peers role that does not do its work. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/queue_peers.h"

enum { PATIENCE = 10, TIME_OUT = 60 /* of the built-in configuration */ };

static void use_multiscan(void)
{
    peers_set_row(SCHEMA_MULTISCAN, "", MULTISCAN_ENABLED, "on");
    peers_set_row(SCHEMA_MULTISCAN, "", MULTISCAN_RSPAMD, "http://127.0.0.1:11333");
    peers_set_row(SCHEMA_MULTISCAN, "", MULTISCAN_CONNECTIONS, "1");
    peers_set_row(SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_ANTISPAM, "on");
    peers_set_row(SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_ENGINE, "multiscan");
    peers_commit();
}

static void send_mail(uint64_t mid)
{
    peers_send_mail(mid, "from@example.org", "to@example.net", MAIL);
    CHECK(peers_accepted(mid));
}

static void say_hello(void)
{
    struct buf empty = {0};
    peers_up(ROLE_PEERS);
    peers_tell(ROLE_PEERS, MSG_PEERS_HELLO, &empty);
    peers_turn();
}

/* Takes the next job of this type; its MID, 0 when there is none.  *state: what is known of rspamd. */
static uint64_t take_job(enum role_id peer, uint16_t type, enum peer_state *state)
{
    struct wire_reader in;
    struct scan_job job;
    struct arena *arena = arena_new();
    int fd;
    bool there = peers_take(peer, type, &in, &fd);
    CHECK(!there || scan_job_get(&in, arena, &job));
    arena_free(arena);
    if (!there)
        return 0;
    close(fd);
    *state = job.peers[PEER_RSPAMD].state;
    return job.mid;
}

static bool is_asked_about(uint64_t mid)
{
    enum peer_state state;
    return take_job(ROLE_PEERS, MSG_PEERS_JOB, &state) == mid;
}

/* It goes to its scan, with or without a verdict of rspamd. */
static bool is_scanned(uint64_t mid, enum peer_state wanted)
{
    enum peer_state state;
    return take_job(ROLE_SCAN, MSG_SCAN_JOB, &state) == mid && state == wanted;
}

static bool nothing_is_scanned(void)
{
    enum peer_state state;
    peers_turn();
    return take_job(ROLE_SCAN, MSG_SCAN_JOB, &state) == 0;
}

static void answer(uint64_t mid)
{
    const struct peer_verdict verdicts[PEER_COUNT] = {[PEER_RSPAMD] = {.state = PEER_ANSWERED}};
    struct buf body = {0};
    wire_put_u64(&body, mid);
    peer_verdicts_put(&body, verdicts);
    peers_tell(ROLE_PEERS, MSG_PEERS_RESULT, &body);
    peers_turn();
}

static void life_asked_first(void)
{
    peers_hello();
    use_multiscan();
    say_hello();
    send_mail(1);
    CHECK(is_asked_about(1) && nothing_is_scanned());
    answer(1);
    CHECK(is_scanned(1, PEER_ANSWERED));
}

static void mail_is_asked_about_before_its_scan(void **state)
{
    (void)state;
    assert_true(peers_life(life_asked_first));
}

/* The store took long to open, or control was long in coming. */
static void life_after_start(void)
{
    peers_pass_idle(PATIENCE * 10);
    peers_first_config();
    peers_hello();
    use_multiscan();
    send_mail(1);
    CHECK(nothing_is_scanned());
    say_hello();
    CHECK(is_asked_about(1));
}

static void right_after_the_start_mail_waits_for_the_role(void **state)
{
    (void)state;
    peers_without_config = true;
    bool good = peers_life(life_after_start);
    peers_without_config = false;
    assert_true(good);
}

static void life_never_ready(void)
{
    peers_hello();
    use_multiscan();
    send_mail(1);
    for (int i = 1; i < PATIENCE; i++) {
        CHECK(nothing_is_scanned());
        peers_up(ROLE_PEERS); /* again: it died before it said hello */
        peers_pass_idle(1);
    }
    peers_pass_idle(1);
    AWAIT(is_scanned(1, PEER_DOWN));
    send_mail(2);
    CHECK(is_scanned(2, PEER_DOWN)); /* at once: nobody is waited for */
}

static void a_role_that_never_gets_ready_holds_mail_for_ten_seconds_in_all(void **state)
{
    (void)state;
    assert_true(peers_life(life_never_ready));
}

static void life_silent(void)
{
    peers_hello();
    use_multiscan();
    say_hello();
    for (uint64_t mid = 1; mid <= 3; mid++)
        send_mail(mid);
    CHECK(is_asked_about(1) && !is_asked_about(2));
    peers_pass_idle(TIME_OUT);
    CHECK(nothing_is_scanned() && peers_replaced[ROLE_PEERS] == 0);
    peers_pass_idle(PATIENCE);
    AWAIT(is_scanned(1, PEER_DOWN));
    CHECK(is_scanned(2, PEER_DOWN) && is_scanned(3, PEER_DOWN));
    CHECK(peers_replaced[ROLE_PEERS] == 1);
    send_mail(4);
    CHECK(is_scanned(4, PEER_DOWN));
    peers_judge(4, 1, JUDGE_NEGATIVE, JUDGE_DELIVER);
    say_hello();
    send_mail(5);
    CHECK(is_asked_about(5));
    answer(5);
    CHECK(is_scanned(5, PEER_ANSWERED));
}

static void a_silent_role_is_started_anew_and_mail_goes_on_without_it(void **state)
{
    (void)state;
    assert_true(peers_life(life_silent));
}

static void life_keeps_dying(void)
{
    enum { LIVES = 4 };
    peers_hello();
    use_multiscan();
    for (uint64_t mid = 1; mid <= LIVES; mid++)
        send_mail(mid);
    for (int i = 0; i < LIVES; i++)
        say_hello();
    for (uint64_t mid = 1; mid <= LIVES; mid++)
        CHECK(is_scanned(mid, PEER_DOWN));
}

static void a_role_that_says_hello_and_dies_again_and_again_holds_nothing_up(void **state)
{
    (void)state;
    assert_true(peers_life(life_keeps_dying));
}

/* It answers each message at the last moment. */
static void life_slow(void)
{
    peers_hello();
    use_multiscan();
    say_hello();
    for (uint64_t mid = 1; mid <= 3; mid++)
        send_mail(mid);
    CHECK(is_asked_about(1));
    peers_pass_idle(TIME_OUT + PATIENCE - 5);
    answer(1);
    CHECK(is_scanned(1, PEER_ANSWERED) && is_asked_about(2) && nothing_is_scanned());
    peers_pass_idle(5);
    AWAIT(is_scanned(3, PEER_CROWDED));
    answer(2);
    CHECK(is_scanned(2, PEER_ANSWERED) && peers_replaced[ROLE_PEERS] == 0);
}

static void mail_does_not_wait_longer_than_the_time_out_for_peers_that_are_too_slow(void **state)
{
    (void)state;
    assert_true(peers_life(life_slow));
}

static void say_of_work_queue(bool pause)
{
    struct buf body = {0};
    wire_put_u32(&body, 1);
    wire_put_u8(&body, pause);
    peers_tell(ROLE_CONTROL, MSG_WORKQUEUE, &body);
    peers_turn();
}

static void life_paused(void)
{
    peers_hello();
    use_multiscan();
    say_hello();
    send_mail(1);
    send_mail(2);
    CHECK(is_asked_about(1));
    say_of_work_queue(true);
    answer(1);
    peers_pass_idle(10.0 * TIME_OUT);
    CHECK(nothing_is_scanned());
    say_of_work_queue(false);
    CHECK(is_asked_about(2));
    CHECK(is_scanned(1, PEER_ANSWERED) && nothing_is_scanned());
}

static void a_pause_of_the_work_queue_takes_no_verdicts_from_mail(void **state)
{
    (void)state;
    assert_true(peers_life(life_paused));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, peers_set_up, peers_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(mail_is_asked_about_before_its_scan),
        TEST(right_after_the_start_mail_waits_for_the_role),
        TEST(a_role_that_never_gets_ready_holds_mail_for_ten_seconds_in_all),
        TEST(a_silent_role_is_started_anew_and_mail_goes_on_without_it),
        TEST(a_role_that_says_hello_and_dies_again_and_again_holds_nothing_up),
        TEST(mail_does_not_wait_longer_than_the_time_out_for_peers_that_are_too_slow),
        TEST(a_pause_of_the_work_queue_takes_no_verdicts_from_mail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
