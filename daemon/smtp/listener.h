/* Listeners: as the running configuration has them, on the sockets that the master has bound. */
#ifndef SMTP_LISTENER_H
#define SMTP_LISTENER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "engine/config/table.h"
#include "engine/wire/wire.h"

struct listener {
    LIST_ENTRY(listener) link; /* while it is configured */
    unsigned references;       /* the configuration has one, each session another */
    char *name, *address;
    uint16_t port; /* as configured */
    bool kept;     /* while a new revision is followed */
    /* As the running revision has them; of a listener that is gone, the last one that had it. */
    enum listeners_kind kind;
    enum schema_tls tls;
    struct config_table *rcptaccess, *hostaccess;
    struct event *readable, *pause; /* NULL: it has no socket (yet) */
};

struct sockaddr;

/* config_apply: listeners appear, change and go; the sessions of one that goes stay. */
void listener_follow_config(void);
/* MSG_PORT: takes over fd. */
void listener_take_port(struct wire_reader *in, int fd);
/* MSG_PORT_CLOSED */
void listener_port_closed(struct wire_reader *in);

/* MSG_LISTENERS_SUSPENDED: which of them take no mail for the moment. */
void listener_take_suspension(struct wire_reader *in);
bool listener_is_suspended(const struct listener *l);

struct listener *listener_ref(struct listener *l);
void listener_unref(struct listener *l);

/* One of ours accepts connections to this address and port of this machine. */
bool listener_serves(const struct sockaddr *address);
/* No new connections from now on. */
void listener_stop_all(void);

#endif
