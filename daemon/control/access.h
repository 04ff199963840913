/* Who is let in, as what, and for how long: what the running configuration says of a session.  A commit applies to the
 * sessions that are open. */
#ifndef CONTROL_ACCESS_H
#define CONTROL_ACCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "daemon/control/session.h"

/* What is at the other end of fd belongs to the group of administrators. */
bool access_is_in_admin_group(int fd, gid_t group);
enum permit_role access_role(const struct session_info *session);

unsigned access_idle_minutes(void);
struct span access_banner(void);

/* Judges every session anew: the running configuration is another. */
void access_judge_all(void);
/* Ends the sessions that have been idle for too long. */
void access_end_idle(void);
/* From now on those are ended. */
void access_watch(void);

#endif
