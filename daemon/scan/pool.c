/* Who waits, which generation works, and the switch between two. */
#include "daemon/scan/pool.h"

#include <signal.h>
#include <stdlib.h>

#include "daemon/scan/generation.h"
#include "engine/base/xalloc.h"
#include "engine/wire/wire.h"

enum { TICK_US = 100 * 1000 };

struct job_list {
    struct job *first;
    struct job **end;
    size_t count;
};

struct pool {
    struct generation_config config;
    struct pool_handler handler;
    uint64_t revision;
    struct generation *running, *next; /* NULL: none */
    bool answered;                     /* the handler knows that the next one is ready */
    bool was_late;                     /* the last one that was refused */
    struct generation **ending;
    size_t ending_count;
    struct job_list waiting, waiting_alone; /* of the queue */
    struct job_list others;                 /* given only while none of the former waits */
    struct event *child_died, *tick;
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

static void list_free(struct job_list *list)
{
    while (list->first)
        job_free(list_pop(list));
}

/* ---- generations ---- */

static void for_each_generation(struct pool *pool, void (*visit)(struct generation *g))
{
    for (size_t i = 0; i < pool->ending_count; i++)
        visit(pool->ending[i]);
    if (pool->running)
        visit(pool->running);
    if (pool->next)
        visit(pool->next);
}

static void free_ended(struct pool *pool)
{
    size_t kept = 0;
    for (size_t i = 0; i < pool->ending_count; i++) {
        if (generation_state(pool->ending[i]) == GENERATION_OVER)
            generation_free(pool->ending[i]);
        else
            pool->ending[kept++] = pool->ending[i];
    }
    pool->ending_count = kept;
}

static void drop_next(struct pool *pool)
{
    generation_free(pool->next);
    pool->next = NULL;
}

/* The handler may apply, discard or prepare: nothing of the next one is used after it. */
static void answer_prepare(struct pool *pool)
{
    if (!pool->next || pool->answered)
        return;
    if (generation_state(pool->next) == GENERATION_READY) {
        pool->answered = true;
        pool->handler.prepared(NULL, generation_sandbox(pool->next));
    } else if (generation_state(pool->next) == GENERATION_REFUSED) {
        struct error refusal = *generation_refusal(pool->next);
        pool->was_late = generation_was_late(pool->next);
        drop_next(pool);
        pool->handler.prepared(&refusal, (struct span){0});
    }
}

static void give_all(struct pool *pool, struct job_list *list)
{
    while (list->first) {
        list->first->revision = pool->revision;
        if (!generation_give(pool->running, list->first))
            return;
        list_pop(list);
    }
}

/* Hands out what waits, and has those started who are missing. */
static void work(struct pool *pool)
{
    if (pool->next)
        generation_staff(pool->next, false);
    if (!pool->running)
        return;
    generation_staff(pool->running, pool->waiting_alone.first != NULL);
    give_all(pool, &pool->waiting);
    give_all(pool, &pool->waiting_alone);
    if (!pool->waiting.first)
        give_all(pool, &pool->others);
}

static bool needs_time(const struct pool *pool)
{
    return pool->ending_count || (pool->running && generation_needs_time(pool->running)) ||
           (pool->next && generation_needs_time(pool->next));
}

/* After every event. */
static void settle(struct pool *pool)
{
    const struct timeval soon = {.tv_usec = TICK_US};
    free_ended(pool);
    work(pool);
    if (needs_time(pool) && !event_pending(pool->tick, EV_TIMEOUT, NULL))
        event_add(pool->tick, &soon);
    answer_prepare(pool);
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    for_each_generation(context, generation_enforce_time);
    settle(context);
}

static void on_child_died(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    for_each_generation(context, generation_reap);
    settle(context);
}

static void on_changed(void *context)
{
    settle(context);
}

static void on_result(void *context, const struct job *job, struct span result)
{
    struct pool *pool = context;
    pool->handler.result(job, result);
}

static void on_crash(void *context, const struct job *job, struct span stage, struct span cause)
{
    struct pool *pool = context;
    pool->handler.crash(job, stage, cause);
}

static void enqueue(struct pool *pool, struct job *job)
{
    if (job->client)
        list_push(&pool->others, job);
    else
        list_push(job->alone ? &pool->waiting_alone : &pool->waiting, job);
}

static void on_again(void *context, struct job *job)
{
    enqueue(context, job);
}

bool pool_prepare(struct pool *pool, const struct runtime *rt, struct error *error)
{
    drop_next(pool);
    pool->answered = false;
    pool->next = generation_new(&pool->config, rt, error);
    bool begun = pool->next != NULL;
    settle(pool); /* it may fail at once, which is answered like any later failure */
    return begun;
}

bool pool_was_late(const struct pool *pool)
{
    return pool->was_late;
}

void pool_apply(struct pool *pool)
{
    if (!pool->next || generation_state(pool->next) != GENERATION_READY)
        abort();
    if (pool->running) {
        generation_end(pool->running);
        pool->ending = xreallocarray(pool->ending, pool->ending_count + 1, sizeof(struct generation *));
        pool->ending[pool->ending_count++] = pool->running;
    }
    pool->running = pool->next;
    pool->next = NULL;
}

void pool_discard(struct pool *pool)
{
    drop_next(pool);
    settle(pool);
}

void pool_set_revision(struct pool *pool, uint64_t revision)
{
    pool->revision = revision;
    settle(pool);
}

bool pool_is_running(const struct pool *pool)
{
    return pool->running != NULL;
}

/* ---- the whole ---- */

struct pool *pool_new(struct event_base *base, size_t workers, uint64_t message_bytes_max,
                      const struct pool_handler *handler)
{
    struct pool *pool = xcalloc(1, sizeof *pool);
    pool->config = (struct generation_config){
        .base = base,
        .workers = workers,
        .message_bytes_max = message_bytes_max,
        .handler = {pool, on_result, on_crash, on_again, on_changed},
    };
    pool->handler = *handler;
    list_init(&pool->waiting);
    list_init(&pool->waiting_alone);
    list_init(&pool->others);
    pool->child_died = evsignal_new(base, SIGCHLD, on_child_died, pool);
    pool->tick = evtimer_new(base, on_tick, pool);
    if (!pool->child_died || !pool->tick)
        abort();
    event_add(pool->child_died, NULL);
    return pool;
}

void pool_free(struct pool *pool)
{
    for_each_generation(pool, generation_free);
    free(pool->ending);
    list_free(&pool->waiting);
    list_free(&pool->waiting_alone);
    list_free(&pool->others);
    event_free(pool->child_died);
    event_free(pool->tick);
    free(pool);
}

void pool_submit(struct pool *pool, struct job *job)
{
    enqueue(pool, job);
    settle(pool);
}

void pool_drop(struct pool *pool, uint64_t client)
{
    for (size_t left = pool->others.count; left; left--) {
        struct job *job = list_pop(&pool->others);
        if (job->client == client)
            job_free(job);
        else
            list_push(&pool->others, job);
    }
}

static size_t count_waiting(const struct pool *pool, uint64_t client)
{
    size_t count = 0;
    if (client == 0)
        return pool->waiting.count + pool->waiting_alone.count;
    for (const struct job *job = pool->others.first; job; job = job->next)
        count += job->client == client;
    return count;
}

size_t pool_job_count(const struct pool *pool, uint64_t client)
{
    size_t count = count_waiting(pool, client);
    for (size_t i = 0; i < pool->ending_count; i++)
        count += generation_jobs(pool->ending[i], client, NULL);
    return count + (pool->running ? generation_jobs(pool->running, client, NULL) : 0);
}

static void put_waiting(const struct job_list *list, struct buf *out)
{
    for (const struct job *job = list->first; job; job = job->next)
        wire_put_u64(out, job->mid);
}

void pool_put_mids(const struct pool *pool, struct buf *out)
{
    put_waiting(&pool->waiting, out);
    put_waiting(&pool->waiting_alone, out);
    for (size_t i = 0; i < pool->ending_count; i++)
        generation_jobs(pool->ending[i], 0, out);
    if (pool->running)
        generation_jobs(pool->running, 0, out);
}
