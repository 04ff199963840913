/* Who works, who waits, and what happens when a process dies. */
#include "daemon/scan/pool.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/channel.h"
#include "daemon/log_lines.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"
#include "engine/wire/wire.h"

enum {
    JOBS_PER_WORKER = 10000, /* then it is replaced, whatever it looks like */
    TICK_US = 100 * 1000,
    ZYGOTE_RETRY_US = 1000 * 1000,
    WORKER_MEMORY = 512 * 1024 * 1024, /* address space, besides the message */
    STAGE_MAX = 120,
    RESULT_MAX = CHANNEL_MESSAGE_MAX - 64, /* it has to fit a message to the queue */
};

struct job_list {
    struct job *first;
    struct job **end;
    size_t count;
};

struct pool {
    struct pool_config config;
    struct pool_handler handler;
    struct generation generation;
    struct zygote zygote;
    int64_t zygote_not_before;
    struct slot *slots; /* config.workers, and one for jobs that want to be alone */
    struct job_list waiting, waiting_alone;
    struct event *child_died, *tick;
    struct buf packet;
    bool was_ready;
};

static void list_init(struct job_list *list)
{
    *list = (struct job_list){.end = &list->first};
}

static void list_push(struct job_list *list, struct job *job)
{
    *list->end = job;
    list->end = &job->next;
    list->count++;
}

static struct job *list_pop(struct job_list *list)
{
    struct job *job = list->first;
    list->first = job->next;
    if (!list->first)
        list->end = &list->first;
    job->next = NULL;
    list->count--;
    return job;
}

static struct slot *alone_slot(const struct pool *pool)
{
    return &pool->slots[pool->config.workers];
}

static void give_first(struct slot *s, struct job_list *list)
{
    if (list->first && s->state == SLOT_IDLE && slot_give(s, list->first))
        list_pop(list);
}

/* Hands out what waits. */
static void dispatch(struct pool *pool)
{
    for (struct slot *s = pool->slots; s < alone_slot(pool); s++)
        give_first(s, &pool->waiting);
    give_first(alone_slot(pool), &pool->waiting_alone);
}

static void finish_job(struct slot *s)
{
    job_free(s->job);
    s->job = NULL;
}

static void take_result(struct pool *pool, struct slot *s, const struct packet *packet)
{
    s->deaths = 0;
    s->judged++;
    pool->handler.result(s->job->mid, packet->body);
    finish_job(s);
    if (packet->type == WORKER_LAST_RESULT || s->judged >= JOBS_PER_WORKER || s == alone_slot(pool))
        slot_retire(s);
    else
        slot_set_idle(s);
}

static void take_ready(struct pool *pool, struct slot *s, struct span report)
{
    slot_set_idle(s);
    if (pool->was_ready)
        return;
    for (const struct slot *other = pool->slots; other < alone_slot(pool); other++)
        if (other->state == SLOT_EMPTY || other->state == SLOT_STARTING)
            return;
    pool->was_ready = true;
    pool->handler.ready(report);
}

static void complain(const char *what, struct span why)
{
    struct buf text = {0};
    buf_printf(&text, "%s: ", what);
    buf_append_span(&text, why);
    LOG(ROLE_FAILED, LOG_T("scan"), LOG_S(buf_span(&text)));
    buf_free(&text);
}

static void take_packet(struct pool *pool, struct slot *s, struct packet *packet)
{
    if (packet->fd >= 0)
        close(packet->fd);
    bool result = packet->type == WORKER_RESULT || packet->type == WORKER_LAST_RESULT;
    if (result && s->state == SLOT_BUSY && packet->body.n <= RESULT_MAX)
        take_result(pool, s, packet);
    else if (packet->type == WORKER_READY && s->state == SLOT_STARTING)
        take_ready(pool, s, packet->body);
    else if (packet->type == WORKER_FAILED && s->state == SLOT_STARTING)
        complain("a worker's sandbox failed", packet->body);
    else
        slot_kill(s, "it does not keep to the protocol");
}

/* Handles what the worker has sent; one that hung up is as good as dead. */
static void read_packets(struct pool *pool, struct slot *s)
{
    while (s->socket >= 0) {
        struct packet packet;
        switch (packet_receive(s->socket, &pool->packet, &packet)) {
        case PACKET_GOOD:
            take_packet(pool, s, &packet);
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
        }
    }
}

static void on_readable(evutil_socket_t fd, short what, void *context);

static bool is_wanted(const struct pool *pool, const struct slot *s)
{
    return s != alone_slot(pool) || pool->waiting_alone.first;
}

static void restart_zygote(struct pool *pool, int64_t now)
{
    struct error error;
    pool->zygote_not_before = now + ZYGOTE_RETRY_US;
    if (!zygote_start(&pool->zygote, &pool->generation, &error))
        complain("no zygote", span_text(error.text));
}

static void fill_slots(struct pool *pool, int64_t now)
{
    for (struct slot *s = pool->slots; s <= alone_slot(pool) && pool->zygote.pid; s++)
        if (s->state == SLOT_EMPTY && is_wanted(pool, s) && now >= s->not_before)
            slot_start(s, &pool->zygote, pool->config.base, on_readable);
}

/* Whether anything has to be looked at again though nothing may be heard of it. */
static bool needs_tick(const struct pool *pool)
{
    for (const struct slot *s = pool->slots; s <= alone_slot(pool); s++)
        if (s->state == SLOT_EMPTY ? is_wanted(pool, s) : s->state != SLOT_IDLE)
            return true;
    return pool->zygote.pid == 0;
}

/* After every event: who is missing is started, what waits is handed out. */
static void settle(struct pool *pool)
{
    int64_t now = clock_mono_us();
    if (pool->zygote.pid == 0 && now >= pool->zygote_not_before)
        restart_zygote(pool, now);
    fill_slots(pool, now);
    dispatch(pool);
    const struct timeval soon = {.tv_usec = TICK_US};
    if (needs_tick(pool) && !event_pending(pool->tick, EV_TIMEOUT, NULL))
        event_add(pool->tick, &soon);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct slot *s = context;
    read_packets(s->pool, s);
    settle(s->pool);
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct pool *pool = context;
    for (struct slot *s = pool->slots; s <= alone_slot(pool); s++)
        slot_enforce_time(s, pool->config.timeout_us);
    settle(pool);
}

/* What was sent before the end still counts. */
static void bury(struct pool *pool, struct slot *s)
{
    read_packets(pool, s);
    if (s->job) {
        struct span stage = {s->crumb, strnlen(s->crumb, STAGE_MAX)};
        pool->handler.crash(s->job->mid, stage, span_text(s->cause));
    } else if (s->cause[0]) {
        complain("a worker died idle", span_text(s->cause));
    }
    slot_clear(s);
    finish_job(s);
}

static void on_child_died(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct pool *pool = context;
    if (zygote_reap(&pool->zygote))
        complain("the zygote died", SPAN("a new one is made"));
    for (struct slot *s = pool->slots; s <= alone_slot(pool); s++)
        if (slot_reap(s))
            bury(pool, s);
    settle(pool);
}

/* Pages of their own, so that they stay shared across forks. */
static bool make_breadcrumbs(struct breadcrumbs *crumbs, size_t count, struct error *error)
{
    crumbs->count = count;
    crumbs->pages =
        mmap(NULL, count * BREADCRUMB_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return crumbs->pages != MAP_FAILED || error_set_errno(error, "cannot share memory with scan workers");
}

static void make_slots(struct pool *pool)
{
    size_t count = pool->config.workers + 1;
    pool->slots = xcalloc(count, sizeof *pool->slots);
    for (size_t i = 0; i < count; i++)
        pool->slots[i] = (struct slot){
            .pool = pool,
            .number = i,
            .socket = -1,
            .crumb = breadcrumb_of(&pool->generation.crumbs, i),
        };
}

struct pool *pool_new(const struct pool_config *config, const struct pool_handler *handler,
                      struct error *error)
{
    struct pool *pool = xcalloc(1, sizeof *pool);
    pool->config = *config;
    pool->handler = *handler;
    list_init(&pool->waiting);
    list_init(&pool->waiting_alone);
    pool->generation = (struct generation){
        .runtime = config->runtime,
        .address_space = WORKER_MEMORY + config->message_bytes_max,
        .supervisor = getpid(),
    };
    if (!make_breadcrumbs(&pool->generation.crumbs, config->workers + 1, error)) {
        free(pool);
        return NULL;
    }
    make_slots(pool);
    pool->child_died = evsignal_new(config->base, SIGCHLD, on_child_died, pool);
    pool->tick = evtimer_new(config->base, on_tick, pool);
    if (!pool->child_died || !pool->tick)
        abort();
    if (!zygote_start(&pool->zygote, &pool->generation, error)) {
        pool_free(pool);
        return NULL;
    }
    event_add(pool->child_died, NULL);
    settle(pool);
    return pool;
}

static void free_jobs(struct job_list *list)
{
    while (list->first)
        job_free(list_pop(list));
}

void pool_free(struct pool *pool)
{
    for (struct slot *s = pool->slots; s <= alone_slot(pool); s++) {
        if (s->pid) {
            kill(s->pid, SIGKILL);
            waitpid(s->pid, NULL, 0);
        }
        slot_clear(s);
        finish_job(s);
    }
    zygote_stop(&pool->zygote);
    free_jobs(&pool->waiting);
    free_jobs(&pool->waiting_alone);
    event_free(pool->child_died);
    event_free(pool->tick);
    munmap(pool->generation.crumbs.pages, pool->generation.crumbs.count * BREADCRUMB_BYTES);
    buf_free(&pool->packet);
    free(pool->slots);
    free(pool);
}

void pool_submit(struct pool *pool, struct job *job)
{
    list_push(job->alone ? &pool->waiting_alone : &pool->waiting, job);
    settle(pool);
}

size_t pool_job_count(const struct pool *pool)
{
    size_t count = pool->waiting.count + pool->waiting_alone.count;
    for (const struct slot *s = pool->slots; s <= alone_slot(pool); s++)
        count += s->job != NULL;
    return count;
}

void pool_put_mids(const struct pool *pool, struct buf *out)
{
    for (const struct job *job = pool->waiting.first; job; job = job->next)
        wire_put_u64(out, job->mid);
    for (const struct job *job = pool->waiting_alone.first; job; job = job->next)
        wire_put_u64(out, job->mid);
    for (const struct slot *s = pool->slots; s <= alone_slot(pool); s++)
        if (s->job)
            wire_put_u64(out, s->job->mid);
}
