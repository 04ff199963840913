/* The pool: a zygote, a worker in each slot, and the messages that wait for one.
 *
 * A worker that dies takes nothing with it but the message it had.  A job marked alone gets a new worker in a slot
 * of its own, which ends after it.
 */
#ifndef SCAN_POOL_H
#define SCAN_POOL_H

#include "daemon/scan/slot.h"

struct pool;

struct pool_config {
    struct event_base *base;
    size_t workers;
    int64_t timeout_us; /* wall time for one message */
    uint64_t message_bytes_max;
    struct judge_runtime runtime;
};

/* Spans are valid during the call only. */
struct pool_handler {
    /* All workers are in their sandboxes, for the first time; report says what these consist of. */
    void (*ready)(struct span report);
    /* result is the worker's word, not looked at. */
    void (*result)(uint64_t mid, struct span result);
    /* The message killed its worker in a stage of judge_message(). */
    void (*crash)(uint64_t mid, struct span stage, struct span cause);
};

/* Starts the zygote and waits for it, then has the workers made.  NULL with the reason in error. */
struct pool *pool_new(const struct pool_config *config, const struct pool_handler *handler,
                      struct error *error);
/* Kills and reaps all processes. */
void pool_free(struct pool *pool);

/* Takes over the job, made with xcalloc(). */
void pool_submit(struct pool *pool, struct job *job);
/* Jobs that wait or are in a worker. */
size_t pool_job_count(const struct pool *pool);
/* Appends the MID of each of them to out, as u64. */
void pool_put_mids(const struct pool *pool, struct buf *out);

#endif
