/* The automatic roll-back: a head that is not confirmed in time, or is rejected, gives way to the revision before it, as
 * a commit like any other.
 */
#ifndef CONTROL_ROLL_BACK_H
#define CONTROL_ROLL_BACK_H

#include "daemon/control/commit.h"

/* The role starts, or a commit asked for a confirmation: watches the deadline of what is pending. */
void roll_back_watch(void);

/* Rejects what is pending: handler as for commit_start(). */
void roll_back_now(const char *author, const char *source, const struct commit_handler *handler);
/* True while it is being undone: an answer comes too late. */
bool roll_back_is_under_way(void);

/* "Revision 57 of admin is undone in 9 min 30 s unless it is confirmed: ...".  Only while one is pending. */
enum { ROLL_BACK_NOTICE_MAX = 200 };
void roll_back_notice(char notice[ROLL_BACK_NOTICE_MAX]);

#endif
