/* Updates of rules and models: looked for at intervals or when somebody asks, tried by scan, installed, used.
 *
 * Nothing that comes from fetch is believed before its signature was checked here, and nothing is installed that scan
 * has not tried beside what runs.  One package is tried at a time, and no commit runs meanwhile.
 */
#ifndef CONTROL_UPDATES_H
#define CONTROL_UPDATES_H

#include <jansson.h>

#include "daemon/role.h"
#include "engine/package/package.h"

void updates_start(void);
void updates_peer_up(enum role_id peer);
void updates_peer_down(enum role_id peer);
/* False when the message is not one of updates; takes fd otherwise. */
bool updates_message(enum role_id peer, uint16_t type, struct wire_reader *in, int fd);

/* The methods update.start and update.status. */
void updates_call_start(uint64_t session, json_t *request);
void updates_call_status(uint64_t session, json_t *request);

#endif
