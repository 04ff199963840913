/* How a generation prepares, staffs itself, and ends. */
#define _GNU_SOURCE /* MAP_ANONYMOUS, strnlen */
#include "daemon/scan/generation.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/channel.h"
#include "daemon/log_lines.h"
#include "daemon/scan/canned.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"
#include "engine/wire/wire.h"

enum {
    JOBS_PER_WORKER = 10000,      /* then it is replaced, whatever it looks like */
    PREPARE_US = 8 * 1000 * 1000, /* less than control waits, so that it hears the reason */
    ZYGOTE_RETRY_US = 1000 * 1000,
    WORKER_MEMORY = 512 * 1024 * 1024, /* address space, besides the message */
    STAGE_MAX = 120,
    RESULT_MAX = CHANNEL_MESSAGE_MAX - 64, /* it has to fit a message to the queue */
};

struct generation {
    struct generation_config config;
    struct worker_config shared; /* with zygote and workers */
    struct arena *texts;         /* that its runtime points into */
    int64_t timeout_us[JUDGE_DIRECTION_COUNT];
    enum generation_state state;
    bool trial;              /* the long message is to be judged too */
    enum canned_kind canned; /* that is judged, or is the next */
    int64_t since;           /* monotonic time at which it began to prepare */
    struct error refusal;
    bool was_late;
    struct buf sandbox;
    struct zygote zygote;
    int64_t zygote_not_before;
    struct slot *slots; /* config.workers, and one for a job that wants to be alone */
    bool lone_wanted;
    struct buf packet;
};

static struct slot *lone_slot(const struct generation *g)
{
    return &g->slots[g->config.workers];
}

/* Something went wrong: the refusal of one that prepares, of any other a line in the log. */
static void complain(struct generation *g, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void complain(struct generation *g, const char *format, ...)
{
    struct error error;
    va_list args;
    va_start(args, format);
    vsnprintf(error.text, sizeof error.text, format, args);
    va_end(args);
    if (g->state == GENERATION_PREPARING) {
        g->state = GENERATION_REFUSED;
        g->refusal = error;
    } else if (g->state != GENERATION_REFUSED) {
        LOG(ROLE_FAILED, LOG_T("scan"), LOG_T(error.text));
    }
}

/* ---- what workers say ---- */

static void finish_job(struct slot *s)
{
    job_free(s->job);
    s->job = NULL;
}

/* Until it is, the only jobs are the canned ones, of which nobody else is to hear. */
static bool has_been_ready(const struct generation *g)
{
    return g->state == GENERATION_READY || g->state == GENERATION_ENDING;
}

static void check_canned(struct generation *g, struct slot *s, struct span result)
{
    struct error error;
    if (!canned_check(&g->shared.runtime, g->canned, result, slot_cpu(s), &error))
        complain(g, "%s", error.text);
    else if (g->trial && g->canned == CANNED_MARKED)
        g->canned = CANNED_LONG;
    else if (g->state == GENERATION_PREPARING)
        g->state = GENERATION_READY;
}

/* A worker that has ended comes again: take_ready() goes on then. */
static void judge_canned(struct generation *g)
{
    struct error error;
    if (g->state != GENERATION_PREPARING || g->slots[0].state != SLOT_IDLE)
        return;
    struct job *job = canned_job(&g->shared.runtime, g->canned, &error);
    if (!job) {
        complain(g, "%s", error.text);
    } else if (!slot_give(&g->slots[0], job)) {
        job_free(job);
        complain(g, "a worker does not take the test message");
    }
}

static void take_result(struct generation *g, struct slot *s, const struct packet *packet)
{
    s->deaths = 0;
    s->judged++;
    if (has_been_ready(g))
        g->config.handler.result(g->config.handler.context, s->job, packet->body);
    else
        check_canned(g, s, packet->body);
    finish_job(s);
    if (packet->type == WORKER_LAST_RESULT || s->judged >= JOBS_PER_WORKER || s == lone_slot(g) ||
        g->state == GENERATION_ENDING)
        slot_retire(s);
    else
        slot_set_idle(s);
    if (!has_been_ready(g))
        judge_canned(g);
}

static bool is_staffed(const struct generation *g)
{
    for (const struct slot *s = g->slots; s < lone_slot(g); s++)
        if (s->state == SLOT_EMPTY || s->state == SLOT_STARTING)
            return false;
    return true;
}

static void take_ready(struct generation *g, struct slot *s, struct span sandbox)
{
    slot_set_idle(s);
    if (g->state != GENERATION_PREPARING || !is_staffed(g))
        return;
    buf_clear(&g->sandbox);
    buf_append_span(&g->sandbox, sandbox);
    judge_canned(g);
}

static void take_packet(struct generation *g, struct slot *s, struct packet *packet)
{
    if (packet->fd >= 0)
        close(packet->fd);
    bool result = packet->type == WORKER_RESULT || packet->type == WORKER_LAST_RESULT;
    if (result && s->state == SLOT_BUSY && packet->body.n <= RESULT_MAX)
        take_result(g, s, packet);
    else if (packet->type == WORKER_READY && s->state == SLOT_STARTING)
        take_ready(g, s, packet->body);
    else if (packet->type == WORKER_FAILED && s->state == SLOT_STARTING)
        complain(g, "a worker's sandbox failed: %.*s", (int)packet->body.n, packet->body.p);
    else
        slot_kill(s, "it does not keep to the protocol");
}

static void judge_again(struct generation *g, struct slot *s)
{
    struct job *job = s->job;
    if (job && has_been_ready(g)) {
        s->job = NULL;
        g->config.handler.again(g->config.handler.context, job);
    }
    slot_kill(s, "too many descriptors are open here for its answer");
}

/* Handles what the worker has sent; one that hung up is as good as dead. */
static void read_packets(struct generation *g, struct slot *s)
{
    while (s->socket >= 0) {
        struct packet packet;
        switch (packet_receive(s->socket, &g->packet, &packet)) {
        case PACKET_GOOD:
            take_packet(g, s, &packet);
            break;
        case PACKET_NONE:
            return;
        case PACKET_END:
            if (s->pid)
                kill(s->pid, SIGKILL);
            event_del(s->readable);
            return;
        case PACKET_BROKEN:
            slot_kill(s, "it does not keep to the protocol");
            return;
        case PACKET_LOST:
            judge_again(g, s);
            return;
        }
    }
}

static void on_worker_readable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct slot *s = context;
    struct generation *g = s->generation;
    read_packets(g, s);
    g->config.handler.changed(g->config.handler.context);
}

/* ---- staff ---- */

static void listen_to_zygote(struct generation *g)
{
    struct error error;
    if (!zygote_listen(&g->zygote, &error))
        complain(g, "%s", error.text);
}

static void on_zygote_readable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct generation *g = context;
    listen_to_zygote(g);
    g->config.handler.changed(g->config.handler.context);
}

static bool start_zygote(struct generation *g, struct error *error)
{
    g->zygote_not_before = clock_mono_us() + ZYGOTE_RETRY_US;
    return zygote_start(&g->zygote, &g->shared, g->config.base, on_zygote_readable, g, error);
}

static bool is_wanted(const struct generation *g, const struct slot *s)
{
    return s != lone_slot(g) || g->lone_wanted;
}

static bool makes_workers(const struct generation *g)
{
    return g->state == GENERATION_PREPARING || g->state == GENERATION_READY;
}

void generation_staff(struct generation *g, bool with_lone)
{
    if (!makes_workers(g))
        return;
    int64_t now = clock_mono_us();
    struct error error;
    g->lone_wanted = with_lone;
    if (g->zygote.pid == 0 && g->state == GENERATION_PREPARING)
        complain(g, "the zygote died");
    else if (g->zygote.pid == 0 && now >= g->zygote_not_before && !start_zygote(g, &error))
        complain(g, "%s", error.text);
    for (struct slot *s = g->slots; s <= lone_slot(g) && g->zygote.ready; s++)
        if (s->state == SLOT_EMPTY && is_wanted(g, s) && now >= s->not_before)
            slot_start(s, &g->zygote, g->config.base, on_worker_readable);
}

bool generation_give(struct generation *g, struct job *job)
{
    struct slot *first = job->alone ? lone_slot(g) : g->slots;
    struct slot *end = job->alone ? first + 1 : lone_slot(g);
    job->files = g->shared.files;
    for (struct slot *s = first; s < end; s++)
        if (s->state == SLOT_IDLE && slot_give(s, job))
            return true;
    return false;
}

void generation_end(struct generation *g)
{
    g->state = GENERATION_ENDING;
    zygote_stop(&g->zygote);
    for (struct slot *s = g->slots; s <= lone_slot(g); s++)
        if (s->state == SLOT_IDLE || s->state == SLOT_STARTING)
            slot_retire(s);
}

/* ---- deaths and time ---- */

/* What was sent before the end still counts. */
static void bury(struct generation *g, struct slot *s)
{
    read_packets(g, s);
    if (s->job && has_been_ready(g)) {
        struct span stage = {s->crumb, strnlen(s->crumb, STAGE_MAX)};
        g->config.handler.crash(g->config.handler.context, s->job, stage, span_text(s->cause));
    } else if (s->job) {
        complain(g, "the test message killed its worker (%s)", s->cause);
    } else if (s->cause[0]) {
        complain(g, "a worker died idle (%s)", s->cause);
    }
    slot_clear(s);
    finish_job(s);
}

void generation_reap(struct generation *g)
{
    listen_to_zygote(g);
    if (zygote_reap(&g->zygote))
        complain(g, "the zygote died");
    for (struct slot *s = g->slots; s <= lone_slot(g); s++)
        if (slot_reap(s))
            bury(g, s);
}

/* A worker without a message is to be ready, or gone, in the time that any message has. */
static int64_t limit_of(const struct generation *g, const struct slot *s)
{
    int64_t in = g->timeout_us[JUDGE_INCOMING], out = g->timeout_us[JUDGE_OUTGOING];
    return s->job ? g->timeout_us[s->job->outbound ? JUDGE_OUTGOING : JUDGE_INCOMING] : in > out ? in : out;
}

void generation_enforce_time(struct generation *g)
{
    listen_to_zygote(g);
    if (g->state == GENERATION_PREPARING) {
        g->was_late = clock_mono_us() - g->since >= PREPARE_US;
        if (g->was_late)
            complain(g, "the new workers were not ready in time");
        return;
    }
    for (struct slot *s = g->slots; s <= lone_slot(g); s++)
        slot_enforce_time(s, limit_of(g, s));
}

bool generation_needs_time(const struct generation *g)
{
    for (const struct slot *s = g->slots; s <= lone_slot(g); s++)
        if (s->state == SLOT_EMPTY ? makes_workers(g) && is_wanted(g, s) : s->state != SLOT_IDLE)
            return true;
    return makes_workers(g) && !g->zygote.ready;
}

/* ---- the whole ---- */

enum generation_state generation_state(const struct generation *g)
{
    if (g->state != GENERATION_ENDING)
        return g->state;
    for (const struct slot *s = g->slots; s <= lone_slot(g); s++)
        if (s->state != SLOT_EMPTY)
            return GENERATION_ENDING;
    return GENERATION_OVER;
}

const struct error *generation_refusal(const struct generation *g)
{
    return &g->refusal;
}

bool generation_was_late(const struct generation *g)
{
    return g->was_late;
}

struct span generation_sandbox(const struct generation *g)
{
    return buf_span(&g->sandbox);
}

size_t generation_jobs(const struct generation *g, uint64_t client, struct buf *out)
{
    size_t count = 0;
    for (const struct slot *s = g->slots; s <= lone_slot(g); s++) {
        if (!s->job || s->job->client != client)
            continue;
        if (out)
            wire_put_u64(out, s->job->mid);
        count++;
    }
    return count;
}

/* Pages of their own, so that they stay shared across forks. */
static bool make_breadcrumbs(struct breadcrumbs *crumbs, size_t count, struct error *error)
{
    void *pages =
        mmap(NULL, count * BREADCRUMB_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        return error_set_errno(error, "cannot share memory with scan workers");
    *crumbs = (struct breadcrumbs){pages, count};
    return true;
}

static void make_slots(struct generation *g)
{
    size_t count = g->config.workers + 1;
    g->slots = xcalloc(count, sizeof *g->slots);
    for (size_t i = 0; i < count; i++)
        g->slots[i] = (struct slot){
            .generation = g, .number = i, .socket = -1, .crumb = breadcrumb_of(&g->shared.crumbs, i)};
}

struct generation *generation_new(const struct generation_config *config, const struct runtime *rt,
                                  struct error *error)
{
    struct breadcrumbs crumbs;
    if (!make_breadcrumbs(&crumbs, config->workers + 1, error)) {
        arena_free(rt->texts);
        return NULL;
    }
    struct generation *g = xcalloc(1, sizeof *g);
    struct engine_files *files = rt->files ? engine_files_ref(rt->files) : NULL;
    *g = (struct generation){
        .config = *config,
        .shared = {.runtime = rt->judge,
                   .files = files,
                   .learned = learned_set_ref(rt->learned),
                   .crumbs = crumbs,
                   .address_space = WORKER_MEMORY + config->message_bytes_max,
                   .supervisor = getpid()},
        .texts = rt->texts,
        .trial = rt->trial,
        .since = clock_mono_us(),
    };
    if (files)
        g->shared.runtime.model = engine_files_model(files);
    memcpy(g->timeout_us, rt->timeout_us, sizeof g->timeout_us);
    make_slots(g);
    if (start_zygote(g, error))
        return g;
    generation_free(g);
    return NULL;
}

void generation_free(struct generation *g)
{
    if (!g)
        return;
    for (struct slot *s = g->slots; s <= lone_slot(g); s++) {
        if (s->pid) {
            kill(s->pid, SIGKILL);
            waitpid(s->pid, NULL, 0);
        }
        slot_clear(s);
        finish_job(s);
    }
    zygote_stop(&g->zygote);
    munmap(g->shared.crumbs.pages, g->shared.crumbs.count * BREADCRUMB_BYTES);
    arena_free(g->texts);
    engine_files_unref(g->shared.files);
    learned_set_unref(g->shared.learned);
    buf_free(&g->sandbox);
    buf_free(&g->packet);
    free(g->slots);
    free(g);
}
