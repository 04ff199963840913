/* The sockets of listeners, as control wants them: bound here, used by smtp and spamd.
 *
 * They are told apart by role, address and port alone, so a listener that is renamed keeps its socket, and one that is
 * restarted loses no connection that waits in the backlog.  What cannot be bound is tried again until it can.
 */
#ifndef MASTER_PORTS_H
#define MASTER_PORTS_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/role.h"
#include "engine/base/buf.h"
#include "engine/wire/wire.h"

struct ports_hooks {
    /* fd: still ours. */
    void (*opened)(enum role_id role, struct span address, uint16_t port, int fd);
    void (*closed)(enum role_id role, struct span address, uint16_t port);
    /* What listens where has changed (ports_describe()). */
    void (*changed)(void);
};

void ports_start(struct event_base *base, bool is_private, const struct ports_hooks *hooks);
/* The loop has ended. */
void ports_end(void);
/* MSG_PORTS; appends the answer to reply.  False when it cannot be read. */
bool ports_take(struct wire_reader *in, struct buf *reply);
/* Calls opened() for every socket of the role: it was started anew. */
void ports_tell(enum role_id role);
/* Appends a line "NAME ADDRESS PORT" for each listener that runs. */
void ports_describe(struct buf *out);

#endif
