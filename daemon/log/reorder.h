/* Lines of several roles, put back into the order in which things happened.
 *
 * Roles stamp their events and send them over their own sockets, so the log role can see an effect before its
 * cause.  Each line is therefore held for a moment and lines leave sorted by their time.
 */
#ifndef LOG_REORDER_H
#define LOG_REORDER_H

#include <stdint.h>

#include "daemon/log_lines.h"

/* A line on its way to the logs. */
struct log_record {
    int64_t time;    /* wall, microseconds */
    uint32_t wanted; /* bit set of the subscriptions that take it */
    enum log_line line;
    struct span text; /* without time, level and newline */
};

/* Holds a copy. */
void reorder_add(const struct log_record *record);
/* Gives out, in order, all lines whose time is before `until`.  visit must not add any. */
void reorder_take(int64_t until, void (*visit)(const struct log_record *record));

#endif
