/* The group commit: operations of one loop turn are written together, synced, committed, and only then take
 * effect. */
#ifndef QUEUE_TURN_H
#define QUEUE_TURN_H

#include <event2/event.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "daemon/queue/fault.h"

struct queue;
struct operation;

struct operation_type {
    /* Appends bodies and runs statements; changes nothing in memory that a second call would not set again, for
     * after a failure it is called again in a later transaction. */
    bool (*write)(struct queue *q, struct operation *op, struct fault *f);
    /* Everything written is on disk: memory follows, answers and log lines go out.  Frees op. */
    void (*committed)(struct queue *q, struct operation *op);
    /* The commit failed.  Where it is NULL the operation stays and is tried again.  Frees op. */
    void (*refused)(struct queue *q, struct operation *op, const struct fault *f);
};

/* The first member of every operation. */
struct operation {
    const struct operation_type *type;
    TAILQ_ENTRY(operation) link;
};

TAILQ_HEAD(operation_list, operation);

struct turn {
    struct operation_list operations;
    struct event *run, *retry, *background;
    bool failing;  /* the last commit failed: the next one waits for the timer */
    bool stopping; /* the process ends after the next one */
};

void turn_open(struct queue *q, struct event_base *base);
/* Takes over op, for the end of this loop turn. */
void turn_add(struct queue *q, struct operation *op);
/* The same for what nobody waits for: it goes with the next turn, or within a tenth of a second. */
void turn_add_lazy(struct queue *q, struct operation *op);
/* Runs turn_background() after the answers of this turn have been written. */
void turn_want_background(struct queue *q);
/* Finishes and ends the process. */
void turn_stop(struct queue *q);

#endif
