/* How mailwardd-stores ends, for mailwardd. */
#ifndef DAEMON_STORES_STATUS_H
#define DAEMON_STORES_STATUS_H

enum stores_status {
    STORES_GOOD,
    STORES_PROBLEMS, /* done, and something in the stores is wrong: it was told */
    STORES_FAILED,   /* not done */
};

#endif
