/* The pool of scan workers with real processes: what a bad message costs, what comes back after a death, and how one
 * generation takes over from another. */
#define _GNU_SOURCE /* memfd_create */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/protocol.h"
#include "daemon/sandbox.h"
#include "daemon/scan/pool.h"
#include "engine/base/xalloc.h"
#include "engine/scan/model.h"

static const char good[] = "Subject: hello\r\n\r\nNothing wrong here.\r\n";
static const char crash[] = "Subject: hello\r\nX-Mailward-Test: crash\r\n\r\n.\r\n";
static const char hang[] = "Subject: hello\r\nX-Mailward-Test: hang\r\n\r\n.\r\n";

/* What the pool of the running test has said. */
static struct {
    struct event_base *base;
    struct buf model_file;
    struct scan_model *model;
    struct pool *pool;
    unsigned results, crashes, expected;
    uint64_t crashed_mid;
    char stage[64], cause[64], report[100];
    struct buf last_result;
    uint64_t revision_of[64]; /* by MID */
    unsigned answers;         /* to prepares */
    struct error refusal;     /* of the last; "" when it was none */
} t;

static void count_and_stop(void)
{
    if (t.results + t.crashes == t.expected)
        event_base_loopbreak(t.base);
}

static void on_prepared(const struct error *refusal, struct span report)
{
    t.answers++;
    t.refusal = refusal ? *refusal : (struct error){{0}};
    snprintf(t.report, sizeof t.report, "%.*s", (int)report.n, report.p);
    event_base_loopbreak(t.base);
}

static void on_result(uint64_t mid, uint64_t revision, struct span result)
{
    t.revision_of[mid] = revision;
    t.results++;
    buf_clear(&t.last_result);
    buf_append_span(&t.last_result, result);
    count_and_stop();
}

static void on_crash(uint64_t mid, struct span stage, struct span cause)
{
    t.crashes++;
    t.crashed_mid = mid;
    snprintf(t.stage, sizeof t.stage, "%.*s", (int)stage.n, stage.p);
    snprintf(t.cause, sizeof t.cause, "%.*s", (int)cause.n, cause.p);
    count_and_stop();
}

static struct scan_model *make_model(void)
{
    static const int8_t weights[1 << SCAN_MODEL_LEAST_BITS];
    struct error error;
    scan_model_put(&t.model_file, &(struct scan_model_parameters){
                                      .table_bits = SCAN_MODEL_LEAST_BITS, .weights = weights, .slope = 1});
    return scan_model_parse(buf_span(&t.model_file), &error);
}

static struct runtime make_runtime(void)
{
    struct runtime rt = {.timeout_us = 1000000, .texts = arena_new()};
    judge_runtime_defaults(&rt.judge);
    rt.judge.model = t.model;
    rt.judge.test_hooks = true;
    return rt;
}

/* Fails, rather than waits for ever, when they do not come. */
static void run_until(unsigned answers)
{
    const struct timeval patience = {.tv_sec = 20};
    t.expected = answers;
    event_base_loopexit(t.base, &patience);
    event_base_dispatch(t.base);
    assert_int_equal(t.results + t.crashes, answers);
}

/* Runs for a moment, with nothing expected. */
static void run_a_while(void)
{
    const struct timeval a_while = {.tv_usec = 300 * 1000};
    t.expected = UINT32_MAX;
    event_base_loopexit(t.base, &a_while);
    event_base_dispatch(t.base);
}

static void begin_to_prepare(const struct runtime *rt)
{
    struct error error;
    t.refusal.text[0] = '\0';
    assert_true(pool_prepare(t.pool, rt, &error));
}

static void await_prepared(void)
{
    const struct timeval patience = {.tv_sec = 20};
    unsigned before = t.answers;
    t.expected = UINT32_MAX;
    event_base_loopexit(t.base, &patience);
    event_base_dispatch(t.base);
    assert_int_equal(t.answers, before + 1);
}

static void prepare(const struct runtime *rt)
{
    begin_to_prepare(rt);
    await_prepared();
}

static void apply(uint64_t revision)
{
    pool_apply(t.pool);
    pool_set_revision(t.pool, revision);
}

static void pool_make(void)
{
    memset(&t, 0, sizeof t);
    t.base = event_base_new();
    t.model = make_model();
    const struct pool_handler handler = {on_prepared, on_result, on_crash};
    t.pool = pool_new(t.base, 2, 100 << 20, &handler);
}

static int pool_begin(void **state)
{
    (void)state;
    pool_make();
    struct runtime rt = make_runtime();
    prepare(&rt);
    assert_string_equal(t.refusal.text, "");
    apply(1);
    return 0;
}

static int pool_end(void **state)
{
    (void)state;
    pool_free(t.pool);
    event_base_free(t.base);
    scan_model_free(t.model);
    buf_free(&t.model_file);
    buf_free(&t.last_result);
    return 0;
}

static int memfd_of(const char *text, bool sealed)
{
    int fd = memfd_create("message", MFD_ALLOW_SEALING | MFD_CLOEXEC);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    if (sealed)
        assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), 0);
    return fd;
}

static void submit_to(uint64_t mid, int fd, bool alone, uint32_t recipient_count)
{
    struct span *recipients = xcalloc(recipient_count, sizeof *recipients);
    for (uint32_t i = 0; i < recipient_count; i++)
        recipients[i] = SPAN("ann@gw.example");
    struct scan_job wire = {.mid = mid,
                            .alone = alone,
                            .sender = SPAN("bob@example.org"),
                            .recipients = recipients,
                            .recipient_count = recipient_count};
    struct job *job = xcalloc(1, sizeof *job);
    *job = (struct job){.mid = mid, .alone = alone, .fd = fd};
    scan_job_put(&job->envelope, &wire);
    free(recipients);
    pool_submit(t.pool, job);
}

static void submit(uint64_t mid, const char *text)
{
    submit_to(mid, memfd_of(text, true), false, 1);
}

static void expect_children(uint32_t recipients, uint64_t size)
{
    struct arena *arena = arena_new();
    struct judge_result result;
    assert_true(judge_result_get(buf_span(&t.last_result), size, recipients, arena, &result));
    assert_int_equal(result.child_count, 1);
    assert_int_equal(result.children[0].rid_count, recipients);
    arena_free(arena);
}

/* How many child processes of ours gave themselves that name, zombies left out; one of them goes to found. */
static unsigned count_children(const char *name, pid_t *found)
{
    DIR *proc = opendir("/proc");
    unsigned count = 0;
    for (struct dirent *e; (e = readdir(proc));) {
        char path[300], comm[32];
        int pid, parent;
        snprintf(path, sizeof path, "/proc/%s/stat", e->d_name);
        FILE *f = atoi(e->d_name) > 0 ? fopen(path, "r") : NULL;
        if (!f)
            continue;
        char run_state;
        if (fscanf(f, "%d (%31[^)]) %c %d", &pid, comm, &run_state, &parent) == 4 && parent == getpid() &&
            run_state != 'Z' && strcmp(comm, name) == 0) {
            *found = pid;
            count++;
        }
        fclose(f);
    }
    closedir(proc);
    return count;
}

/* One of them, or 0. */
static pid_t find_child(const char *name)
{
    pid_t found = 0;
    count_children(name, &found);
    return found;
}

/* The child that was made last, whatever its name is by now. */
static pid_t youngest_child(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *f = fopen(path, "r");
    int youngest = 0;
    for (int pid; f && fscanf(f, "%d", &pid) == 1;)
        youngest = pid;
    if (f)
        fclose(f);
    assert_true(youngest > 0);
    return youngest;
}

static void expect_children_named(const char *name, unsigned count)
{
    pid_t any;
    unsigned there = count_children(name, &any);
    for (int i = 0; i < 100 && there != count; i++) {
        run_a_while();
        there = count_children(name, &any);
    }
    assert_int_equal(there, count);
}

static void a_message_is_judged(void **state)
{
    (void)state;
    submit(1, good);
    run_until(1);
    assert_int_equal(t.results, 1);
    expect_children(1, strlen(good));
    assert_non_null(strstr(t.report, "seccomp"));
}

static void a_message_that_crashes_its_worker_costs_no_neighbour(void **state)
{
    (void)state;
    for (uint64_t mid = 1; mid <= 20; mid++)
        submit(mid, mid == 5 ? crash : good);
    run_until(20);
    assert_int_equal(t.results, 19);
    assert_int_equal(t.crashes, 1);
    assert_int_equal(t.crashed_mid, 5);
    assert_string_equal(t.cause, "signal 6");
    assert_string_equal(t.stage, "test hook");
    assert_int_equal(pool_job_count(t.pool), 0);
}

static void the_second_try_is_alone_and_harms_nobody_either(void **state)
{
    (void)state;
    submit_to(5, memfd_of(crash, true), true, 1);
    submit_to(6, memfd_of(good, true), true, 1);
    submit(7, good);
    run_until(3);
    assert_int_equal(t.results, 2);
    assert_int_equal(t.crashed_mid, 5);
}

static void a_message_that_hangs_is_given_up_in_time(void **state)
{
    (void)state;
    submit(1, hang);
    submit(2, good);
    run_until(2);
    assert_int_equal(t.results, 1);
    assert_int_equal(t.crashed_mid, 1);
    assert_memory_equal(t.cause, "wall time 1 s", strlen("wall time 1 s"));
    submit(3, good);
    submit(4, good);
    run_until(4);
    assert_int_equal(t.results, 3);
}

static void a_message_that_could_still_change_is_not_read(void **state)
{
    (void)state;
    submit_to(1, memfd_of(good, false), false, 1);
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
    submit_to(1, memfd_of(good, true), false, 20000);
    run_until(1);
    expect_children(20000, strlen(good));
}

static void a_worker_that_dies_idle_is_replaced(void **state)
{
    (void)state;
    pid_t worker = find_child("scan-worker");
    assert_true(worker > 0);
    kill(worker, SIGKILL);
    for (uint64_t mid = 1; mid <= 20; mid++)
        submit(mid, good);
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
    submit(1, crash);
    submit(2, crash);
    for (uint64_t mid = 3; mid <= 20; mid++)
        submit(mid, good);
    run_until(20);
    assert_int_equal(t.results, 18);
    assert_int_not_equal(find_child("scan-zygote"), 0);
    assert_int_not_equal(find_child("scan-zygote"), zygote);
}

static void jobs_in_hand_are_listed(void **state)
{
    (void)state;
    for (uint64_t mid = 1; mid <= 5; mid++)
        submit_to(mid, memfd_of(good, true), mid == 5, 1);
    assert_int_equal(pool_job_count(t.pool), 5);
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
        submit(1, hang);
        submit(2, crash);
        for (uint64_t mid = 3; mid <= 9; mid++)
            submit(mid, good);
        run_until(9);
        struct runtime rt = make_runtime();
        prepare(&rt);
        apply(2);
        submit(10, good);
        run_until(10);
        pool_free(t.pool);
        _exit(t.results == 8 && t.crashes == 2 ? 0 : 2);
    }
    int status;
    waitpid(supervisor, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void before_the_first_generation_is_applied_messages_wait(void **state)
{
    (void)state;
    pool_make();
    submit(1, good);
    struct runtime rt = make_runtime();
    prepare(&rt);
    run_a_while();
    assert_int_equal(t.results, 0);
    assert_int_equal(pool_job_count(t.pool), 1);
    t.expected = 1;
    apply(7);
    run_until(1);
    assert_int_equal(t.revision_of[1], 7);
    pool_end(NULL);
}

static void each_message_has_the_revision_with_which_it_was_handed_out(void **state)
{
    (void)state;
    struct runtime rt = make_runtime();
    prepare(&rt);
    for (uint64_t mid = 1; mid <= 40; mid++)
        submit(mid, good); /* two go out at once, the others wait */
    apply(2);
    for (uint64_t mid = 41; mid <= 50; mid++)
        submit(mid, good);
    run_until(50);
    for (uint64_t mid = 1; mid <= 50; mid++)
        assert_int_equal(t.revision_of[mid], mid <= 2 ? 1 : 2);
    expect_children_named("scan-zygote", 1);
    expect_children_named("scan-worker", 2);
}

static void the_new_generation_judges_by_the_new_configuration(void **state)
{
    (void)state;
    struct runtime rt = make_runtime();
    rt.judge.policies[JUDGE_INCOMING].name = SPAN("NEW");
    rt.judge.antispam = false;
    prepare(&rt);
    apply(2);
    submit(1, good);
    run_until(1);
    struct arena *arena = arena_new();
    struct judge_result result;
    assert_true(judge_result_get(buf_span(&t.last_result), strlen(good), 1, arena, &result));
    assert_int_equal(result.children[0].verdict, JUDGE_OFF);
    assert_true(span_equal(result.children[0].policy, SPAN("NEW")));
    arena_free(arena);
}

static void a_message_of_the_old_generation_may_take_its_time_and_its_worker_s_life(void **state)
{
    (void)state;
    struct runtime rt = make_runtime();
    prepare(&rt);
    submit(1, hang);
    apply(2);
    submit(2, good);
    submit(3, good);
    assert_int_equal(pool_job_count(t.pool), 3);
    run_until(3);
    assert_int_equal(t.crashed_mid, 1);
    assert_memory_equal(t.cause, "wall time 1 s", strlen("wall time 1 s"));
    expect_children_named("scan-worker", 2);
}

static void a_third_generation_is_prepared_while_the_first_one_drains(void **state)
{
    (void)state;
    submit(1, hang);
    for (uint64_t revision = 2; revision <= 3; revision++) {
        struct runtime rt = make_runtime();
        prepare(&rt);
        assert_string_equal(t.refusal.text, "");
        apply(revision);
        submit(revision, good);
    }
    run_until(3);
    assert_int_equal(t.results, 2);
    assert_int_equal(t.revision_of[3], 3);
    expect_children_named("scan-zygote", 1);
    expect_children_named("scan-worker", 2);
}

static void what_was_prepared_can_be_discarded(void **state)
{
    (void)state;
    struct runtime ready = make_runtime(), unready = make_runtime();
    prepare(&ready);
    pool_discard(t.pool);
    begin_to_prepare(&unready);
    pool_discard(t.pool);
    submit(1, good);
    run_until(1);
    run_a_while();
    assert_int_equal(t.answers, 2); /* the one of the setup, and the first one's */
    assert_int_equal(t.revision_of[1], 1);
    expect_children_named("scan-zygote", 1);
    expect_children_named("scan-worker", 2);
}

static void the_last_of_two_prepares_is_the_one_that_counts(void **state)
{
    (void)state;
    struct runtime first = make_runtime(), second = make_runtime();
    begin_to_prepare(&first);
    prepare(&second);
    run_a_while();
    assert_int_equal(t.answers, 2);
    apply(2);
    submit(1, good);
    run_until(1);
    assert_int_equal(t.revision_of[1], 2);
}

static void expect_refused(const struct runtime *rt, const char *reason)
{
    prepare(rt);
    assert_string_equal(t.refusal.text, reason);
    submit(1, good);
    run_until(1);
    assert_int_equal(t.revision_of[1], 1);
    expect_children_named("scan-zygote", 1);
    expect_children_named("scan-worker", 2);
}

static void a_generation_that_judges_the_test_message_wrongly_is_refused(void **state)
{
    (void)state;
    struct runtime rt = make_runtime();
    rt.judge.policies[JUDGE_INCOMING].positive.header = SPAN("X-Mailward-Test: refuse-prepare");
    expect_refused(&rt, "the test message was not judged as it must be");
}

static void a_generation_that_does_not_survive_the_test_message_is_refused(void **state)
{
    (void)state;
    struct runtime rt = make_runtime();
    rt.judge.policies[JUDGE_INCOMING].positive.header = SPAN("X-Mailward-Test: crash");
    expect_refused(&rt, "the test message killed its worker (signal 6)");
}

static void a_generation_that_does_not_answer_in_time_is_refused(void **state)
{
    (void)state;
    struct runtime rt = make_runtime();
    rt.judge.policies[JUDGE_INCOMING].positive.header = SPAN("X-Mailward-Test: hang");
    expect_refused(&rt, "the new workers were not ready in time");
}

static void a_zygote_that_dies_while_it_prepares_is_a_refusal(void **state)
{
    (void)state;
    struct runtime rt = make_runtime();
    begin_to_prepare(&rt);
    kill(youngest_child(), SIGKILL);
    await_prepared();
    assert_non_null(strstr(t.refusal.text, "zygote"));
    submit(1, good);
    run_until(1);
    expect_children_named("scan-zygote", 1);
}

static void a_worker_that_dies_in_the_prepared_generation_is_replaced(void **state)
{
    (void)state;
    struct runtime rt = make_runtime();
    prepare(&rt);
    kill(find_child("scan-worker"), SIGKILL);
    run_a_while();
    expect_children_named("scan-worker", 4);
    apply(2);
    submit(1, good);
    run_until(1);
    assert_int_equal(t.revision_of[1], 2);
}

#define POOL_TEST(test) cmocka_unit_test_setup_teardown(test, pool_begin, pool_end)

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
        POOL_TEST(a_worker_that_dies_idle_is_replaced),
        POOL_TEST(jobs_go_on_when_the_zygote_dies_and_a_new_one_is_made),
        POOL_TEST(jobs_in_hand_are_listed),
        cmocka_unit_test(before_the_first_generation_is_applied_messages_wait),
        POOL_TEST(each_message_has_the_revision_with_which_it_was_handed_out),
        POOL_TEST(the_new_generation_judges_by_the_new_configuration),
        POOL_TEST(a_message_of_the_old_generation_may_take_its_time_and_its_worker_s_life),
        POOL_TEST(a_third_generation_is_prepared_while_the_first_one_drains),
        POOL_TEST(what_was_prepared_can_be_discarded),
        POOL_TEST(the_last_of_two_prepares_is_the_one_that_counts),
        POOL_TEST(a_generation_that_judges_the_test_message_wrongly_is_refused),
        POOL_TEST(a_generation_that_does_not_survive_the_test_message_is_refused),
        POOL_TEST(a_generation_that_does_not_answer_in_time_is_refused),
        POOL_TEST(a_zygote_that_dies_while_it_prepares_is_a_refusal),
        POOL_TEST(a_worker_that_dies_in_the_prepared_generation_is_replaced),
        cmocka_unit_test(all_of_it_works_from_within_the_role_s_sandbox),
        cmocka_unit_test(nobody_outlives_the_supervisor),
    };
    mime_charsets_open();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
