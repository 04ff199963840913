/* Reading the files of one log, oldest first; used inside the query child. */
#ifndef CONTROL_LOG_READ_H
#define CONTROL_LOG_READ_H

#include <stdbool.h>

#include "engine/base/error.h"
#include "engine/base/span.h"

/* Calls visit for each line (without its newline) of all files of log/NAME, until visit returns false. */
bool log_read_lines(const char *name, bool (*visit)(struct span line, void *context), void *context,
                    struct error *error);

/* True when log/NAME exists and NAME is a plain name. */
bool log_exists(const char *name);

#endif
