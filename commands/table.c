/* All commands. */
#include <stddef.h>

#include "commands/command.h"

const struct command *const command_table[] = {
#define COMMAND(name) &command_##name,
#include "commands/commands.def"
#undef COMMAND
    NULL,
};
