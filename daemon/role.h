/* What every role is: a program with a few hooks, run by one skeleton (role_main.c).
 *
 * The skeleton takes the settings and descriptors from the master, drops privileges, calls start(), closes the
 * sandbox, tells the master and runs the loop.  A role never outlives the master.
 */
#ifndef DAEMON_ROLE_H
#define DAEMON_ROLE_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/channel.h"
#include "daemon/role_config.h"
#include "engine/base/error.h"
#include "engine/schema/settings.h"

enum role_id {
    ROLE_MASTER,
    ROLE_LOG,
    ROLE_QUEUE,
    ROLE_SCAN,
    ROLE_SMTP,
    ROLE_SPAMD,
    ROLE_PEERS,
    ROLE_CONTROL,
    ROLE_FETCH,
    ROLE_COUNT
};

/* What a role may have: one row for each, in roles.c. */
struct role_entry {
    const char *name;    /* the program is mailwardd-NAME */
    const char *account; /* that it runs as in a system instance (privileges.h) */
    unsigned peers;      /* bit set of the roles it talks to, the master left out */
    unsigned reader;     /* its bit of enum schema_readers; 0: control does not configure it */
    bool network;        /* may make network sockets */
    /* It talks with strangers, and mail flows without it: no commit waits for it while it is away, and whoever cannot read
     * what it says has it started anew (role_replace_peer()). */
    bool dispensable;
    /* Relative to the state folder.  The master makes those to be written: a role with folders has its account. */
    const char *write_dirs[3], *read_dirs[2];
};

extern const struct role_entry role_table[ROLE_COUNT];

/* The hooks of one role program; each program defines role_self. */
struct role {
    enum role_id id;
    /* Opens stores and files.  The current folder is the state folder.  Runs without root, before the sandbox. */
    bool (*start)(struct error *error);
    /* A peer is connected, at start or after it was restarted.  Optional, as all below. */
    void (*peer_up)(enum role_id peer);
    /* A peer is gone; every message that it sent has been handled before. */
    void (*peer_down)(enum role_id peer);
    /* A message of a peer.  fd: -1 or owned.  When the handler left `in` failed the skeleton ends the process, or has the
     * peer replaced if that is dispensable. */
    void (*message)(enum role_id peer, uint16_t type, struct wire_reader *in, int fd);
    /* A bound listening socket that now belongs to the role. */
    void (*listener)(int fd);
    /* The configuration (role_config.h).  A role with config_apply gets one, and is ready only once the first runs.
     * prepare: build what the next revision needs, touch nothing that runs, then call role_config_prepared(); without it
     * nothing has to be built.  apply: switch to it; role_config() is the new one; cannot fail.  discard: throw away what
     * prepare built. */
    void (*config_prepare)(const struct role_config *next);
    void (*config_apply)(void);
    void (*config_discard)(void);
    /* Asked to end: finish and call role_exit() within five seconds, then comes SIGKILL. */
    void (*stop)(void);
};

extern const struct role role_self;

struct event_base *role_base(void);
const struct settings *role_settings(void);
/* True when the instance is private (quick start, tests). */
bool role_is_private(void);
/* When the daemon (its master, not this role) was started: wall time, which names this run of it. */
int64_t role_daemon_started(void);
/* False, and nothing is sent, while the peer is away; fd is closed then. */
bool role_send(enum role_id peer, uint16_t type, struct span body, int fd);
/* NULL while the peer is away. */
struct channel *role_peer(enum role_id peer);
/* Has the master start a peer anew, if that is still the one that this role was joined with last; why: what it does
 * wrong, as the end of a sentence, which a daemon that cannot start ends with. */
void role_tell_stale(enum role_id peer, const char *why);
/* Hangs up on a dispensable peer and has the master start it anew; why: what is wrong with it, for the log. */
void role_replace_peer(enum role_id peer, const char *why);
/* Says why on standard error and in the log, and ends the process; the master restarts it. */
_Noreturn void role_fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void role_exit(void);

#endif
