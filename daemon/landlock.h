/* Landlock without a library: file, network and scope rules as far as the running kernel knows them. */
#ifndef DAEMON_LANDLOCK_H
#define DAEMON_LANDLOCK_H

#include "daemon/sandbox.h"

/* Version of the kernel's landlock interface; 0 when it has none or it is switched off. */
int landlock_abi(void);

/* Restricts the calling thread and what it forks to the folders and the network of box, and to reading extras:
 * files and folders, NULL-terminated, of which a system may lack some.  PR_SET_NO_NEW_PRIVS must be set.  Appends
 * "landlock 7" or why there is none to report; fails only when the kernel refuses a rule. */
bool landlock_restrict(const struct sandbox *box, const char *const *extras, struct buf *report,
                       struct error *error);

#endif
