/* What text logs have in common: the time and level before each line, and the first and last lines of a file. */
#ifndef LOG_LOG_FILE_H
#define LOG_LOG_FILE_H

#include "daemon/rolling_file.h"

extern const struct rolling_file_kind log_file_kind;

/* Appends "Sat Nov 21 21:05:37 2026 Info: " for a wall time, in local time. */
void log_file_prefix(struct buf *out, int64_t wall_us, const char *level);

/* Appends "Nov 21 21:05:37", as RFC 3164 4.1.2 has it. */
void log_file_syslog_time(struct buf *out, int64_t wall_us);

#endif
