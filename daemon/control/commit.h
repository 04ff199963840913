/* The one commit path: rebase, validate, prepare in every role, one transaction, converge.
 *
 * Commits are serialised: a second one waits for the first.  Whatever fails before the transaction leaves head, roles
 * and candidate as they were; after it nothing can fail, and a role that does not follow is started anew.
 */
#ifndef CONTROL_COMMIT_H
#define CONTROL_COMMIT_H

#include "daemon/control/head.h"
#include "daemon/role.h"
#include "engine/wire/api.h"

/* How long roles may take; tests set shorter times. */
extern struct commit_limits {
    int prepare_ms, apply_ms;
} commit_limits;

struct commit_request {
    struct config_candidate
        *candidate;           /* becomes unchanged on the new head when the commit succeeds; must live on */
    struct manifest manifest; /* commit_id, author, source, host, comment, rollback_of, hidden; copied */
    bool check_only;          /* everything up to the transaction: roles prepare, and discard again */
    bool undo; /* of an unconfirmed revision: the one commit that may come then, and roles cannot refuse it */
};

struct commit_result {
    enum api_error error; /* meaningful when status is not API_DONE */
    enum api_status status;
    const char *text;                /* why; NULL when done */
    const char *role;                /* that did not prepare or apply; NULL: none */
    const struct manifest *manifest; /* of the new revision; NULL when nothing was committed */
};

struct commit_handler {
    void (*warning)(void *context, const char *sentence);
    void (*conflict)(void *context, const struct config_conflict *conflict);
    /* Called once, never inside commit_start(). */
    void (*done)(void *context, const struct commit_result *result);
    void *context;
};

void commit_start(const struct commit_request *request, const struct commit_handler *handler);
/* The session has gone: its commit goes on or is dropped from the queue, but nobody is told and the candidate is no
 * longer touched. */
void commit_forget(const struct config_candidate *candidate);

/* True while a commit with this id waits or runs: only when it is over does head_find_commit() tell its outcome. */
bool commit_is_under_way(const char *commit_id);

/* Until it is let go no commit begins: updates prepare something in scan, which prepares one thing at a time. */
void commit_hold(bool hold);
/* True while any commit waits or runs. */
bool commit_is_in_work(void);
/* From now on changed() is called for each new head, when it runs. */
void commit_watch_head(void (*changed)(void));

/* From the hooks of the role. */
void commit_peer_up(enum role_id peer);
void commit_peer_down(enum role_id peer);
/* False when the message is not one of the configuration. */
bool commit_message(enum role_id peer, uint16_t type, struct wire_reader *in);
/* MSG_PORTS_STATE of the master. */
void commit_ports(struct wire_reader *in);

#endif
