/* Packets between supervisor, zygote and workers, over seqpacket socket pairs.
 *
 * One packet is one message, whole or not at all, so neither side ever holds half of one.  A body that is too large
 * for a socket travels in a memfd of its own.
 */
#ifndef SCAN_PACKET_H
#define SCAN_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/span.h"

enum packet_type {
    /* zygote -> supervisor */
    ZYGOTE_READY = 1, /* - */
    ZYGOTE_FAILED,    /* reason */
    ZYGOTE_SPAWNED,   /* i64 process id of the worker, or 0 */
    /* supervisor -> zygote */
    ZYGOTE_SPAWN, /* u32 slot; descriptor: the worker's end of its socket pair */

    /* worker -> supervisor */
    WORKER_READY,       /* what its sandbox consists of, in words */
    WORKER_FAILED,      /* reason */
    WORKER_RESULT,      /* judge_result_put() */
    WORKER_LAST_RESULT, /* the same, and the worker wants to be replaced */
    /* supervisor -> worker */
    WORKER_JOB, /* scan_job_put(); descriptor: sealed memfd with the message */
};

struct packet {
    uint32_t type;
    struct span body; /* points into the buf given to packet_receive() */
    int fd;           /* -1, or a descriptor that now belongs to the receiver */
};

enum packet_result {
    PACKET_GOOD,
    PACKET_NONE,   /* nothing there: the socket does not block, or its time-out is over */
    PACKET_END,    /* the other side is gone */
    PACKET_BROKEN, /* not a packet */
    PACKET_LOST,   /* one whose descriptors could not arrive, as this process may open no more */
};

/* fd, or -1, stays the caller's.  False when the packet could not be sent. */
bool packet_send(int socket, enum packet_type type, struct span body, int fd);
/* Bytes in store are valid until its next use. */
enum packet_result packet_receive(int socket, struct buf *store, struct packet *packet);

#endif
