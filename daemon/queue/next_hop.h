/* The share of each next hop in what smtp has in hand: one that never answers must not stop the mail for the others.
 *
 * Messages that a full next hop has no place for are parked with it, and go back to their lane one by one as it gets
 * room.  A message that waits in no lane is either parked or in the hand of a peer or an operation.
 */
#ifndef QUEUE_NEXT_HOP_H
#define QUEUE_NEXT_HOP_H

#include "daemon/queue/queue.h"

/* Two that have the same route_hash() share one place. */
bool next_hop_has_room(const struct queue *q, const struct route *route);
/* m, which waits nowhere, goes into smtp's hand. */
void next_hop_take(struct queue *q, struct message *m, const struct route *route);
/* m comes back. */
void next_hop_release(struct queue *q, struct message *m);
/* m, which waits nowhere, is due but has to wait for room. */
void next_hop_park(struct queue *q, struct message *m, const struct route *route);
/* m is parked no more and waits nowhere. */
void next_hop_leave(struct queue *q, struct message *m);
/* One that is parked there goes back to its lane if there is room. */
void next_hop_wake(struct queue *q, const struct route *route);
/* All that is parked goes back: the routes have changed. */
void next_hop_wake_all(struct queue *q);

#endif
