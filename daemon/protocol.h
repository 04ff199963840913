/* The messages between roles: one enum, and the put and get of those with more than a few fields.
 *
 * Every get checks its whole message; spans point into it.  A role that receives what it cannot read ends itself, as
 * its peer is broken or taken over; a peer that is dispensable (role.h) it has started anew instead.
 */
#ifndef DAEMON_PROTOCOL_H
#define DAEMON_PROTOCOL_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/peers/peer.h"
#include "engine/schema/schema.h"
#include "engine/smtp/dsn.h"
#include "engine/wire/wire.h"

enum message_type {
    /* master -> role */
    MSG_START = 1, /* u8 private, i64 wall time of the daemon's start, settings; descriptor: the page of
                      * daemon/failpoint.h, or none */
    MSG_PEER,      /* u8 role, u32 which life of it; descriptor */
    MSG_LISTENER,  /* to control: -; descriptor: its socket */
    MSG_STOP,      /* - */
    MSG_PORT,      /* to smtp or spamd: span address, u16 port; descriptor: a socket that listens there */
    MSG_PORT_CLOSED, /* to smtp or spamd: span address, u16 port: that socket is not to be listened on any more */
    MSG_PORTS_STATE, /* to control: u64 id of the request, u32 count, count of span why not (empty: it is bound) */
    MSG_SYSLOG, /* to log: u32 id of the request, span why not; descriptor: a socket that is connected there */
    /* role -> master */
    MSG_READY = 20,   /* span what the sandbox gave up */
    MSG_START_FAILED, /* span reason */
    MSG_ROLE_STALE, /* u8 role, u32 the life of MSG_PEER, span why: kill it, it is started anew, unless that is over.
                     * Control may say it of all, others of dispensable peers */
    MSG_PORTS,      /* control only: struct ports_request: from now on these are bound, and no others */
    MSG_SYSLOG_ASK, /* log only: u32 id, span destination: a datagram socket to that syslog */

    /* any -> log */
    MSG_LOG_LINE = 100, /* see daemon/log_lines.h */
    /* queue <-> log: final events, kept in the outbox until acknowledged */
    MSG_FINAL_EVENT, /* struct final_event */
    MSG_FINAL_ACK,   /* u64 sequence: this and everything before it is on disk */

    /* log -> control: a line of daemon/alerts.def */
    MSG_ALERT = 120, /* see daemon/log_lines.h */

    /* smtp -> queue */
    MSG_SMTP_HELLO = 200, /* struct smtp_hello; the first message on every connection */
    MSG_ID_REQUEST,       /* u8 enum id_kind */
    MSG_MAIL_BEGIN,       /* struct mail_begin */
    MSG_MAIL_DATA, /* u64 mid, span bytes: the stored form, trace header first, CRLF, not dot-stuffed */
    MSG_MAIL_END, /* u64 mid, u64 size of all data, i64 time, span address of the sender behind an incoming relay (empty:
                         * the client) */
    MSG_MAIL_ABORT,     /* u64 mid */
    MSG_MAIL_ASK,       /* u64 mid: was it accepted?  asked when the queue went away before its answer */
    MSG_DELIVER_RESULT, /* struct deliver_result; repeated after a reconnection until acknowledged */
    /* queue -> smtp */
    MSG_ID_BLOCK = 220, /* u8 enum id_kind, u64 first, u32 count: reserved durably, never given twice */
    MSG_MAIL_ACCEPTED,  /* u64 mid: on disk, say 250 */
    MSG_MAIL_REFUSED,   /* u64 mid, u16 code, span enhanced status, span text */
    MSG_SPACE,          /* u8 1: mail can be taken, 0: say 452 to new mail */
    MSG_DELIVER,     /* struct deliver_job; descriptor: sealed memfd with the message as it is to be sent */
    MSG_DELIVER_ACK, /* u64 mid, u32 attempt: the result is on disk */
    MSG_LISTENERS_SUSPENDED = 240, /* as MSG_SUSPEND_REPLY without its id: clients of these get 421 */

    /* scan -> queue, spamd: what is said of one is never said to the other */
    MSG_SCAN_HELLO = 300, /* u32 workers, u32 count, u64 mid of each job in hand; first on every connection */
    MSG_SCAN_RESULT, /* u64 mid, u64 revision that judged, span its rules and model: "NAME VERSION, ...", span of
                           * judge_result_put() */
    MSG_SCAN_CRASH, /* u64 mid, span breadcrumb, span cause */
    /* queue, spamd -> scan; of spamd the mid is a number of its own */
    MSG_SCAN_JOB = 320, /* struct scan_job; descriptor: sealed memfd with the message */

    /* peers -> queue */
    MSG_PEERS_HELLO =
        340,          /* -; the first message on every connection: nothing that was asked before is in hand */
    MSG_PEERS_RESULT, /* u64 mid, peer_verdicts_put() */
    /* queue -> peers */
    MSG_PEERS_JOB = 360, /* struct scan_job, without verdicts; descriptor: sealed memfd with the message */

    /* control <-> queue, smtp: gauges and moments of engine/wire/figures.def, and others */
    MSG_STATUS_QUERY = 400, /* u32 id */
    MSG_STATUS_REPLY,       /* u32 id, u32 count, count of (span name, u64 value) */
    MSG_WORKQUEUE,          /* to queue: u32 id, u8 0 resume, 1 pause, 2 only tell */
    MSG_WORKQUEUE_REPLY,    /* u32 id, u8 paused, u64 messages that wait for their scan */
    MSG_LOG_ROLL,           /* to log: u32 id, span name, empty for all */
    MSG_LOG_ROLLED,         /* u32 id, u32 count, count of span name of a log that was rolled over */
    /* control <-> log */
    MSG_COUNTERS = 410, /* u32 id, u8 1: reset them first, span who */
    MSG_COUNTERS_REPLY, /* u32 id, span why they were not reset, counters_put() of daemon/log/counters.h */
    /* control <-> queue: what administrators do with mail in the queue and in quarantine (protocol_queue.h) */
    MSG_QUEUE_LIST = 420, /* struct queue_query */
    MSG_QUEUE_ROWS,       /* struct queue_rows */
    MSG_QUEUE_CHANGE,     /* struct queue_query, u8 enum queue_change, span who */
    MSG_QUEUE_CHANGED,    /* struct queue_changed */
    MSG_QUEUE_READ,       /* u32 id, u64 mid: the message itself */
    MSG_QUEUE_TEXT, /* u32 id, u8 enum queue_text, span sender, i64 time; descriptor with QUEUE_TEXT_GOOD: sealed memfd */
    MSG_SUSPEND, /* u32 id, u8 enum queue_part bits, u8 0 resume, 1 suspend, 2 only tell, span who; u32 count, count of
                  * span name: these listeners only, none: all; u32 count, count of span name: all others */
    MSG_SUSPEND_REPLY, /* u32 id, u8 bits that are suspended now, u32 count, count of span name: of listeners that are
                        * suspended while others are not */
    MSG_HOSTS, /* u32 id, u8 enum host_order, span name of the only one wanted (empty: the first twenty) */
    MSG_HOSTS_REPLY, /* u32 id, u32 count, count of host_row_put() */
    /* control -> queue, spamd */
    MSG_FEATURES =
        450, /* u32 feature_bit() of each feature without a valid key; before the first configuration */
    /* control <-> queue: mail that the gateway makes itself; it is neither scanned nor filtered, and never bounces */
    MSG_NOTICE = 460,  /* struct notice */
    MSG_NOTICE_STORED, /* u64 id, u64 mid (0: it is not stored), span why not, u8 1: nor will it ever be */

    /* control -> scan: packages in the place of what the program came with.  First on every connection, before the
     * configuration: those that are installed, and MSG_ENGINE_USE 0. */
    MSG_ENGINE_PACKAGE =
        480,            /* u8 enum package_component; descriptor: sealed memfd with the verified package */
    MSG_ENGINE_TRY,     /* u32 id: prepare a generation with what came since the last try or use */
    MSG_ENGINE_USE,     /* u32 id: switch to it; 0: to what came, as soon as it is ready */
    MSG_ENGINE_DISCARD, /* u32 id: throw it away */
    /* scan -> control */
    MSG_ENGINE_TRIED = 490, /* u32 id (0: of what is installed), u8 enum engine_outcome, span why */

    /* control -> scan: learning.  The examples of now come first on every connection, and after each change. */
    MSG_EXAMPLES = 485, /* u32 count; descriptor, unless it is 0: sealed memfd, scan_learned_put() for each */
    MSG_LESSON,         /* u32 id; descriptor: sealed memfd with a message that an example is wanted of */
    /* scan -> control */
    MSG_LESSON_READ, /* u32 id, span of scan_example_put() (empty: there is none), span why */
    /* spamd -> control */
    MSG_TELL, /* u64 client, u8 enum lesson_kind, u32 uid, span user that it names; descriptor: sealed memfd with the message */
    /* control -> spamd */
    MSG_TOLD, /* u64 client, u8 enum lesson_outcome, span why */

    /* control <-> fetch */
    MSG_FETCH =
        495, /* u32 id, span URL, span PEM of who may vouch for it (empty: as the system), span proxy, u64 bytes at
                      * most */
    MSG_FETCHED, /* u32 id, span why not; else descriptor: sealed memfd with the file */

    /* role -> control: the configuration.  A revision is named by its number and its commit id together. */
    MSG_CONFIG_HELLO =
        500, /* u64 running, span commit id, u64 prepared, span commit id; first, 0 and empty for none */
    MSG_CONFIG_PREPARED, /* u64 revision, span commit id, u32 attempt, u8 1: ready, 0: cannot be, span why */
    MSG_CONFIG_RUNNING,  /* u64 revision, span commit id: switched */
    /* control -> role */
    MSG_CONFIG_BEGIN =
        520, /* u64 revision, span commit id, u32 attempt, u8 1: from empty tables, 0: from the running ones.
              * Each has an attempt of its own: an id may be tried again with other rows */
    MSG_CONFIG_ROWS,    /* u32 table, u32 count, count of (u8 1: put, row | 0: remove, span key) */
    MSG_CONFIG_PREPARE, /* u64 revision: that was all of it */
    MSG_CONFIG_HEAD, /* u64 revision, span commit id: switch to it, or discard what is prepared and differs */
};

/* What came of MSG_ENGINE_TRY. */
enum engine_outcome {
    ENGINE_READY,
    ENGINE_REFUSED,
    ENGINE_BUSY, /* try again */
    ENGINE_LATE, /* it was not ready in time; another hour may do */
};

/* What is said of a message.  Stored: numbers never change. */
enum lesson_kind { LESSON_HAM, LESSON_SPAM, LESSON_FORGET, LESSON_KINDS };
enum lesson_outcome {
    LESSON_DONE,    /* on disk */
    LESSON_NOTHING, /* it was known as that already, or there was nothing to forget */
    LESSON_REFUSED, /* what administrators have said stands */
    LESSON_OFF,     /* learning is off */
    LESSON_FAILED,
    LESSON_OUTCOMES
};

enum { COMMIT_ID_MAX = 64 };

/* A revision as roles and control name it to each other: a number is used again when its commit came to nothing. */
struct config_revision {
    uint64_t number; /* 0: none */
    char commit_id[COMMIT_ID_MAX + 1];
};

void config_revision_put(struct buf *out, const struct config_revision *r);
/* Marks the reader as failed when the commit id is too long or has a NUL. */
struct config_revision config_revision_get(struct wire_reader *in);
bool config_revision_equal(const struct config_revision *a, const struct config_revision *b);

#define PORT_UNIX "unix" /* in place of an address: run/spamd.sock */

/* The addresses and ports that the master is to listen on. */
struct ports_request {
    uint64_t id;
    bool running; /* false: of a revision that is being prepared, besides those of the running one */
    const struct port_wanted {
        struct span name, address; /* of the listener; the address PORT_UNIX is a UNIX socket */
        uint16_t port;             /* 0: one from the kernel */
        uint8_t role;              /* who accepts there: ROLE_SMTP or ROLE_SPAMD */
    } * ports;
    uint32_t count;
};

void ports_request_put(struct buf *out, const struct ports_request *r);
bool ports_request_get(struct wire_reader *in, struct arena *arena, struct ports_request *r);

enum id_kind { ID_MID, ID_ICID, ID_DCID, ID_KIND_COUNT };

struct mail_recipient {
    struct span address;
    uint8_t notify;       /* bits of enum smtp_notify */
    struct span original; /* ORCPT, as sent; empty for none */
};

struct mail_begin {
    uint64_t mid, icid;
    int64_t time; /* wall, microseconds */
    struct span sender, helo, client_ip, listener;
    bool body_8bit;
    bool utf8;                               /* SMTPUTF8: addresses and headers may hold UTF-8 */
    bool outbound;                           /* from an address that may relay: the outgoing policy table */
    uint8_t returns;                         /* enum smtp_return */
    struct span envelope_id;                 /* ENVID, as sent; empty for none */
    uint32_t trace_bytes;                    /* length of the gateway's own header at the start of the data */
    const struct mail_recipient *recipients; /* the RID is the index */
    uint32_t recipient_count;
};

void mail_begin_put(struct buf *out, const struct mail_begin *m);
bool mail_begin_get(struct wire_reader *in, struct arena *arena, struct mail_begin *m);

/* A message of our own, for the queue to store and deliver. */
enum { NOTICE_RECIPIENTS = 1000 };
struct notice {
    uint64_t id;      /* of the sender's choice, for the answer */
    struct span text; /* the whole message; lines end with CRLF */
    const struct span *recipients;
    uint32_t recipient_count; /* 1 to NOTICE_RECIPIENTS */
};

void notice_put(struct buf *out, const struct notice *n);
bool notice_get(struct wire_reader *in, struct arena *arena, struct notice *n);

/* What smtp still has in hand when it meets a queue. */
struct smtp_delivery_id {
    uint64_t mid;
    uint32_t attempt;
};

struct smtp_hello {
    const struct smtp_delivery_id *deliveries; /* running, or with a result that is not acknowledged */
    uint32_t delivery_count;
};

void smtp_hello_put(struct buf *out, const struct smtp_hello *h);
bool smtp_hello_get(struct wire_reader *in, struct arena *arena, struct smtp_hello *h);

struct deliver_recipient {
    uint32_t rid;
    struct span address;
    uint8_t notify; /* as in mail_recipient */
    struct span original;
};

struct deliver_job {
    uint64_t mid;
    uint32_t attempt;
    struct span host; /* address literal without brackets, or a name */
    uint16_t port;
    bool mx; /* host is a domain: its MX records say where to (RFC 5321 5.1) */
    bool
        own_domain; /* the recipients' own; else an administrator named it, and mail waits until it is there */
    enum schema_tls tls; /* how it is to be sent */
    struct span sender;
    bool body_8bit;
    bool utf8; /* as in mail_begin, as the rest */
    uint8_t returns;
    struct span envelope_id;
    const struct deliver_recipient *recipients;
    uint32_t recipient_count;
};

void deliver_job_put(struct buf *out, const struct deliver_job *j);
bool deliver_job_get(struct wire_reader *in, struct arena *arena, struct deliver_job *j);

/* What smtp is given at a time: of one next hop twice what its connections carry, and of all of them enough for some
 * that never answer beside those that do. */
enum {
    DELIVER_BYTES = 256 * 1024 * 1024,
    DELIVER_BYTES_PER_HOP = DELIVER_BYTES / 8,
    DELIVER_FULL_HOPS = 16,
};

static inline uint32_t deliver_jobs_per_hop(int64_t connections)
{
    return (uint32_t)connections * 2;
}

static inline uint32_t deliver_jobs(int64_t connections)
{
    return deliver_jobs_per_hop(connections) * DELIVER_FULL_HOPS;
}

enum deliver_outcome { DELIVER_DONE, DELIVER_DEFERRED, DELIVER_FAILED };

struct deliver_reply {
    uint32_t rid;
    enum deliver_outcome outcome;
    uint16_t code;        /* 0: no reply was had */
    struct span enhanced; /* "5.1.1"; never empty */
    bool said;            /* the next hop sent it */
    struct span text;     /* of the next hop, or our own words */
};

/* Who tells the sender of recipients whose outcome is DELIVER_DONE (RFC 3461 5.2). */
enum deliver_handover {
    DELIVER_RELAYED,   /* we, and only that they were relayed: the next hop does not know how */
    DELIVER_PASSED_ON, /* the next hop */
    DELIVER_HERE,      /* we: they are in their mailbox */
    DELIVER_HANDOVER_COUNT
};

struct deliver_result {
    uint64_t mid;
    uint32_t attempt;
    uint64_t dcid;
    enum deliver_handover handover;
    struct span remote;                  /* what the next hop calls itself; empty when it did not say */
    const struct deliver_reply *replies; /* one for each recipient of the job */
    uint32_t reply_count;
};

void deliver_result_put(struct buf *out, const struct deliver_result *r);
bool deliver_result_get(struct wire_reader *in, struct arena *arena, struct deliver_result *r);

struct scan_job {
    uint64_t mid;
    bool alone;      /* it has killed a worker before */
    bool score_only; /* of spamd: it is judged whatever the policies say, and nothing becomes of it */
    bool example;    /* with score_only: what is wanted is an example to learn from */
    bool outbound;
    uint32_t missing_features; /* bits as in MSG_FEATURES */
    uint32_t trace_bytes;
    struct span sender, helo, client_ip;
    const struct span *recipients;
    uint32_t recipient_count;
    struct peer_verdict peers[PEER_COUNT]; /* what was collected before: facts for the judge */
};

void scan_job_put(struct buf *out, const struct scan_job *j);
bool scan_job_get(struct wire_reader *in, struct arena *arena, struct scan_job *j);

/* Stored, also by the log role: numbers never change. */
enum final_kind {
    FINAL_DELIVERED,
    FINAL_BOUNCED,
    FINAL_DROPPED,
    FINAL_QUARANTINED,
    FINAL_REWRITTEN, /* a copy for an alternate recipient goes on in its place; the detail names its MID */
    FINAL_KIND_COUNT
};

/* The end (or the arrival in the quarantine) of one recipient: a row of the outbox. */
struct final_event {
    uint64_t sequence;
    uint64_t mid;
    uint32_t rid;
    int64_t time;
    enum final_kind kind;
    struct span message_id, sender, recipient, detail;
    uint64_t revision;    /* of the configuration that judged the message; 0: it was not judged */
    struct span versions; /* of rules and model that judged it; empty: none did */
};

void final_event_put(struct buf *out, const struct final_event *e);
bool final_event_get(struct wire_reader *in, struct final_event *e);

#endif
