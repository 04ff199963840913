/* Sockets that are no ports: the control socket, bound before any role runs and kept, so that a control that is
 * restarted loses no connection that waits in the backlog; that of spamd; and those to a syslog. */
#ifndef MASTER_SOCKETS_H
#define MASTER_SOCKETS_H

#include <stdbool.h>

#include "engine/base/error.h"
#include "engine/base/span.h"
#include "engine/schema/settings.h"

/* run/control.sock; -1 with an error. */
int sockets_bind_control(bool is_private, struct error *error);
/* run/spamd.sock; likewise. */
int sockets_bind_spamd(bool is_private, struct error *error);
void sockets_remove_spamd(void);

/* A datagram socket to a syslog, where the field of a log says; -1 with an error. */
int sockets_connect_syslog(struct span destination, bool is_private, struct error *error);

/* Whether smtp.listen and route are written as they should be. */
bool sockets_check(const struct settings *settings, struct error *error);

#endif
