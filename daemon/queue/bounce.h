/* Notices: telling the sender of a message what became of its recipients (RFC 3461, RFC 3464).  Most are bounces. */
#ifndef QUEUE_BOUNCE_H
#define QUEUE_BOUNCE_H

#include "daemon/queue/queue.h"

enum bounce_action { BOUNCE_FAILED, BOUNCE_DELAYED, BOUNCE_RELAYED, BOUNCE_DELIVERED, BOUNCE_ACTION_COUNT };

struct bounce_recipient {
    const struct recipient *recipient;
    enum bounce_action action;
    struct span enhanced; /* status code, RFC 3463 */
    struct span said;     /* that of the next hop's reply; empty: it sent none */
    struct span text;     /* what the next hop said, or our own words */
    uint16_t code;        /* SMTP reply code; 0: the next hop did not say it */
    struct span remote;   /* name of the next hop; empty: not known */
};

struct bounce {
    struct span hostname;
    struct span from;           /* of the table addresses, $hostname replaced */
    const struct message *lost; /* what it is about; its sender is whom the bounce goes to */
    uint64_t mid;               /* of the bounce */
    int64_t now, retry_until;
    const struct bounce_recipient *recipients;
    uint32_t count;
    struct span head; /* the first bytes of the lost message, or */
    bool whole;       /* all of it, to be returned as it is */
};

/* Appends the whole message, all of ASCII but for what is returned; its lines are at most 998 bytes. */
void bounce_put(struct buf *out, const struct bounce *b);
/* Whether a message can be returned whole. */
bool bounce_may_return(const struct bounce *b, struct span message);
/* How bad the worst of it is. */
enum bounce_action bounce_worst(const struct bounce_recipient *recipients, uint32_t count);

/* Whether the sender wants to be told (RFC 3461 4.1). */
bool bounce_is_wanted(const struct recipient *r, enum bounce_action action);

/* Lost messages up to this size are returned whole when the sender asks for it (RET=FULL). */
enum { BOUNCE_WHOLE_MOST = 256 * 1024, BOUNCE_WHOLE_POLICY = 10 * 1024 };

/* Inside an operation: makes and stores one bounce for those of these recipients that the sender wants to hear of.  *made
 * (NULL or of an earlier try) is replaced; it stays NULL when there are none, and when m came from <>, for a bounce
 * never bounces. */
bool bounce_store(struct queue *q, const struct message *m, const struct bounce_recipient *recipients,
                  uint32_t count, uint64_t whole_most, struct message **made, struct fault *f);
/* After the commit: it goes its way.  made may be NULL. */
void bounce_committed(struct queue *q, struct message *made);

#endif
