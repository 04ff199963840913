/* Every role on the head revision, and ready for the next one: level-triggered.
 *
 * What a role runs and has prepared is known from its own words alone, since it connected.  Whenever something
 * changes, each role is sent the one thing that it needs next.  A role that does not answer in time is started anew.
 */
#ifndef CONTROL_CONVERGE_H
#define CONTROL_CONVERGE_H

#include "daemon/protocol.h"
#include "daemon/role.h"
#include "engine/config/tree.h"

void converge_peer_up(enum role_id role);
void converge_peer_down(enum role_id role);
/* False when the message is not one of the configuration. */
bool converge_message(enum role_id role, uint16_t type, struct wire_reader *in);

/* From now on every role that runs the head prepares this beside it. */
void converge_prepare(const struct config_revision *id, struct config_tree *tree);
/* No longer: roles follow the head, which may have become that revision, and discard what differs from it. */
void converge_follow_head(void);

enum converge_state { CONVERGE_WAITING, CONVERGE_DONE, CONVERGE_REFUSED };
/* Whether every role has prepared it but for those that are dispensable and away; else *role is one that has not, and
 * when it refused *why tells the reason. */
enum converge_state converge_prepared(enum role_id *role, const char **why);
/* Whether every role but those runs the head; else *role is one that does not. */
bool converge_running(enum role_id *role);

#endif
