/* Choosing a log: tail, grep, rollovernow. */
#ifndef COMMANDS_LOGS_H
#define COMMANDS_LOGS_H

#include "commands/command.h"

extern const struct live logs_live;

/* Asks for one by number or name; appends its name, nothing for `all`, which is the first choice (NULL: there is none). */
enum api_status logs_choose(struct shell *sh, const char *question, const char *all, struct buf *name);

#endif
