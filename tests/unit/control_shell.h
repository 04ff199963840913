/* A shell at the control socket, in the process of the test: the sessions are real, what is behind them (the head,
 * commits, the queue) is played by the test. */
#ifndef UNIT_CONTROL_SHELL_H
#define UNIT_CONTROL_SHELL_H

#include <jansson.h>
#include <stddef.h>

#include "daemon/control/audit.h"
#include "daemon/control/commit.h"
#include "daemon/control/confirmation.h"
#include "engine/base/span.h"

/* A fresh head with all defaults, no sessions but one, whose greeting has been read. */
struct shell {
    int fd;
    struct buf in;
    json_t *greeting;
    json_t *parts; /* of the latest answer */
};

void control_begin(void);
void control_end(void);

struct shell *shell_open(void);
void shell_close(struct shell *sh);
/* Lets the sessions work until they have nothing to do. */
void control_run(void);
/* Until every child has gone and been waited for by who started it. */
void control_run_children(void);

void shell_send_bytes(struct shell *sh, const void *bytes, size_t size);
/* One frame; quotes may be written as ' in the JSON text. */
void shell_send(struct shell *sh, const char *json);
/* The next frame of an answer (a new reference), or NULL when none comes. */
json_t *shell_frame(struct shell *sh);
/* The end frame of the next answer (a new reference); its parts are in sh->parts. */
json_t *shell_answer(struct shell *sh);
json_t *shell_ask(struct shell *sh, const char *json);
/* True when the daemon has hung up. */
bool shell_is_closed(struct shell *sh);

/* Asks, and checks status and code (NULL: none); the end frame is dropped. */
void shell_expect(struct shell *sh, const char *json, int status, const char *code);
/* The error text of a request that must fail; valid until the next call. */
const char *shell_error(struct shell *sh, const char *json);

/* What the played parts have seen. */
extern struct control_played {
    struct config_tree *head;
    struct manifest manifest;
    struct commit_request commit; /* the latest commit_start() */
    struct commit_handler handler;
    bool committing;
    unsigned forgotten; /* calls of commit_forget() */
    char audit[512];    /* the latest record: "method detail status" */
    const struct store_config_audit *records; /* of sessions, newest first; ended by .method == NULL */
    bool shared;                              /* a system instance */
    uint16_t sent;      /* type of the latest message to the queue */
    struct buf body;    /* and its body */
    bool queue_away;
    bool store_fails; /* to find commits, to accept one */
    struct confirmation pending;
    bool rolling_back;
    char label[64]; /* the one that there is */
    uint64_t labelled;
} played;

/* The end of the commit that was started: as a new revision, or refused. */
void played_commit_done(void);
void played_commit_refused(enum api_error error, const char *text);

#endif
