/* A slot: the place of one worker, as the supervisor sees it.  Workers come and go, the slot stays. */
#ifndef SCAN_SLOT_H
#define SCAN_SLOT_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/scan/packet.h"
#include "daemon/scan/zygote.h"
#include "engine/base/buf.h"

/* A message to be judged. */
struct job {
    struct job *next;
    uint64_t client;            /* 0: the queue, else a connection of spamd or of control (scan.c) */
    uint64_t mid;               /* of a client other than the queue: its number for it */
    uint64_t revision;          /* with which it was handed out */
    struct engine_files *files; /* of the generation that has it; NULL: none yet */
    bool alone, outbound;
    int fd;              /* sealed memfd with the message */
    struct buf envelope; /* scan_job_put() */
};

void job_free(struct job *job);

enum slot_state {
    SLOT_EMPTY,    /* no process */
    SLOT_STARTING, /* not yet in its sandbox */
    SLOT_IDLE,
    SLOT_BUSY,
    SLOT_ENDING, /* told to end, or killed; not yet reaped */
};

struct slot {
    struct generation *generation; /* whose it is */
    size_t number;
    enum slot_state state;
    pid_t pid;  /* 0: none */
    int socket; /* -1: hung up */
    struct event *readable;
    char *crumb;        /* shared with the worker */
    struct job *job;    /* in the worker, or what it died of */
    int64_t since;      /* monotonic time of the last change of state */
    double cpu_before;  /* seconds that the worker had used when it got its job */
    unsigned judged;    /* messages of this worker */
    unsigned deaths;    /* in a row, with no message judged in between */
    int64_t not_before; /* monotonic time of the next start after such a death */
    char cause[80];     /* why we killed it, or how it ended; empty when it ended as it was told */
};

/* Has the zygote make a worker; on_readable gets the slot as context.  False, and not to be tried again for a while,
 * when that fails. */
bool slot_start(struct slot *s, struct zygote *z, struct event_base *base, event_callback_fn on_readable);
/* The worker is in its sandbox, or has answered. */
void slot_set_idle(struct slot *s);
/* Hands a job to the idle worker and owns it from then on.  False when the worker is no more; it is killed. */
bool slot_give(struct slot *s, struct job *job);
/* CPU that the worker has used for its job so far, in seconds. */
double slot_cpu(const struct slot *s);
/* The job is answered, or lost with its worker. */
void slot_drop_job(struct slot *s);
/* Hangs up, so that the worker ends by itself. */
void slot_retire(struct slot *s);
void slot_kill(struct slot *s, const char *cause);
/* Kills a worker that has been starting, busy or ending for longer than limit_us. */
void slot_enforce_time(struct slot *s, int64_t limit_us);
/* Reaps the worker if it is dead and fills in cause.  The socket is still open: its last words may be in there. */
bool slot_reap(struct slot *s);
/* After slot_reap(): the place is empty, not to be filled for a while when it died without a job. */
void slot_clear(struct slot *s);

#endif
