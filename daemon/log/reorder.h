/* Lines of several roles, put back into the order in which things happened.
 *
 * Roles stamp their events and send them over their own sockets, so the log role can see an effect before its
 * cause.  Each line is therefore held for a moment and lines leave sorted by their time.
 */
#ifndef LOG_REORDER_H
#define LOG_REORDER_H

#include <stdint.h>

#include "engine/base/buf.h"

/* Adds the finished text of one line (with its newline). */
void reorder_add(int64_t time, struct span line);
/* Appends to out, in order, all lines whose time is before `until`. */
void reorder_take(int64_t until, struct buf *out);

#endif
