/* What the files of a generation share and nobody else sees. */
#ifndef SCAN_GENERATION_INTERNAL_H
#define SCAN_GENERATION_INTERNAL_H

#include "daemon/scan/canned.h"
#include "daemon/scan/generation.h"
#include "daemon/scan/worker_config.h"
#include "daemon/scan/zygote.h"

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

/* Until it is, the only jobs are the canned ones, of which nobody else is to hear. */
static inline bool generation_has_been_ready(const struct generation *g)
{
    return g->state == GENERATION_READY || g->state == GENERATION_ENDING;
}

static inline struct slot *generation_lone_slot(const struct generation *g)
{
    return &g->slots[g->config.workers];
}

/* Something went wrong: the refusal of one that prepares, of any other a line in the log. */
void generation_complain(struct generation *g, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Handles what the worker has sent; one that hung up is as good as dead. */
void generation_read_packets(struct generation *g, struct slot *s);

/* The same, called by its slot's event. */
void generation_on_worker(evutil_socket_t fd, short what, void *context);

#endif
