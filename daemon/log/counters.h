/* The counters of `status`: what a line of the log adds, rates, and what of it is on disk.
 *
 * A line costs an increment.  The store is written every two seconds: a log role that is killed loses what it counted
 * since.  While there is no store (a full disk) counting goes on in memory and is added when it can be had.
 */
#ifndef LOG_COUNTERS_H
#define LOG_COUNTERS_H

#include "daemon/log_lines.h"
#include "engine/base/error.h"

/* started: when the daemon was (wall time), which a restarted log role outlives.  On false, *may_pass tells that the
 * store may be had later; counting works, and counters_tick() goes on trying. */
bool counters_start(const char *path, int64_t started, bool *may_pass, struct error *error);
void counters_add(enum log_line line);
/* Takes samples and writes the store when that is due.  False when something is wrong that was not told before. */
bool counters_tick(struct error *error);
/* "Since the reset" begins now, on disk.  On false nothing has changed. */
bool counters_reset(struct error *error);
/* Appends i64 time of the reset (0: never), i64 since when there is counting (0: not known yet), u32 count, and count of
 * span key, u64 since the reset, since the daemon's start, since ever, then FIGURE_RATES rates per hour. */
void counters_put(struct buf *out);
void counters_stop(void);

#endif
