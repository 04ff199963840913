/* The method `status`: gauges and counters of all roles in one answer. */
#ifndef CONTROL_STATUS_H
#define CONTROL_STATUS_H

#include <jansson.h>

#include "daemon/role.h"

/* Asks the roles; the session is answered when all have replied or after five seconds. */
void status_ask(uint64_t session, json_t *request);
/* A role's MSG_STATUS_REPLY. */
void status_reply(enum role_id peer, struct wire_reader *in);

#endif
