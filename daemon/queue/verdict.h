/* A verdict on a message, on its way to the disk. */
#ifndef QUEUE_VERDICT_H
#define QUEUE_VERDICT_H

#include "daemon/queue/queue.h"

struct verdict {
    struct operation op;
    struct message *parent;
    uint64_t revision;    /* of the configuration that judged */
    struct span versions; /* of rules and model, in arena; empty: none did */
    struct arena *arena;
    struct judge_result result; /* in arena; filled in by the caller */
    struct child *children;     /* the first one keeps the MID */
    struct span cause;          /* of an unscannable message */
    struct span peers;          /* as in struct message */
};

/* On m, which waits in no list. */
struct verdict *verdict_new(struct message *m, uint64_t revision);
/* Makes it an operation, which takes it over; the result is complete. */
void verdict_add(struct queue *q, struct verdict *v);
/* Of one that is not added. */
void verdict_free(struct verdict *v);

#endif
