/* Alerts: kept, decided about, and given to the queue as mail; the method that shows them; the look at certificates. */
#ifndef CONTROL_ALERTS_H
#define CONTROL_ALERTS_H

#include <jansson.h>

#include "daemon/role.h"

/* Opens config/alerts.db, which may fail for now, and begins to tick. */
void alerts_start(void);
/* From the hooks of the role. */
void alerts_peer_up(enum role_id peer);
void alerts_peer_down(enum role_id peer);
/* False when the message is not one of alerts. */
bool alerts_message(enum role_id peer, uint16_t type, struct wire_reader *in);

/* The method `alerts` (alert_list.c). */
void alerts_list(uint64_t session, json_t *request);
/* Why the queue does not take the mail that waits; empty while it does. */
const char *alerts_obstacle(void);

#endif
