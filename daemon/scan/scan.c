/* The scan role: takes jobs from the queue and from spamd, has them judged in sandboxed workers, and answers.
 *
 * It looks into no message itself.  Answers that are ready while the queue is away are kept until it is back; those for
 * a spamd that is gone are nobody's.
 */
#include <stdlib.h>
#include <unistd.h>

#include "daemon/log_lines.h"
#include "daemon/protocol.h"
#include "daemon/role.h"
#include "daemon/scan/pool.h"
#include "daemon/scan/updates.h"
#include "engine/base/xalloc.h"

/* Queue and spamd send at most two jobs a worker; far more is one that does not keep to that. */
enum { JOBS_PER_WORKER_MAX = 16, JOBS_EXTRA_MAX = 64 };

struct answer {
    struct answer *next;
    uint64_t mid;
    enum message_type type;
    struct buf body;
};

static struct pool *pool;
static const struct role_config *preparing; /* the next configuration, until the hook is answered */
static size_t workers;
static struct answer *kept; /* newest first; the order of answers does not matter */
static uint32_t kept_count;
/* Clients of jobs are connections: those of spamd from 1 on, those of control, whose jobs are lessons, from here on. */
#define CONTROL_CONNECTIONS (UINT64_C(1) << 63)
static uint64_t spamd_connection; /* the number of the present one, or of the latest; 0: none yet */
static uint64_t control_connection = CONTROL_CONNECTIONS;
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

/* To whom the job came from; takes over body. */
static void reply(const struct job *job, enum message_type type, struct buf *body)
{
    if (job->client == 0) {
        send_or_keep(type, job->mid, body);
        return;
    }
    if (job->client == spamd_connection)
        role_send(ROLE_SPAMD, (uint16_t)type, buf_span(body), -1);
    buf_free(body);
}

static bool is_lesson(const struct job *job)
{
    return job->client >= CONTROL_CONNECTIONS;
}

/* An example, or else why there is none.  A control that was started anew has given other lessons the same numbers. */
static void reply_lesson(const struct job *job, struct span example, struct span why)
{
    struct buf body = {0};
    if (job->client != control_connection)
        return;
    wire_put_u32(&body, (uint32_t)job->mid);
    wire_put_span(&body, example);
    wire_put_span(&body, why);
    role_send(ROLE_CONTROL, MSG_LESSON_READ, buf_span(&body), -1);
    buf_free(&body);
}

static void on_result(const struct job *job, struct span result)
{
    struct buf body = {0}, versions = {0};
    if (is_lesson(job)) {
        reply_lesson(job, result, (struct span){0});
        return;
    }
    wire_put_u64(&body, job->mid);
    wire_put_u64(&body, job->revision);
    engine_files_put_versions(job->files, &versions);
    wire_put_span(&body, buf_span(&versions));
    wire_put_span(&body, result);
    buf_free(&versions);
    reply(job, MSG_SCAN_RESULT, &body);
}

static void on_crash(const struct job *job, struct span stage, struct span cause)
{
    struct buf body = {0};
    if (is_lesson(job)) {
        reply_lesson(job, (struct span){0}, SPAN("the message killed the worker that read it"));
        return;
    }
    wire_put_u64(&body, job->mid);
    wire_put_span(&body, stage);
    wire_put_span(&body, cause);
    reply(job, MSG_SCAN_CRASH, &body);
}

static void tell_ready(void)
{
    if (!ready_report.len || !role_peer(ROLE_LOG))
        return;
    LOG(SCAN_READY, LOG_U(workers), LOG_S(buf_span(&ready_report)));
    buf_free(&ready_report);
}

static bool prepare_generation(const struct role_config *config, struct engine_files *files, bool trial,
                               struct error *error)
{
    struct runtime runtime;
    if (!runtime_build(&runtime, config->tables, error))
        return false;
    runtime.files = files;
    runtime.learned = updates_learned();
    runtime.trial = trial;
    runtime.judge.test_hooks = role_settings()->test_hooks && role_is_private();
    return pool_prepare(pool, &runtime, error);
}

/* The answer to config_prepare.  A gateway whose updates do not work goes on with what came with the program. */
static void config_prepared(const struct error *refusal)
{
    struct error again;
    while (refusal && updates_fall_back(refusal)) {
        if (prepare_generation(preparing, updates_files(), false, &again))
            return;
        refusal = &again;
    }
    if (refusal)
        updates_config_ended(false);
    role_config_prepared(refusal);
}

/* The first generation's workers are the ones that the log hears of. */
static void on_prepared(const struct error *refusal, struct span sandbox)
{
    if (updates_prepared(refusal))
        return;
    if (!refusal && !pool_is_running(pool)) {
        buf_append_span(&ready_report, sandbox);
        tell_ready();
    }
    config_prepared(refusal);
}

static bool prepare_update(struct engine_files *files, struct error *error)
{
    return prepare_generation(role_config(), files, true, error);
}

static bool was_late(void)
{
    return pool_was_late(pool);
}

static void apply_update(void)
{
    pool_apply(pool);
    pool_set_revision(pool, role_config()->revision);
}

static void discard_update(void)
{
    pool_discard(pool);
}

/* What needs files is opened here, once, and inherited by every zygote: the role may open none later. */
static bool start(struct error *error)
{
    static const struct updates_pool hooks = {prepare_update, was_late, apply_update, discard_update};
    const struct settings *s = role_settings();
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    workers = s->scan_workers ? (size_t)s->scan_workers : processors > 0 ? (size_t)processors : 1;
    if (!updates_start(&hooks, error))
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

static void config_prepare(const struct role_config *next)
{
    is_same = pool_is_running(pool) && same_tables(role_config(), next);
    if (is_same) {
        role_config_prepared(NULL);
        return;
    }
    struct error error;
    preparing = next;
    updates_config_begins(
        schema_row_number(config_table_single(next->tables[SCHEMA_LEARNING]), LEARNING_ENABLED));
    if (!prepare_generation(next, updates_files(), false, &error))
        config_prepared(&error);
}

static void say_hello(void)
{
    struct buf body = {0};
    wire_put_u32(&body, (uint32_t)workers);
    wire_put_u32(&body, (uint32_t)pool_job_count(pool, 0) + kept_count);
    pool_put_mids(pool, &body);
    for (const struct answer *a = kept; a; a = a->next)
        wire_put_u64(&body, a->mid);
    role_send(ROLE_QUEUE, MSG_SCAN_HELLO, buf_span(&body), -1);
    buf_free(&body);
}

/* Nothing is in hand of a spamd that has just come. */
static void greet_spamd(void)
{
    struct buf body = {0};
    if (!pool_is_running(pool) || !role_peer(ROLE_SPAMD))
        return;
    wire_put_u32(&body, (uint32_t)workers);
    wire_put_u32(&body, 0);
    role_send(ROLE_SPAMD, MSG_SCAN_HELLO, buf_span(&body), -1);
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
    if (peer == ROLE_SPAMD) {
        pool_drop(pool, spamd_connection++);
        greet_spamd();
    }
    if (peer == ROLE_CONTROL) {
        pool_drop(pool, control_connection++);
        updates_control_up();
    }
}

/* The engine's own log; what it says of messages is in that of mail. */
static void tell_graymail(void)
{
    const struct config_table *const *tables = (const struct config_table *const *)role_config()->tables;
    const struct schema_row *limits = config_table_single(tables[SCHEMA_IMSANDGRAYMAIL]);
    bool on = schema_row_number(config_table_single(tables[SCHEMA_GRAYMAIL]), GRAYMAIL_ENABLED);
    LOG(GRAYMAIL_CONFIG);
    LOG(GRAYMAIL_SETTINGS, LOG_T(on ? "on" : "off"),
        LOG_U((uint64_t)schema_row_number(limits, IMSANDGRAYMAIL_NEVER_SCAN_SIZE)),
        LOG_U(role_config()->revision));
}

static void config_apply(void)
{
    bool first = !pool_is_running(pool);
    if (!is_same)
        pool_apply(pool);
    pool_set_revision(pool, role_config()->revision);
    if (!is_same) {
        updates_config_ended(true);
        tell_graymail();
    }
    if (!first)
        return;
    greet_queue();
    greet_spamd();
}

static void config_discard(void)
{
    if (is_same)
        return; /* nothing was prepared, and what is may be an update */
    pool_discard(pool);
    updates_config_ended(false);
}

/* The skeleton sees to whoever sent it. */
static void refuse_message(struct wire_reader *in, int fd)
{
    in->failed = true;
    if (fd >= 0)
        close(fd);
}

/* The envelope goes to the worker as it came; it is read here so that a malformed one is laid to its sender's charge and
 * not to the message's. */
static void take_job(enum role_id peer, struct wire_reader *in, int fd)
{
    bool of_queue = peer == ROLE_QUEUE;
    struct span envelope = in->rest;
    struct arena *arena = arena_new();
    struct scan_job wanted;
    bool good =
        scan_job_get(in, arena, &wanted) && fd >= 0 && wanted.score_only == !of_queue && !wanted.example;
    arena_free(arena);
    uint64_t client = of_queue ? 0 : spamd_connection;
    size_t jobs = pool_job_count(pool, client) + (of_queue ? kept_count : 0);
    if (!good || jobs >= workers * JOBS_PER_WORKER_MAX + JOBS_EXTRA_MAX) {
        refuse_message(in, fd);
        return;
    }
    struct job *job = xcalloc(1, sizeof *job);
    *job = (struct job){.client = client,
                        .mid = wanted.mid,
                        .alone = wanted.alone && of_queue,
                        .outbound = wanted.outbound,
                        .fd = fd};
    buf_append_span(&job->envelope, envelope);
    pool_submit(pool, job);
}

/* Control has one lesson in work at a time; however many jobs others have is not laid to its charge. */
static void take_lesson(struct wire_reader *in, int fd)
{
    const struct scan_job wanted = {.mid = wire_get_u32(in), .score_only = true, .example = true};
    if (in->failed || fd < 0 || pool_job_count(pool, control_connection) > 0) {
        refuse_message(in, fd);
        return;
    }
    struct job *job = xcalloc(1, sizeof *job);
    *job = (struct job){.client = control_connection, .mid = wanted.mid, .fd = fd};
    scan_job_put(&job->envelope, &wanted);
    pool_submit(pool, job);
}

static void message(enum role_id peer, uint16_t type, struct wire_reader *in, int fd)
{
    if (peer == ROLE_CONTROL && type == MSG_LESSON) {
        take_lesson(in, fd);
        return;
    }
    if ((peer == ROLE_QUEUE || peer == ROLE_SPAMD) && type == MSG_SCAN_JOB) {
        take_job(peer, in, fd);
        return;
    }
    if (peer == ROLE_CONTROL && updates_message(type, in, fd))
        return;
    refuse_message(in, fd);
}

static void stop(void)
{
    pool_free(pool);
    updates_stop();
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
