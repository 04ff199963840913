/* One question to a peer: what it makes of a message, or (a probe) whether it answers at all.
 *
 * The clients (rspamd_client.c, spamd_client.c) carry it there and read the answer; what follows from that is for
 * whoever began it.  An exchange ends once, by exchange_done() of its client, its time-out or exchange_end().
 */
#ifndef PEERS_EXCHANGE_H
#define PEERS_EXCHANGE_H

#include <event2/event.h>
#include <sys/queue.h>

#include "daemon/protocol.h"
#include "engine/peers/peer.h"
#include "engine/schema/schema.h"

struct exchange;

/* How to talk to one kind of peer. */
struct peer_client {
    /* Begins; exchange_done() comes later, never out of this call.  False when it cannot even be begun. */
    bool (*start)(struct exchange *x);
    /* Lets go of whatever the exchange holds; no answer comes after it. */
    void (*stop)(struct exchange *x);
};

extern const struct peer_client rspamd_client, spamd_client;
/* Before the sandbox. */
bool rspamd_client_init(struct error *error);

/* What is asked about; NULL in a probe.  Lives as long as the exchange. */
struct exchange_message {
    struct span bytes;
    struct scan_job envelope;
};

struct exchange {
    TAILQ_ENTRY(exchange) link; /* of those that run with this peer */
    enum peer_id peer;
    const struct schema_peer *where;
    const struct exchange_message *message;
    void (*done)(struct exchange *x);         /* the exchange is freed after it */
    void (*message_done)(struct exchange *x); /* called by done() of health.c */
    void *context;
    unsigned target; /* number of the address that is asked: health.c */
    int64_t started; /* monotonic time */
    struct event *timer;
    struct buf received;
    void *held; /* the client's own */

    /* The answer */
    struct peer_verdict verdict; /* its state says how it ended */
    struct buf symbols;
    const char *why; /* a few words, for the log, when the state is none of an answer */
};

TAILQ_HEAD(exchange_list, exchange);

/* Begins one and owns it.  The answer comes later, never out of this call. */
struct exchange *exchange_start(const struct exchange *wanted, int64_t limit_us);
/* The client has an answer, or a reason why there is none. */
void exchange_done(struct exchange *x, enum peer_state state, const char *why);
/* Ends it with this state, without waiting for an answer; done() is called. */
void exchange_end(struct exchange *x, enum peer_state state);
/* Ends it without a word to anybody. */
void exchange_abandon(struct exchange *x);

#endif
