/* What the files of a session share: connection, requests, answers. */
#ifndef CONTROL_SESSION_STATE_H
#define CONTROL_SESSION_STATE_H

#include <event2/event.h>

#include "daemon/control/session.h"
#include "engine/base/buf.h"

struct session {
    struct session_info info; /* first: session_next() goes back from it */
    struct session *next;
    int fd;
    struct event *readable, *writable, *next_request;
    struct buf in, out;
    size_t sent;    /* bytes of `out` that are done with */
    size_t used;    /* and of `in` */
    size_t scanned; /* bytes of `in` in which a cancel has been looked for */
    struct session_work work;
    json_t *end;    /* members of the end frame so far; NULL: none */
    bool busy;      /* a request is being answered; the next one waits */
    bool pipelined; /* that request has "pipeline" */
    bool skipping;  /* a pipelined request failed */
    bool ending;    /* close once everything is written */
    bool let_in;    /* its account had a role when it came */
};

/* NULL when it has gone. */
struct session *session_find(uint64_t id);
/* The session that came before this one (NULL: the newest), or NULL. */
struct session *session_older(const struct session *s);

/* Ends what goes on behind the request in hand; its answer is the caller's to give. */
void session_cancel_work(struct session *s);
/* The connection and all that hangs on it. */
void session_close(struct session *s);
/* A last answer, and the end. */
void session_refuse(struct session *s, enum api_error error, const char *why);

/* session_answers.c: one frame (taken over), and whether there is room for none. */
void session_send(struct session *s, json_t *object);
bool session_has_no_room(const struct session *s);

/* session_requests.c: as many of the requests that have come as may be begun now. */
void session_handle_requests(struct session *s);

#endif
