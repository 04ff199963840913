/* Whether a peer is asked.
 *
 * A peer is down once an exchange with it fails that none has answered since it began: a message that is too much for it
 * does not take it from others, and one that is dead costs its time-out once.  An answer that is of no use is the
 * message's, until there are ten in a row.  What waits for a peer that is down goes on without it.  While it is down it is
 * probed after a pause that grows from a second to a minute, until it answers; the pause is short again after a verdict.
 */
#ifndef PEERS_HEALTH_H
#define PEERS_HEALTH_H

#include "daemon/peers/exchange.h"

/* What the configuration says of one peer; what is asked at the old address goes on. */
struct health_target {
    struct span text; /* of the field; for comparing */
    bool (*parse)(struct span text, struct schema_peer *peer, struct error *error);
    int64_t limit_us; /* for one exchange */
};

void health_set_target(enum peer_id peer, const struct health_target *target);
/* Asks about a message.  NULL, with the state in *why, when the peer is not asked.  done() is called when it has ended, and
 * never out of this call. */
struct exchange *health_ask(enum peer_id peer, const struct exchange_message *message,
                            void (*done)(struct exchange *x), void *context, enum peer_state *why);
/* Ends an exchange that nobody waits for any more. */
void health_forget(struct exchange *x);

#endif
