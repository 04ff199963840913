/* Where a role program finds its channel to the master. */
#ifndef DAEMON_MASTER_FD_H
#define DAEMON_MASTER_FD_H

enum { MASTER_FD = 3 };

#endif
