/* Bounces: telling the sender of a message which recipients it did not reach (RFC 3464). */
#ifndef QUEUE_BOUNCE_H
#define QUEUE_BOUNCE_H

#include "daemon/queue/queue.h"

struct bounce_failure {
    struct span recipient;
    struct span enhanced; /* status code, RFC 3463 */
    struct span text;     /* what the next hop said, or our own words */
    uint16_t code;        /* SMTP reply code; 0: the next hop did not say it */
};

struct bounce {
    struct span hostname;
    struct span from;   /* of the table addresses, $hostname replaced */
    struct span sender; /* of the lost message: whom the bounce goes to */
    uint64_t mid;       /* of the bounce */
    int64_t now, received;
    const struct bounce_failure *failures;
    uint32_t count;
    struct span head; /* the first bytes of the lost message */
};

/* Appends the whole message, all of ASCII but for the returned header; its lines are at most 998 bytes. */
void bounce_put(struct buf *out, const struct bounce *b);

bool bounce_has_8bit(struct span s);

/* Inside an operation: makes and stores one bounce for these failures.  *made (NULL or of an earlier try) is
 * replaced; it stays NULL when m came from <>, for a bounce never bounces. */
bool bounce_store(struct queue *q, const struct message *m, const struct bounce_failure *failures,
                  uint32_t count, struct message **made, struct fault *f);
/* After the commit: it goes its way.  made may be NULL. */
void bounce_committed(struct queue *q, struct message *made);

#endif
