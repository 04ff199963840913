/* Which messages and recipients an administrator's query means. */
#ifndef QUEUE_SELECT_H
#define QUEUE_SELECT_H

#include "daemon/protocol_queue.h"
#include "daemon/queue/queue.h"

/* Calls for recipients (r) or for the whole message; subject is empty where it is not known. */
bool select_place(const struct queue_query *query, const struct message *m);
bool select_recipient(const struct queue_query *query, const struct message *m, struct span subject,
                      const struct recipient *r);
/* Whether scan, smtp or an operation has it at the moment; live may be NULL: it is in the store alone. */
bool select_is_busy(const struct message *live);

#endif
