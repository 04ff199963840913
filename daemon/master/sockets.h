/* The control socket, bound by the master before any role runs and kept by it, so that a control that is restarted
 * loses no connection that waits in the backlog. */
#ifndef MASTER_SOCKETS_H
#define MASTER_SOCKETS_H

#include <stdbool.h>

#include "engine/base/error.h"
#include "engine/schema/settings.h"

/* run/control.sock; -1 with an error. */
int sockets_bind_control(bool is_private, struct error *error);

/* Whether smtp.listen and route are written as they should be. */
bool sockets_check(const struct settings *settings, struct error *error);

#endif
