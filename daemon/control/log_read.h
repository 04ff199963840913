/* Reading the files of one log, oldest first; used inside the query child. */
#ifndef CONTROL_LOG_READ_H
#define CONTROL_LOG_READ_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "engine/base/error.h"
#include "engine/base/span.h"

/* How far a log has been read.  Zero-initialised is its beginning. */
struct log_position {
    char file[NAME_MAX + 1]; /* without its suffix, which changes when the file is closed */
    off_t offset;
};

/* Calls visit for each line (without its newline) of all files of log/NAME behind position, until visit returns false.
 * The position moves behind what was read; a last line without a newline is not read then, for there is more to come.
 * position may be NULL: everything there is. */
bool log_read_lines(const char *name, struct log_position *position,
                    bool (*visit)(struct span line, void *context), void *context, struct error *error);

/* True when log/NAME exists and NAME is a plain name. */
bool log_exists(const char *name);

/* Calls visit for each log, sorted by name. */
void log_each(void (*visit)(const char *name, void *context), void *context);

#endif
