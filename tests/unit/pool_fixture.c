/* A pool of two workers with a model that knows nothing; see pool_fixture.h. */
#define _GNU_SOURCE /* memfd_create */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/protocol.h"
#include "engine/base/xalloc.h"
#include "engine/scan/model.h"
#include "tests/unit/pool_fixture.h"

struct pool_fixture t;

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

static void on_result(const struct job *job, struct span result)
{
    t.revision_of[job->mid] = job->revision;
    t.place_of[job->mid] = t.results;
    t.results++;
    buf_clear(&t.last_result);
    buf_append_span(&t.last_result, result);
    count_and_stop();
}

static void on_crash(const struct job *job, struct span stage, struct span cause)
{
    t.crashes++;
    t.crashed_mid = job->mid;
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
    return scan_model_parse(buf_span(&t.model_file), SCAN_ASK_SPAM, &error);
}

struct runtime make_runtime(void)
{
    struct runtime rt = {.timeout_us = 1000000, .texts = arena_new()};
    judge_runtime_defaults(&rt.judge);
    rt.judge.model = t.model;
    rt.judge.test_hooks = true;
    return rt;
}

/* Fails, rather than waits for ever, when they do not come. */
void run_until(unsigned answers)
{
    const struct timeval patience = {.tv_sec = 20};
    t.expected = answers;
    event_base_loopexit(t.base, &patience);
    event_base_dispatch(t.base);
    assert_int_equal(t.results + t.crashes, answers);
}

/* Runs for a moment, with nothing expected. */
void run_a_while(void)
{
    const struct timeval a_while = {.tv_usec = 300 * 1000};
    t.expected = UINT32_MAX;
    event_base_loopexit(t.base, &a_while);
    event_base_dispatch(t.base);
}

void begin_to_prepare(const struct runtime *rt)
{
    struct error error;
    t.refusal.text[0] = '\0';
    assert_true(pool_prepare(t.pool, rt, &error));
}

void await_prepared(void)
{
    const struct timeval patience = {.tv_sec = 20};
    unsigned before = t.answers;
    t.expected = UINT32_MAX;
    event_base_loopexit(t.base, &patience);
    event_base_dispatch(t.base);
    assert_int_equal(t.answers, before + 1);
}

void prepare(const struct runtime *rt)
{
    begin_to_prepare(rt);
    await_prepared();
}

void apply(uint64_t revision)
{
    pool_apply(t.pool);
    pool_set_revision(t.pool, revision);
}

void pool_make(void)
{
    memset(&t, 0, sizeof t);
    t.base = event_base_new();
    t.model = make_model();
    const struct pool_handler handler = {on_prepared, on_result, on_crash};
    t.pool = pool_new(t.base, 2, 100 << 20, &handler);
}

int pool_begin(void **state)
{
    (void)state;
    pool_make();
    struct runtime rt = make_runtime();
    prepare(&rt);
    assert_string_equal(t.refusal.text, "");
    apply(1);
    return 0;
}

int pool_end(void **state)
{
    (void)state;
    pool_free(t.pool);
    event_base_free(t.base);
    scan_model_free(t.model);
    buf_free(&t.model_file);
    buf_free(&t.last_result);
    return 0;
}

int memfd_of(const char *text, bool sealed)
{
    int fd = memfd_create("message", MFD_ALLOW_SEALING | MFD_CLOEXEC);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    if (sealed)
        assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), 0);
    return fd;
}

void submit_to(uint64_t mid, int fd, bool alone, uint32_t recipient_count)
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

void submit_of_other(uint64_t mid, const char *text)
{
    const struct scan_job wire = {.mid = mid, .score_only = true};
    struct job *job = xcalloc(1, sizeof *job);
    *job = (struct job){.client = 1, .mid = mid, .fd = memfd_of(text, true)};
    scan_job_put(&job->envelope, &wire);
    pool_submit(t.pool, job);
}

void submit(uint64_t mid, const char *text)
{
    submit_to(mid, memfd_of(text, true), false, 1);
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
pid_t find_child(const char *name)
{
    pid_t found = 0;
    count_children(name, &found);
    return found;
}

/* The child that was made last, whatever its name is by now. */
pid_t youngest_child(void)
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

void expect_children_named(const char *name, unsigned count)
{
    pid_t any;
    unsigned there = count_children(name, &any);
    for (int i = 0; i < 100 && there != count; i++) {
        run_a_while();
        there = count_children(name, &any);
    }
    assert_int_equal(there, count);
}
