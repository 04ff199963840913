/* One connection to a next hop.
 *
 * connection.c opens, reads, writes and closes, connection_tls.c makes it a TLS one; dialogue.c knows what to say.
 * Only the connection's own event handlers free it; everything else just sets CONNECTION_CLOSED.
 */
#ifndef SMTP_CONNECTION_H
#define SMTP_CONNECTION_H

#include <stdbool.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "daemon/deadline.h"
#include "daemon/smtp/delivery.h"
#include "engine/smtp/address.h"
#include "engine/smtp/data_encoder.h"
#include "engine/smtp/reply.h"

struct hop; /* client.c */
struct tls;

enum connection_state {
    CONNECTION_CONNECTING,
    CONNECTION_GREETING, /* each of these waits for the reply that it is named after */
    CONNECTION_EHLO,
    CONNECTION_HELO,
    CONNECTION_STARTTLS,
    CONNECTION_HANDSHAKE, /* of TLS: bytes are no lines */
    CONNECTION_IDLE,      /* waits for a delivery */
    CONNECTION_ENVELOPE,  /* MAIL, RCPT and DATA */
    CONNECTION_BODY,      /* sends the message */
    CONNECTION_FINAL,
    CONNECTION_RESET,
    CONNECTION_QUIT,
    CONNECTION_CLOSED,
    CONNECTION_STATE_COUNT
};

/* One address after the other until a connection is made. */
struct connection_attempt {
    uint64_t tried; /* set of indexes */
    int64_t began;  /* clock_mono_us() */
};

struct connection {
    LIST_ENTRY(connection) idle; /* while `pooled`: idle and kept for the next delivery */
    TAILQ_ENTRY(connection) pool;
    bool pooled;
    struct hop *hop;
    int fd;
    enum connection_state state;
    bool fresh;             /* was not ready for a delivery yet */
    enum schema_tls policy; /* NONE also where TLS failed a moment ago */
    struct tls *tls;        /* from the start of the handshake; NULL: plain text */
    struct event *readable, *writable;
    struct deadline deadline;
    int64_t job_due; /* clock_mono_us(): the end of the job's time as a whole */
    struct buf in, out;
    int address; /* index in the destination of the hop */
    struct connection_attempt attempt;
    uint64_t dcid;
    bool logged; /* NEW_DCID was */

    struct smtp_reply reply;
    struct smtp_extensions extensions;
    char name[SMTP_DOMAIN_MAX + 1]; /* what the next hop calls itself; empty when that is no name */
    struct delivery *job;
    bool reused;             /* the job is not the connection's first */
    uint32_t sent, answered; /* commands of the envelope: MAIL is 0, then RCPT in order, then DATA */
    uint32_t accepted;       /* recipients */
    bool sender_refused;
    struct smtp_data_encoder encoder;
    struct seven_bit_reader reader; /* of the message */
};

/* Begins to connect.  The dcid is its number in the log.  NULL and errno when that cannot even be tried. */
struct connection *connection_open(struct hop *hop, const struct sockaddr *address, socklen_t size,
                                   uint64_t dcid);
/* It has that many seconds to go on; while it sends a message, no longer than a delivery may take as a whole. */
void connection_set_deadline(struct connection *c, int64_t seconds);
/* Sends what the socket takes now. */
void connection_flush(struct connection *c);
/* It cannot go on: no reply, or none that is SMTP.  What it carries is deferred. */
void connection_fail(struct connection *c, struct span enhanced, const char *text);

/* In CONNECTION_HANDSHAKE: its next step. */
void connection_continue_tls(struct connection *c);
/* The handshake was done. */
void dialogue_go_on_in_tls(struct connection *c);

/* Connected; the greeting is next. */
void dialogue_begin(struct connection *c);
/* A reply is complete in c->reply. */
void dialogue_take_reply(struct connection *c);
/* The next piece of the message to c->out. */
void dialogue_fill_body(struct connection *c);
/* c is idle: begins a delivery. */
void dialogue_deliver(struct connection *c, struct delivery *d);
void dialogue_quit(struct connection *c);

#endif
