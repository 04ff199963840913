/* The group commit. */
#include "daemon/queue/turn.h"

#include <stdlib.h>

#include "daemon/log_lines.h"
#include "daemon/queue/archive.h"
#include "daemon/queue/queue.h"
#include "daemon/role.h"
#include "engine/base/clock.h"

enum {
    RETRY_US = 100 * 1000,
    CULPRITS = 3,      /* so many operations of a commit may fail by themselves */
    LATER_FACTOR = 20, /* TURN_LATER waits so many times as long as TURN_SOON */
    LOG_PAGES_BUSY = 8000
};

/* *culprit is the operation whose write failed; NULL when it was the batch as a whole. */
static bool write_batch(struct queue *q, struct operation_list *batch, struct operation **culprit,
                        struct fault *f)
{
    *culprit = NULL;
    if (!store_begin(q->store, f))
        return false;
    TAILQ_FOREACH (*culprit, batch, link)
        if (!(*culprit)->type->write(q, *culprit, f))
            return false;
    /* Bodies first: a committed row never points to what is not on disk. */
    return spool_sync(q->spool, f) && archive_sync(q, f) && store_commit(q->store, f);
}

static void start_timer(struct event *timer, int64_t wait_us)
{
    struct timeval wait = clock_interval(wait_us);
    if (!evtimer_pending(timer, NULL))
        evtimer_add(timer, &wait);
}

static void take_back(struct queue *q, const struct fault *f)
{
    store_rollback(q->store);
    spool_rollback(q->spool);
    archive_rollback(q);
    if (f->kind == FAULT_BROKEN)
        role_fatal("%s", f->error.text);
    if (!q->turn.told)
        LOG(STORE_ERROR, LOG_T(f->error.text));
    q->turn.told = true;
    if (f->kind == FAULT_SPACE)
        space_exhausted(q);
}

static void tell_good(struct queue *q)
{
    if (!q->turn.told || q->turn.failing || !TAILQ_EMPTY(&q->turn.stuck))
        return;
    q->turn.told = false;
    LOG(STORE_GOOD);
}

/* Removes op from batch: it is refused, or kept for another try. */
static void fail_operation(struct queue *q, struct operation_list *batch, struct operation *op,
                           struct operation_list *kept, const struct fault *f)
{
    TAILQ_REMOVE(batch, op, link);
    if (op->type->refused)
        op->type->refused(q, op, f);
    else
        TAILQ_INSERT_TAIL(kept, op, link);
}

static void fail_batch(struct queue *q, struct operation_list *batch, const struct fault *f)
{
    q->turn.failing = true;
    struct operation_list kept = TAILQ_HEAD_INITIALIZER(kept);
    for (struct operation *op; (op = TAILQ_FIRST(batch));)
        fail_operation(q, batch, op, &kept, f);
    TAILQ_CONCAT(&kept, &q->turn.operations, link);
    TAILQ_CONCAT(&q->turn.operations, &kept, link);
    start_timer(q->turn.later, RETRY_US);
}

static void finish_batch(struct queue *q, struct operation_list *batch)
{
    archive_committed(q);
    for (struct operation *op; (op = TAILQ_FIRST(batch));) {
        TAILQ_REMOVE(batch, op, link);
        op->type->committed(q, op);
    }
    spool_tidy(q->spool);
}

/* Some operations may fail by themselves and the rest goes on without them; when more do, it is the disk. */
static void commit(struct queue *q, struct operation_list *batch)
{
    struct operation *culprit;
    struct fault f;
    for (int failed = 0; !TAILQ_EMPTY(batch); failed++) {
        if (write_batch(q, batch, &culprit, &f)) {
            finish_batch(q, batch);
            if (failed == 0)
                tell_good(q);
            break;
        }
        take_back(q, &f);
        if (!culprit || failed == CULPRITS) {
            fail_batch(q, batch, &f);
            break;
        }
        fail_operation(q, batch, culprit, &q->turn.stuck, &f);
    }
    if (!TAILQ_EMPTY(&q->turn.stuck))
        start_timer(q->turn.retry, RETRY_US);
}

void turn_checkpoint(struct queue *q)
{
    struct fault f;
    bool good = store_checkpoint(q->store, &f);
    if (!good && !q->turn.log_stays)
        LOG(CHECKPOINT_FAILED, LOG_T(f.error.text));
    if (good && q->turn.log_stays)
        LOG(CHECKPOINT_GOOD);
    q->turn.log_stays = !good;
}

/* One of those that are stuck; when it is not any more, the others have their chance too. */
static void retry_one(struct queue *q)
{
    struct operation_list one = TAILQ_HEAD_INITIALIZER(one);
    struct operation *op = TAILQ_FIRST(&q->turn.stuck), *culprit;
    struct fault f;
    if (!op)
        return;
    TAILQ_REMOVE(&q->turn.stuck, op, link);
    TAILQ_INSERT_TAIL(&one, op, link);
    if (write_batch(q, &one, &culprit, &f)) {
        finish_batch(q, &one);
        tell_good(q);
        TAILQ_CONCAT(&q->turn.operations, &q->turn.stuck, link);
    } else {
        take_back(q, &f);
        TAILQ_CONCAT(&q->turn.stuck, &one, link);
        start_timer(q->turn.retry, RETRY_US);
    }
}

static void run(struct queue *q)
{
    struct operation_list batch = TAILQ_HEAD_INITIALIZER(batch);
    TAILQ_CONCAT(&batch, &q->turn.operations, link);
    evtimer_del(q->turn.soon);
    evtimer_del(q->turn.later);
    q->turn.failing = false;
    commit(q, &batch);
    if (q->turn.stopping) {
        turn_checkpoint(q);
        role_exit();
    }
    scan_dispatch(q);
    deliver_dispatch(q);
    outbox_pump(q);
    if (store_log_pages(q->store) > LOG_PAGES_BUSY)
        turn_want_background(q);
}

static void on_run(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    run(context);
}

static void on_retry(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    retry_one(context);
    run(context);
}

/* Disk work that no answer waits for. */
static void on_background(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct queue *q = context;
    deliver_local(q);
    if (store_log_pages(q->store) > LOG_PAGES_BUSY)
        turn_checkpoint(q);
}

void turn_open(struct queue *q, struct event_base *base)
{
    TAILQ_INIT(&q->turn.operations);
    TAILQ_INIT(&q->turn.stuck);
    q->turn.run = event_new(base, -1, 0, on_run, q);
    q->turn.soon = evtimer_new(base, on_run, q);
    q->turn.later = evtimer_new(base, on_run, q);
    q->turn.retry = evtimer_new(base, on_retry, q);
    q->turn.background = event_new(base, -1, 0, on_background, q);
    if (!q->turn.run || !q->turn.soon || !q->turn.later || !q->turn.retry || !q->turn.background)
        abort();
}

void turn_add(struct queue *q, struct operation *op, enum turn_wait wait)
{
    TAILQ_INSERT_TAIL(&q->turn.operations, op, link);
    int64_t soon_us = role_settings()->commit_wait * 1000;
    if (q->turn.failing)
        start_timer(q->turn.later, RETRY_US);
    else if (wait == TURN_LATER)
        start_timer(q->turn.later, soon_us * LATER_FACTOR);
    else if (wait == TURN_SOON)
        start_timer(q->turn.soon, soon_us);
    else
        event_active(q->turn.run, EV_TIMEOUT, 0);
}

void turn_want_background(struct queue *q)
{
    event_active(q->turn.background, EV_TIMEOUT, 0);
}

void turn_stop(struct queue *q)
{
    q->turn.stopping = true;
    event_active(q->turn.run, EV_TIMEOUT, 0);
}
