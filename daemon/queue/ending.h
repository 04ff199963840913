/* How recipients and messages end: the statements that all kinds of endings share. */
#ifndef QUEUE_ENDING_H
#define QUEUE_ENDING_H

#include "daemon/queue/queue.h"

/* The final event of one recipient, into the outbox. */
bool ending_add_final(struct queue *q, const struct message *m, const struct recipient *r,
                      enum final_kind kind, struct span detail, struct fault *f);
/* The same for all recipients of m. */
bool ending_add_finals(struct queue *q, const struct message *m, enum final_kind kind, struct span detail,
                       struct fault *f);
/* Removes message and recipients; its MID is remembered. */
bool ending_remove_message(struct queue *q, const struct message *m, struct fault *f);
/* After the commit of that: the body may go, and m is freed. */
void ending_committed(struct queue *q, struct message *m);

#endif
