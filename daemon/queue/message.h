/* A message that waits for its scan or its delivery, as it is kept in memory: some hundred bytes, no body.
 *
 * The store holds the same facts; memory is changed only after the transaction that changed the store.
 * Quarantined and held messages are in the store alone.
 */
#ifndef QUEUE_MESSAGE_H
#define QUEUE_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "daemon/queue/spool.h"
#include "daemon/queue/table.h"
#include "engine/base/span.h"
#include "engine/judge/judge.h"

/* Stored: numbers never change. */
enum recipient_state {
    RECIPIENT_SCAN = 1,
    RECIPIENT_DELIVER = 2,
    RECIPIENT_QUARANTINE = 3,
    RECIPIENT_HELD = 4, /* its body is damaged; for the administrator to decide */
};

struct recipient {
    uint32_t rid;
    bool saved;      /* already in the Maildir when the queue started */
    bool ended;      /* to be removed by message_remove_ended() */
    uint8_t notify;  /* bits of enum smtp_notify */
    bool delay_told; /* the sender was told that it takes long */
    uint32_t tries;
    int64_t next_try;                  /* wall time */
    uint32_t route_hash, route_lookup; /* of the route found last, and by which revision; not stored */
    struct span address;
    struct span original; /* ORCPT (RFC 3461), as sent; empty for none */
};

/* Who has the message at the moment. */
enum message_hand {
    HAND_QUEUE,      /* in the list of those waiting for scan, in the schedule, or parked */
    HAND_UNREADABLE, /* waits for scan too, but its body could not be read: not before it is due */
    HAND_PEER,       /* scan, peers or smtp */
    HAND_WRITING,    /* an operation on it waits for its commit */
};

struct message {
    struct table_node node; /* key: MID */
    uint64_t parent;        /* of a split, or the bounced message; 0: none */
    uint64_t icid;
    uint64_t revision; /* of the configuration that judged it; 0: not judged */
    uint32_t versions; /* of rules and model that judged it: store_find_versions() */
    int64_t received;
    struct spool_record body;
    uint32_t trace_bytes;
    bool body_8bit, outbound;
    bool utf8;          /* SMTPUTF8: addresses and header may hold UTF-8 */
    uint8_t scan_tries; /* workers it has killed */
    uint32_t attempt;   /* number of the last delivery attempt whose result is on disk */
    uint8_t returns;    /* enum smtp_return */
    struct span sender, helo, client_ip, message_id;
    struct span envelope_id;      /* ENVID (RFC 3461), as sent; empty for none */
    struct span edits;            /* judge_edits_put(); empty: none */
    struct span host;             /* the alternate host it goes to; empty: by the routes */
    enum recipient_state state;   /* of all recipients here: SCAN or DELIVER */
    struct recipient *recipients; /* ascending by RID */
    uint32_t recipient_count;

    /* not stored */
    bool no_failure; /* a notice (bounce.h) of no failure */
    enum message_hand hand;
    uint32_t hand_attempt;     /* of the job that smtp has */
    struct span peers;         /* peer_verdicts_put() of other engines; empty: not asked yet */
    bool at_peers;             /* waits for other engines, or the role that asks them has it */
    int64_t ask_until;         /* monotonic: how long it may wait for this role to have room */
    uint8_t peer_tries;        /* times that this role died with it */
    uint8_t read_tries;        /* times in a row that its body could not be read */
    uint8_t lane;              /* enum lane: in which schedule */
    size_t heap_index;         /* there; 0: in none */
    struct next_hop *next_hop; /* while smtp has it, or it is parked there */
    int64_t
        due; /* the schedule's key: earliest next_try; monotonic: when to read it again (unreadable), or until when the
                  * role that asks other engines has to answer */
    char *bytes;                 /* the body, while the cache has it */
    TAILQ_ENTRY(message) link;   /* waiting for scan, parked, or in a peer's hand */
    TAILQ_ENTRY(message) cached; /* while bytes is set */
    TAILQ_ENTRY(message) by_age; /* of all that are in memory */
};

TAILQ_HEAD(message_list, message);

static inline uint64_t message_mid(const struct message *m)
{
    return m->node.key;
}

/* A copy of the stored facts of m, with recipients (those of m when rids is NULL) and all text of its own. */
struct message *message_copy(const struct message *m, const uint32_t *rids, uint32_t rid_count);
void message_free(struct message *m);

struct recipient *message_recipient(const struct message *m, uint32_t rid);
/* Drops the recipients that are marked as ended. */
void message_remove_ended(struct message *m);
void message_set_edits(struct message *m, struct span edits);
void message_set_peers(struct message *m, struct span peers);
void message_set_host(struct message *m, struct span host);
/* Sets due from the recipients.  A try later than latest (wall time) is one of before the clock was set back: it is
 * due at latest. */
void message_update_due(struct message *m, int64_t latest);

#endif
