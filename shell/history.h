/* The commands that a user typed, over the end of the session: a file of mode 0600 in his own state folder
 * ($XDG_STATE_HOME or ~/.local/state, then mailward/history).  Lines with a secret in them never get there.
 */
#ifndef SHELL_HISTORY_H
#define SHELL_HISTORY_H

#include <stdbool.h>

#include "engine/base/span.h"

struct history_file;

/* Calls visit for each line that is kept, the oldest first.  NULL where there can be no file: nothing is kept then. */
struct history_file *history_file_open(void (*visit)(const char *line, void *context), void *context);
void history_file_add(struct history_file *file, struct span line);
void history_file_close(struct history_file *file);

#endif
