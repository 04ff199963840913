/* Choosing a log, for tail and grep. */
#ifndef COMMANDS_LOGS_H
#define COMMANDS_LOGS_H

#include "commands/command.h"

extern const struct live logs_live;

/* Asks for one by number or name; appends its name. */
enum api_status logs_choose(struct shell *sh, const char *question, struct buf *name);

#endif
