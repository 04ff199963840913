/* A generation: the zygote and the workers that judge by one configuration.
 *
 * It prepares itself beside the one that runs: zygote, workers, and a message of our own that one of them has to
 * judge rightly.  Once ready it keeps itself staffed; a worker that dies takes nothing with it but its message.  At
 * its end it makes nothing new and is over when its last worker is gone.
 */
#ifndef SCAN_GENERATION_H
#define SCAN_GENERATION_H

#include "daemon/scan/runtime.h"
#include "daemon/scan/slot.h"

struct generation;

enum generation_state {
    GENERATION_PREPARING,
    GENERATION_READY,
    GENERATION_REFUSED, /* generation_refusal() says why; to be freed */
    GENERATION_ENDING,
    GENERATION_OVER, /* to be freed */
};

/* Spans are valid during the call only, and so is the job. */
struct generation_handler {
    void *context;
    /* result is the worker's word, not looked at. */
    void (*result)(void *context, const struct job *job, struct span result);
    /* The message killed its worker in a stage of judge_message(). */
    void (*crash)(void *context, const struct job *job, struct span stage, struct span cause);
    /* Its answer was lost by our own doing: it is to be judged again, and the handler's from now on. */
    void (*again)(void *context, struct job *job);
    /* The last of each event: there may be an idle worker or another state.  The generation may be freed here. */
    void (*changed)(void *context);
};

struct generation_config {
    struct event_base *base;
    size_t workers;
    uint64_t message_bytes_max;
    struct generation_handler handler;
};

/* Begins to prepare; rt->texts becomes the generation's.  NULL, with the reason in error, when that cannot be begun. */
struct generation *generation_new(const struct generation_config *config, const struct runtime *rt,
                                  struct error *error);
/* Kills and reaps all processes. */
void generation_free(struct generation *g);

enum generation_state generation_state(const struct generation *g);
const struct error *generation_refusal(const struct generation *g);
/* Whether it was refused for want of time. */
bool generation_was_late(const struct generation *g);
/* What the sandbox of its workers consists of, in words. */
struct span generation_sandbox(const struct generation *g);

/* Hands the job to an idle worker, whose it is from then on; one that wants to be alone gets a new worker in a slot of
 * its own.  False when none is idle. */
bool generation_give(struct generation *g, struct job *job);
/* Starts who is missing; with_lone tells whether a job waits that wants to be alone. */
void generation_staff(struct generation *g, bool with_lone);
/* Retires the workers as they get idle. */
void generation_end(struct generation *g);

/* To be called after a child died, and every now and then while there is need. */
void generation_reap(struct generation *g);
void generation_enforce_time(struct generation *g);
bool generation_needs_time(const struct generation *g);

/* The jobs of a client that are in a worker; appends the MID of each to out, as u64, unless out is NULL. */
size_t generation_jobs(const struct generation *g, uint64_t client, struct buf *out);

#endif
