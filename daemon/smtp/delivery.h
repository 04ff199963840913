/* One attempt to deliver one message to one next hop: the job of the queue and the result for each recipient.
 *
 * A result is kept, and repeated to a queue that comes back, until the queue has acknowledged it.
 */
#ifndef SMTP_DELIVERY_H
#define SMTP_DELIVERY_H

#include <stdbool.h>
#include <sys/queue.h>

#include "daemon/protocol.h"
#include "engine/relay/seven_bit.h"

struct smtp_reply;

struct delivery {
    LIST_ENTRY(delivery) by_mid;
    TAILQ_ENTRY(delivery) waiting; /* for a connection */
    struct arena *arena;
    struct deliver_job job;
    struct span message;        /* mapped; dropped when finished */
    struct seven_bit_plan plan; /* for the present next hop; without changes: it goes as it is */
    uint32_t *order;            /* the recipients to be tried: indexes into job.recipients */
    uint32_t order_count;
    struct deliver_reply *replies; /* as job.recipients; settled once `enhanced` is set */
    uint64_t dcid;
    enum deliver_handover handover; /* to the next hop that it met last */
    struct span remote;
    bool running; /* on a connection */
    bool finished;
    struct buf result; /* as sent; empty before it is finished */
};

/* Copies the job and takes over fd.  Recipients that must not be sent are settled at once; when none is left or
 * the message cannot be read, order_count is 0 and all are settled. */
struct delivery *delivery_new(const struct deliver_job *job, int fd);
void delivery_free(struct delivery *d);
/* NULL when it is not in hand. */
struct delivery *delivery_find(uint64_t mid, uint32_t attempt);

/* Results; a recipient that has one keeps it.  index is that of job.recipients. */
void delivery_settle(struct delivery *d, uint32_t index, const struct smtp_reply *reply);
void delivery_settle_rest(struct delivery *d, const struct smtp_reply *reply);
/* For failures that are not the reply to a command.  The class of the enhanced code tells whether to try again; code
 * is 0 when there was no reply. */
void delivery_end_rest(struct delivery *d, uint16_t code, struct span enhanced, struct span text);
/* Recipients that is_bad() fail for ever, for this reason, and are not sent; the texts are constants. */
void delivery_leave_out(struct delivery *d, bool (*is_bad)(struct span address), struct span enhanced,
                        struct span text);
/* All recipients have their result: tells log and queue, and lets the message go. */
void delivery_finish(struct delivery *d);

/* Deliveries on a connection right now. */
size_t delivery_running_count(void);

void delivery_log_start(const struct delivery *d);

/* Everything in hand, to a queue that has just come. */
void delivery_send_hello(void);
void delivery_send_results(void);

#endif
