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
    /* Its write or the commit failed.  Where it is NULL the operation stays and is tried again.  Frees op. */
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
    struct operation_list stuck; /* each failed by itself: tried one at a time, so that the others go on */
    struct event *run, *soon, *later, *retry, *background;
    bool failing;   /* the last commit failed: the next one is later */
    bool told;      /* the log knows that something fails */
    bool log_stays; /* the last checkpoint failed, which was told */
    bool stopping;  /* the process ends after the next one */
};

void turn_open(struct queue *q, struct event_base *base);
/* How long an operation may wait for company: the fewer commits, the sooner a client has its 250. */
enum turn_wait {
    TURN_NOW,   /* a client waits: at the end of this loop turn, with all others */
    TURN_SOON,  /* mail in hand goes on: with the next commit, within five milliseconds */
    TURN_LATER, /* nobody waits: within a tenth of a second */
};

/* Takes over op. */
void turn_add(struct queue *q, struct operation *op, enum turn_wait wait);
/* Disk work that no answer waits for is done after the answers of this turn have been written. */
void turn_want_background(struct queue *q);
/* Finishes and ends the process. */
void turn_stop(struct queue *q);
/* Moves the log of queue.db into it; the first failure of a row is logged. */
void turn_checkpoint(struct queue *q);

#endif
