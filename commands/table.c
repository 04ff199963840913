/* All commands. */
#include "commands/command.h"

#include <stddef.h>
#include <strings.h>

const struct command *const command_table[] = {
    &command_grep, &command_help, &command_status, &command_tail, &command_version, NULL,
};

const struct command *command_find(const char *name)
{
    for (size_t i = 0; command_table[i]; i++)
        if (strcasecmp(command_table[i]->name, name) == 0)
            return command_table[i];
    return NULL;
}
