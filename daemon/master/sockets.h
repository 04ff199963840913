/* The listening sockets, bound by the master before any role runs and kept by it, so that a role that is
 * restarted loses no connection that waits in the backlog. */
#ifndef MASTER_SOCKETS_H
#define MASTER_SOCKETS_H

#include "daemon/role.h"
#include "engine/base/buf.h"

struct listener {
    const char *name;
    enum role_id role;
    int fd;
};

enum { LISTENER_COUNT = 2 };

/* The public SMTP listener at settings->listen and the control socket run/control.sock.  Appends a line
 * "NAME ADDRESS PORT" for each port to ports. */
bool sockets_bind(const struct settings *settings, bool is_private, struct listener listeners[LISTENER_COUNT],
                  struct buf *ports, struct error *error);

/* Whether smtp.listen and route are written as they should be. */
bool sockets_check(const struct settings *settings, struct error *error);

#endif
