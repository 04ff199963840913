/* A configuration, or what changes in it, as messages to one role: the tables that it reads, in pieces. */
#ifndef CONTROL_ROWS_OUT_H
#define CONTROL_ROWS_OUT_H

#include "daemon/protocol.h"
#include "daemon/role.h"
#include "engine/config/tree.h"

/* Has the role build and prepare `id`, which is `to` as it is in force at place: from the running tables when those are
 * `from`, else (NULL) from empty ones.  Its answer names the attempt. */
void rows_out_send(enum role_id role, const struct config_revision *id, uint32_t attempt,
                   const struct config_tree *from, const struct config_tree *to,
                   const struct config_place *place);

#endif
