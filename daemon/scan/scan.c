/* The scan role: takes jobs from the queue, has them judged in sandboxed workers, and answers.
 *
 * It looks into no message itself.  Answers that are ready while the queue is away are kept until it is back.
 */
#include <stdlib.h>
#include <unistd.h>

#include "daemon/log_lines.h"
#include "daemon/paths.h"
#include "daemon/protocol.h"
#include "daemon/role.h"
#include "daemon/scan/executable_memory.h"
#include "daemon/scan/pool.h"
#include "engine/base/xalloc.h"
#include "engine/scan/model.h"
#include "engine/scan/rules.h"

/* The queue sends at most two jobs a worker; far more is a queue that does not keep to that. */
enum { JOBS_PER_WORKER_MAX = 16, JOBS_EXTRA_MAX = 64 };

struct answer {
    struct answer *next;
    uint64_t mid;
    enum message_type type;
    struct buf body;
};

static struct scan_model *model;
static struct scan_rules *rules; /* never freed: their machine code is sealed */
static struct pool *pool;
static size_t workers;
static struct answer *kept; /* newest first; the order of answers does not matter */
static uint32_t kept_count;
static struct buf ready_report; /* until the log role can be told */
static bool is_same;            /* what is prepared differs from what runs in nothing but its revision */

static void send_or_keep(enum message_type type, uint64_t mid, struct buf *body)
{
    if (role_peer(ROLE_QUEUE)) {
        role_send(ROLE_QUEUE, type, buf_span(body), -1);
        buf_free(body);
        return;
    }
    struct answer *answer = xcalloc(1, sizeof *answer);
    *answer = (struct answer){.next = kept, .mid = mid, .type = type, .body = *body};
    kept = answer;
    kept_count++;
}

static void on_result(uint64_t mid, uint64_t revision, struct span result)
{
    struct buf body = {0};
    wire_put_u64(&body, mid);
    wire_put_u64(&body, revision);
    wire_put_span(&body, result);
    send_or_keep(MSG_SCAN_RESULT, mid, &body);
}

static void on_crash(uint64_t mid, struct span stage, struct span cause)
{
    struct buf body = {0};
    wire_put_u64(&body, mid);
    wire_put_span(&body, stage);
    wire_put_span(&body, cause);
    send_or_keep(MSG_SCAN_CRASH, mid, &body);
}

static void tell_ready(void)
{
    if (!ready_report.len || !role_peer(ROLE_LOG))
        return;
    LOG(SCAN_READY, LOG_U(workers), LOG_S(buf_span(&ready_report)));
    buf_free(&ready_report);
}

/* The first generation's workers are the ones that the log hears of. */
static void on_prepared(const struct error *refusal, struct span sandbox)
{
    if (!refusal && !pool_is_running(pool)) {
        buf_append_span(&ready_report, sandbox);
        tell_ready();
    }
    role_config_prepared(refusal);
}

/* What needs files is opened here, once, and inherited by every zygote: the role may open none later.  The rules are
 * compiled here too, so that their machine code is made read-only before there is anything hostile to read. */
static bool start(struct error *error)
{
    const struct settings *s = role_settings();
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    workers = s->scan_workers ? (size_t)s->scan_workers : processors > 0 ? (size_t)processors : 1;
    model = scan_model_load(paths_find("spam.model", PKG_DATA_DIR), error);
    if (!model)
        return false;
    if (!rules)
        rules = scan_rules_open(paths_find("rules", PKG_DATA_DIR), error);
    if (!rules || !executable_memory_seal(error))
        return false;
    mime_charsets_open();
    const struct pool_handler handler = {on_prepared, on_result, on_crash};
    pool = pool_new(role_base(), workers, (uint64_t)s->smtp_message_bytes, &handler);
    return true;
}

static bool same_tables(const struct role_config *a, const struct role_config *b)
{
    for (unsigned id = 0; id < SCHEMA_TABLE_COUNT; id++)
        if (b->tables[id] && !(a->tables[id] && config_table_equal(a->tables[id], b->tables[id])))
            return false;
    return true;
}

static bool prepare_generation(const struct role_config *next, struct error *error)
{
    struct runtime runtime;
    if (!runtime_build(&runtime, next->tables, error))
        return false;
    runtime.judge.model = model;
    runtime.judge.rules = rules;
    runtime.judge.test_hooks = role_settings()->test_hooks && role_is_private();
    return pool_prepare(pool, &runtime, error);
}

static void config_prepare(const struct role_config *next)
{
    is_same = pool_is_running(pool) && same_tables(role_config(), next);
    if (is_same) {
        role_config_prepared(NULL);
        return;
    }
    struct error error;
    if (!prepare_generation(next, &error))
        role_config_prepared(&error);
}

static void say_hello(void)
{
    struct buf body = {0};
    wire_put_u32(&body, (uint32_t)workers);
    wire_put_u32(&body, (uint32_t)pool_job_count(pool) + kept_count);
    pool_put_mids(pool, &body);
    for (const struct answer *a = kept; a; a = a->next)
        wire_put_u64(&body, a->mid);
    role_send(ROLE_QUEUE, MSG_SCAN_HELLO, buf_span(&body), -1);
    buf_free(&body);
}

static void send_kept(void)
{
    while (kept) {
        struct answer *answer = kept;
        kept = answer->next;
        role_send(ROLE_QUEUE, (uint16_t)answer->type, buf_span(&answer->body), -1);
        buf_free(&answer->body);
        free(answer);
    }
    kept_count = 0;
}

/* The queue sends jobs from hello on: not before there is a configuration to judge them by. */
static void greet_queue(void)
{
    if (!pool_is_running(pool) || !role_peer(ROLE_QUEUE))
        return;
    say_hello();
    send_kept();
}

static void peer_up(enum role_id peer)
{
    if (peer == ROLE_LOG)
        tell_ready();
    if (peer == ROLE_QUEUE)
        greet_queue();
}

static void config_apply(void)
{
    bool first = !pool_is_running(pool);
    if (!is_same)
        pool_apply(pool);
    pool_set_revision(pool, role_config()->revision);
    if (first)
        greet_queue();
}

static void config_discard(void)
{
    pool_discard(pool);
}

/* The envelope goes to the worker as it came; it is read here so that a malformed one is laid to the queue's charge and
 * not to the message's. */
static void take_job(struct wire_reader *in, int fd)
{
    struct span envelope = in->rest;
    struct arena *arena = arena_new();
    struct scan_job wanted;
    bool good = scan_job_get(in, arena, &wanted) && fd >= 0;
    arena_free(arena);
    if (!good)
        role_fatal("cannot read a job of the queue");
    if (pool_job_count(pool) + kept_count >= workers * JOBS_PER_WORKER_MAX + JOBS_EXTRA_MAX)
        role_fatal("the queue sends more jobs than were asked for");
    struct job *job = xcalloc(1, sizeof *job);
    *job = (struct job){.mid = wanted.mid, .alone = wanted.alone, .outbound = wanted.outbound, .fd = fd};
    buf_append_span(&job->envelope, envelope);
    pool_submit(pool, job);
}

static void message(enum role_id peer, uint16_t type, struct wire_reader *in, int fd)
{
    if (peer == ROLE_QUEUE && type == MSG_SCAN_JOB) {
        take_job(in, fd);
        return;
    }
    in->failed = true;
    if (fd >= 0)
        close(fd);
}

static void stop(void)
{
    pool_free(pool);
    scan_model_free(model);
    role_exit();
}

const struct role role_self = {
    .id = ROLE_SCAN,
    .start = start,
    .peer_up = peer_up,
    .message = message,
    .config_prepare = config_prepare,
    .config_apply = config_apply,
    .config_discard = config_discard,
    .stop = stop,
};
