/* The pool: the messages that wait for a worker, and the generations of workers.
 *
 * One generation runs and gets what waits.  The next one is prepared beside it; once it is applied, the old one
 * finishes what its workers have and ends.  Until the first is applied everything waits.
 */
#ifndef SCAN_POOL_H
#define SCAN_POOL_H

#include "daemon/scan/runtime.h"
#include "daemon/scan/slot.h"

struct pool;

/* Spans are valid during the call only, and so is the job. */
struct pool_handler {
    /* The answer to pool_prepare(): refusal is NULL when the next generation is ready, and sandbox says what the
     * sandbox of its workers consists of. */
    void (*prepared)(const struct error *refusal, struct span sandbox);
    /* result is the worker's word, not looked at. */
    void (*result)(const struct job *job, struct span result);
    /* The message killed its worker in a stage of judge_message(). */
    void (*crash)(const struct job *job, struct span stage, struct span cause);
};

struct pool *pool_new(struct event_base *base, size_t workers, uint64_t message_bytes_max,
                      const struct pool_handler *handler);
/* Kills and reaps all processes. */
void pool_free(struct pool *pool);

/* Begins to prepare the next generation, in place of one that was not applied; takes over rt->texts.  False, with the
 * reason in error, when that cannot be begun; else the handler gets the answer later, once, unless pool_discard() or
 * another pool_prepare() comes before. */
bool pool_prepare(struct pool *pool, const struct runtime *rt, struct error *error);
/* Whether the last refusal was for want of time: another try may do better. */
bool pool_was_late(const struct pool *pool);
/* Switches to the generation that was prepared. */
void pool_apply(struct pool *pool);
/* Throws away what was prepared, if anything. */
void pool_discard(struct pool *pool);
/* The number that every job gets from now on. */
void pool_set_revision(struct pool *pool, uint64_t revision);
/* Whether a generation was applied. */
bool pool_is_running(const struct pool *pool);

/* Takes over the job, made with xcalloc().  Those of the queue go before those of others. */
void pool_submit(struct pool *pool, struct job *job);
/* Jobs of that client (0: the queue) that wait or are in a worker. */
size_t pool_job_count(const struct pool *pool, uint64_t client);
/* Appends the MID of each that is the queue's to out, as u64. */
void pool_put_mids(const struct pool *pool, struct buf *out);
/* Throws away what waits of a client that is not the queue. */
void pool_drop(struct pool *pool, uint64_t client);

#endif
