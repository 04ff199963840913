/* Changes and conflicts as text (doc/control-api.md has their JSON). */
#ifndef COMMANDS_CHANGES_H
#define COMMANDS_CHANGES_H

#include "commands/shell.h"

/* Whether this session has changes that are not committed; an error has been told. */
enum api_status changes_pending(struct shell *sh, bool *pending);
/* A nested tree: table, row, "field: before -> after"; new rows with "+", removed ones with "-".  result: of
 * config.changes or config.rollback, borrowed; with --json its "changes" are in the result. */
void changes_show(struct shell *sh, const json_t *result);
/* What both sides made of a row, who was first, and the ways out; count: of all, also those that were not told. */
void conflicts_show(struct shell *sh, json_t *conflicts, json_int_t count);

#endif
