/* An answer of the daemon that is shown as one table. */
#ifndef COMMANDS_ROWS_H
#define COMMANDS_ROWS_H

#include "commands/shell.h"

/* Asks, and shows the member `name` of the answer as a table.  request is taken over. */
enum api_status show_rows(struct shell *sh, json_t *request, const char *name,
                          const struct out_column *columns, size_t count);

#endif
