/* How a generation is made, staffs itself, and ends. */
#define _GNU_SOURCE /* MAP_ANONYMOUS, strnlen */
#include "daemon/scan/generation_internal.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/log_lines.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"
#include "engine/wire/wire.h"

enum {
    PREPARE_US = 8 * 1000 * 1000, /* less than control waits, so that it hears the reason */
    ZYGOTE_RETRY_US = 1000 * 1000,
    WORKER_MEMORY = 512 * 1024 * 1024, /* address space, besides the message */
    STAGE_MAX = 120,
};

void generation_complain(struct generation *g, const char *format, ...)
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

/* ---- staff ---- */

static void listen_to_zygote(struct generation *g)
{
    struct error error;
    if (!zygote_listen(&g->zygote, &error))
        generation_complain(g, "%s", error.text);
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
    return s != generation_lone_slot(g) || g->lone_wanted;
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
        generation_complain(g, "the zygote died");
    else if (g->zygote.pid == 0 && now >= g->zygote_not_before && !start_zygote(g, &error))
        generation_complain(g, "%s", error.text);
    for (struct slot *s = g->slots; s <= generation_lone_slot(g) && g->zygote.ready; s++)
        if (s->state == SLOT_EMPTY && is_wanted(g, s) && now >= s->not_before)
            slot_start(s, &g->zygote, g->config.base, generation_on_worker);
}

bool generation_give(struct generation *g, struct job *job)
{
    struct slot *first = job->alone ? generation_lone_slot(g) : g->slots;
    struct slot *end = job->alone ? first + 1 : generation_lone_slot(g);
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
    for (struct slot *s = g->slots; s <= generation_lone_slot(g); s++)
        if (s->state == SLOT_IDLE || s->state == SLOT_STARTING)
            slot_retire(s);
}

/* ---- deaths and time ---- */

/* What was sent before the end still counts. */
static void bury(struct generation *g, struct slot *s)
{
    generation_read_packets(g, s);
    if (s->job && generation_has_been_ready(g)) {
        struct span stage = {s->crumb, strnlen(s->crumb, STAGE_MAX)};
        g->config.handler.crash(g->config.handler.context, s->job, stage, span_text(s->cause));
    } else if (s->job) {
        generation_complain(g, "the test message killed its worker (%s)", s->cause);
    } else if (s->cause[0]) {
        generation_complain(g, "a worker died idle (%s)", s->cause);
    }
    slot_clear(s);
    slot_drop_job(s);
}

void generation_reap(struct generation *g)
{
    listen_to_zygote(g);
    if (zygote_reap(&g->zygote))
        generation_complain(g, "the zygote died");
    for (struct slot *s = g->slots; s <= generation_lone_slot(g); s++)
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
            generation_complain(g, "the new workers were not ready in time");
        return;
    }
    for (struct slot *s = g->slots; s <= generation_lone_slot(g); s++)
        slot_enforce_time(s, limit_of(g, s));
}

bool generation_needs_time(const struct generation *g)
{
    for (const struct slot *s = g->slots; s <= generation_lone_slot(g); s++)
        if (s->state == SLOT_EMPTY ? makes_workers(g) && is_wanted(g, s) : s->state != SLOT_IDLE)
            return true;
    return makes_workers(g) && !g->zygote.ready;
}

/* ---- the whole ---- */

enum generation_state generation_state(const struct generation *g)
{
    if (g->state != GENERATION_ENDING)
        return g->state;
    for (const struct slot *s = g->slots; s <= generation_lone_slot(g); s++)
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
    for (const struct slot *s = g->slots; s <= generation_lone_slot(g); s++) {
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
    for (struct slot *s = g->slots; s <= generation_lone_slot(g); s++) {
        if (s->pid) {
            kill(s->pid, SIGKILL);
            waitpid(s->pid, NULL, 0);
        }
        slot_clear(s);
        slot_drop_job(s);
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
