/* The pool of scan workers with real processes: what a bad message costs, and what comes back after a death. */
#define _GNU_SOURCE /* kill, usleep */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/log_lines.h"
#include "daemon/sandbox.h"
#include "daemon/scan/packet.h"
#include "engine/wire/wire.h"
#include "tests/unit/pool_fixture.h"

static void expect_children(uint32_t recipients, uint64_t size)
{
    struct arena *arena = arena_new();
    struct judge_result result;
    assert_true(judge_result_get(buf_span(&t.last_result), size, recipients, arena, &result));
    assert_int_equal(result.child_count, 1);
    assert_int_equal(result.children[0].rid_count, recipients);
    arena_free(arena);
}

static void a_message_is_judged(void **state)
{
    (void)state;
    submit(1, GOOD);
    run_until(1);
    assert_int_equal(t.results, 1);
    expect_children(1, strlen(GOOD));
    assert_non_null(strstr(t.report, "seccomp"));
}

static void a_message_that_crashes_its_worker_costs_no_neighbour(void **state)
{
    (void)state;
    for (uint64_t mid = 1; mid <= 20; mid++)
        submit(mid, mid == 5 ? CRASH : GOOD);
    run_until(20);
    assert_int_equal(t.results, 19);
    assert_int_equal(t.crashes, 1);
    assert_int_equal(t.crashed_mid, 5);
    assert_string_equal(t.cause, "signal 6");
    assert_string_equal(t.stage, "test hook");
    assert_int_equal(pool_job_count(t.pool, 0), 0);
}

static void the_second_try_is_alone_and_harms_nobody_either(void **state)
{
    (void)state;
    submit_to(5, memfd_of(CRASH, true), true, 1);
    submit_to(6, memfd_of(GOOD, true), true, 1);
    submit(7, GOOD);
    run_until(3);
    assert_int_equal(t.results, 2);
    assert_int_equal(t.crashed_mid, 5);
}

static void a_message_that_hangs_is_given_up_in_time(void **state)
{
    (void)state;
    submit(1, HANG);
    submit(2, GOOD);
    run_until(2);
    assert_int_equal(t.results, 1);
    assert_int_equal(t.crashed_mid, 1);
    assert_memory_equal(t.cause, "wall time 1 s", strlen("wall time 1 s"));
    submit(3, GOOD);
    submit(4, GOOD);
    run_until(4);
    assert_int_equal(t.results, 3);
}

static void a_message_that_could_still_change_is_not_read(void **state)
{
    (void)state;
    submit_to(1, memfd_of(GOOD, false), false, 1);
    run_until(1);
    assert_int_equal(t.crashes, 1);
    assert_string_equal(t.stage, "the message is not sealed");
}

static void an_empty_message_is_judged(void **state)
{
    (void)state;
    submit(1, "");
    run_until(1);
    assert_int_equal(t.results, 1);
}

/* A converter that was not opened before would need a file. */
static void no_charset_makes_a_worker_reach_for_files(void **state)
{
    (void)state;
    static const char *const charsets[] = {
        "utf-8",       "us-ascii",  "iso-8859-1", "iso-8859-15", "windows-1252",    "windows-1251", "koi8-r",
        "iso-2022-jp", "shift_jis", "euc-jp",     "gb2312",      "gb18030",         "big5",         "euc-kr",
        "utf-16",      "utf-16le",  "utf-7",      "utf-32",      "iso-2022-cn-ext", "iso-2022-kr",  "ibm1047",
        "x-unknown",   "macintosh", "tis-620",    "hz-gb-2312",  "utf-8//translit", "../gconv/x",   "",
    };
    enum { COUNT = sizeof charsets / sizeof charsets[0] };
    for (uint64_t i = 0; i < COUNT; i++) {
        char message[400];
        snprintf(message, sizeof message,
                 "Subject: =?%s?q?a=1B=24B=A4?=\r\nContent-Type: text/html; charset=\"%s\"\r\n\r\n"
                 "<p>a\x1b$B\xa4\xff+AGE-</p>\r\n",
                 charsets[i], charsets[i]);
        submit(i, message);
    }
    run_until(COUNT);
    assert_int_equal(t.results, COUNT);
}

static void twenty_thousand_recipients_come_back(void **state)
{
    (void)state;
    submit_to(1, memfd_of(GOOD, true), false, 20000);
    run_until(1);
    expect_children(20000, strlen(GOOD));
}

static struct buf told;

static bool take_log_event(struct span event)
{
    struct wire_reader in = wire_reader_of(event);
    enum log_line line;
    int64_t time;
    return log_event_format(&in, &line, &time, &told);
}

/* So many recipients that the answer comes in a descriptor of its own. */
static void an_answer_that_is_lost_as_too_many_descriptors_are_open_is_not_the_message_s_fault(void **state)
{
    (void)state;
    struct rlimit limit, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    log_set_output(take_log_event);
    submit_to(1, memfd_of(GOOD, true), false, 20000);
    int next = dup(0);
    close(next);
    none = (struct rlimit){(rlim_t)next, limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    for (int i = 0; i < 60 && !told.len; i++)
        run_a_while();
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    log_set_output(NULL);
    assert_non_null(strstr(buf_text(&told), "too many descriptors are open here for its answer"));
    buf_free(&told);
    if (t.results == 0) /* by the other worker, with the descriptor that the first one's end has freed */
        run_until(1);
    assert_int_equal(t.results, 1);
    assert_int_equal(t.crashes, 0);
    expect_children(20000, strlen(GOOD));
}

static void what_is_no_packet_and_what_could_not_arrive_are_told_apart(void **state)
{
    (void)state;
    int pair[2];
    struct rlimit limit, none;
    struct buf store = {0};
    struct packet packet;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    assert_true(packet_send(pair[0], WORKER_JOB, SPAN("body"), 0));
    assert_true(packet_send(pair[0], WORKER_JOB, SPAN("body"), 0));
    assert_int_equal(write(pair[0], "no packet", 9), 9);
    assert_int_equal(packet_receive(pair[1], &store, &packet), PACKET_GOOD);
    close(packet.fd);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = (struct rlimit){(rlim_t)packet.fd, limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(packet_receive(pair[1], &store, &packet), PACKET_LOST);
    assert_int_equal(packet_receive(pair[1], &store, &packet), PACKET_BROKEN);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    buf_free(&store);
    close(pair[0]);
    close(pair[1]);
}

static void a_worker_that_dies_idle_is_replaced(void **state)
{
    (void)state;
    pid_t worker = find_child("scan-worker");
    assert_true(worker > 0);
    kill(worker, SIGKILL);
    for (uint64_t mid = 1; mid <= 20; mid++)
        submit(mid, GOOD);
    run_until(20);
    assert_true(t.crashes <= 1); /* it may have had one in hand already */
    while (find_child("scan-worker") == worker || find_child("scan-worker") == 0)
        event_base_loop(t.base, EVLOOP_ONCE);
}

static void jobs_go_on_when_the_zygote_dies_and_a_new_one_is_made(void **state)
{
    (void)state;
    pid_t zygote = find_child("scan-zygote");
    assert_true(zygote > 0);
    kill(zygote, SIGKILL);
    submit(1, CRASH);
    submit(2, CRASH);
    for (uint64_t mid = 3; mid <= 20; mid++)
        submit(mid, GOOD);
    run_until(20);
    assert_int_equal(t.results, 18);
    assert_int_not_equal(find_child("scan-zygote"), 0);
    assert_int_not_equal(find_child("scan-zygote"), zygote);
}

static void mail_goes_before_what_others_ask(void **state)
{
    (void)state;
    for (uint64_t mid = 1; mid <= 10; mid++)
        submit_of_other(mid, GOOD); /* two of them are in workers at once */
    for (uint64_t mid = 11; mid <= 20; mid++)
        submit(mid, GOOD);
    assert_int_equal(pool_job_count(t.pool, 0), 10);
    assert_int_equal(pool_job_count(t.pool, 1), 10);
    struct buf mids = {0};
    pool_put_mids(t.pool, &mids);
    assert_int_equal(mids.len, 10 * sizeof(uint64_t)); /* the queue hears of its own only */
    buf_free(&mids);
    run_until(20);
    unsigned first = t.place_of[3], late = 0;
    for (uint64_t other = 4; other <= 10; other++)
        first = t.place_of[other] < first ? t.place_of[other] : first;
    for (uint64_t mail = 11; mail <= 20; mail++)
        late += t.place_of[mail] > first;
    assert_true(late <= 1); /* the last one may still be in work when the next of the others is handed out */
}

static void what_others_asked_and_need_no_more_is_not_scanned(void **state)
{
    (void)state;
    for (uint64_t mid = 1; mid <= 10; mid++)
        submit_of_other(mid, GOOD);
    pool_drop(t.pool, 2);
    assert_int_equal(pool_job_count(t.pool, 1), 10); /* those of somebody else stay */
    pool_drop(t.pool, 1);
    assert_int_equal(pool_job_count(t.pool, 1), 2);
    submit(11, GOOD);
    run_until(3);
    assert_int_equal(t.revision_of[11], 1);
}

static void a_score_is_given_whatever_the_policies_say(void **state)
{
    (void)state;
    struct runtime rt = make_runtime();
    rt.judge.policies[JUDGE_INCOMING].antispam = false;
    prepare(&rt);
    apply(2);
    submit_of_other(1, "Subject: hello\r\nX-Advertisement: spam\r\n\r\nhello\r\n");
    run_until(1);
    struct arena *arena = arena_new();
    struct judge_result result;
    assert_true(judge_result_get(buf_span(&t.last_result), 60, 0, arena, &result));
    assert_int_equal(result.children[0].score, 100);
    assert_int_equal(result.children[0].action, JUDGE_DELIVER);
    arena_free(arena);
}

static void jobs_in_hand_are_listed(void **state)
{
    (void)state;
    for (uint64_t mid = 1; mid <= 5; mid++)
        submit_to(mid, memfd_of(GOOD, true), mid == 5, 1);
    assert_int_equal(pool_job_count(t.pool, 0), 5);
    struct buf mids = {0};
    pool_put_mids(t.pool, &mids);
    struct wire_reader in = wire_reader_of(buf_span(&mids));
    uint64_t seen = 0;
    for (int i = 0; i < 5; i++)
        seen |= UINT64_C(1) << wire_get_u64(&in);
    assert_true(wire_reader_done(&in));
    assert_int_equal(seen, 0x3e);
    buf_free(&mids);
    run_until(5);
}

static bool is_gone(pid_t pid)
{
    char path[64], state = 'Z';
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "r");
    if (f && fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
        state = 'Z';
    if (f)
        fclose(f);
    return !f || state == 'Z';
}

/* Runs in a process of its own, so that it can die. */
static _Noreturn void be_a_supervisor(int out)
{
    pool_begin(NULL);
    pid_t pids[] = {find_child("scan-zygote"), find_child("scan-worker")};
    if (write(out, pids, sizeof pids) != sizeof pids)
        _exit(1);
    for (;;)
        pause();
}

static void nobody_outlives_the_supervisor(void **state)
{
    (void)state;
    int pipe_ends[2];
    pid_t pids[2];
    assert_int_equal(pipe(pipe_ends), 0);
    pid_t supervisor = fork();
    if (supervisor == 0)
        be_a_supervisor(pipe_ends[1]);
    close(pipe_ends[1]);
    assert_int_equal(read(pipe_ends[0], pids, sizeof pids), sizeof pids);
    assert_true(pids[0] > 0 && pids[1] > 0 && !is_gone(pids[0]) && !is_gone(pids[1]));
    kill(supervisor, SIGKILL);
    waitpid(supervisor, NULL, 0);
    for (int i = 0; i < 500 && !(is_gone(pids[0]) && is_gone(pids[1])); i++)
        usleep(10000);
    assert_true(is_gone(pids[0]));
    assert_true(is_gone(pids[1]));
    close(pipe_ends[0]);
}

/* The role closes its sandbox after the first zygote and workers are made: it must still be able to kill them, and to
 * make others. */
static void all_of_it_works_from_within_the_role_s_sandbox(void **state)
{
    (void)state;
    pid_t supervisor = fork();
    if (supervisor == 0) {
        const struct sandbox box = {.fork = true};
        struct buf report = {0};
        struct error error;
        pool_begin(NULL);
        pid_t zygote = find_child("scan-zygote");
        if (!sandbox_enter(&box, &report, &error) || kill(zygote, SIGKILL) != 0)
            _exit(1);
        submit(1, HANG);
        submit(2, CRASH);
        for (uint64_t mid = 3; mid <= 9; mid++)
            submit(mid, GOOD);
        run_until(9);
        struct runtime rt = make_runtime();
        prepare(&rt);
        apply(2);
        submit(10, GOOD);
        run_until(10);
        pool_free(t.pool);
        _exit(t.results == 8 && t.crashes == 2 ? 0 : 2);
    }
    int status;
    waitpid(supervisor, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(a_message_is_judged),
        POOL_TEST(a_message_that_crashes_its_worker_costs_no_neighbour),
        POOL_TEST(the_second_try_is_alone_and_harms_nobody_either),
        POOL_TEST(a_message_that_hangs_is_given_up_in_time),
        POOL_TEST(a_message_that_could_still_change_is_not_read),
        POOL_TEST(an_empty_message_is_judged),
        POOL_TEST(no_charset_makes_a_worker_reach_for_files),
        POOL_TEST(twenty_thousand_recipients_come_back),
        POOL_TEST(an_answer_that_is_lost_as_too_many_descriptors_are_open_is_not_the_message_s_fault),
        cmocka_unit_test(what_is_no_packet_and_what_could_not_arrive_are_told_apart),
        POOL_TEST(a_worker_that_dies_idle_is_replaced),
        POOL_TEST(jobs_go_on_when_the_zygote_dies_and_a_new_one_is_made),
        POOL_TEST(mail_goes_before_what_others_ask),
        POOL_TEST(what_others_asked_and_need_no_more_is_not_scanned),
        POOL_TEST(a_score_is_given_whatever_the_policies_say),
        POOL_TEST(jobs_in_hand_are_listed),
        cmocka_unit_test(all_of_it_works_from_within_the_role_s_sandbox),
        cmocka_unit_test(nobody_outlives_the_supervisor),
    };
    mime_charsets_open();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
