/* One client of the spamd service: a connection with one request.
 *
 * client.c moves bytes and keeps time, request.c knows what is asked and answered, scanning.c shares memory and workers
 * among clients.  Only client_settle() frees a client; everything else just changes its state.
 */
#ifndef SPAMD_CLIENT_H
#define SPAMD_CLIENT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "daemon/deadline.h"
#include "engine/base/buf.h"
#include "engine/spamd/spamd_reply.h"

enum client_state {
    CLIENT_HEAD,    /* reads the request */
    CLIENT_HELD,    /* does not read: there is no room for its message yet */
    CLIENT_MESSAGE, /* reads the message */
    CLIENT_WAITING, /* for a worker */
    CLIENT_SCANNING,
    CLIENT_TELLING, /* waits for control to learn */
    CLIENT_ANSWER,  /* sends what is in out and, behind it, the rest of the message */
    CLIENT_CLOSING, /* has everything: what it still sends is thrown away */
    CLIENT_GONE,
};

enum { CLIENT_USER_MAX = 64 };

struct client {
    LIST_ENTRY(client) link;
    TAILQ_ENTRY(client) place; /* in scanning.c and telling.c: among those that wait for the same */
    uint64_t id;
    enum client_state state;
    int fd;
    bool is_local; /* on the UNIX socket */
    uid_t uid;     /* of a local one, by the kernel's word */
    char address[INET6_ADDRSTRLEN];
    struct event *readable, *writable;
    struct deadline deadline;
    struct buf in, out;                 /* the request, and what of the message came with it; the answer */
    struct spamd_request request;       /* its user is in user */
    char user[4 * CLIENT_USER_MAX + 4]; /* made safe */
    int message;                        /* memfd, -1: none */
    uint64_t received;                  /* bytes of the message */
    uint64_t reserved;                  /* of the memory for all messages */
    int64_t body_from;                  /* offset of what of the message follows out; -1: nothing */
};

/* Takes over fd, a fresh connection. */
void client_start(int fd, bool is_local, const char *address);
size_t client_count(void);
/* Tells all to try again, and ends them. */
void client_stop_all(void);

/* It has that much time from now on. */
void client_set_deadline(struct client *c);
/* Answers with nothing but a refusal. */
void client_refuse(struct client *c, enum spamd_status status, const char *reason);
/* c->out is complete: sends it. */
void client_answer(struct client *c);
/* Sends what can be sent and frees c when it is over.  Every event ends here. */
void client_settle(struct client *c);
/* There is room for its message: goes on reading. */
void client_go_on(struct client *c);

/* ---- request.c ---- */

/* In CLIENT_HEAD: c->in has more. */
void request_take_head(struct client *c);
/* In CLIENT_MESSAGE: bytes of it. */
void request_take_bytes(struct client *c, struct span bytes);
/* The client has closed its side. */
void request_take_end(struct client *c);
/* There is room: what came with the request is the message's. */
void request_begin_message(struct client *c);
/* The scan is done: fills c->out. */
void request_take_result(struct client *c, const struct judge_child *child, uint64_t revision);

#endif
