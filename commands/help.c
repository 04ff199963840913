/* help: the commands, or the words of one. */
#include "commands/command.h"

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    const struct command *one = arg_count ? command_find(args[0]) : NULL;
    if (arg_count && !one) {
        shell_print(sh, "Unknown command: %s\n", args[0]);
        return API_USAGE;
    }
    for (size_t i = 0; command_table[i]; i++)
        if (!one || one == command_table[i])
            shell_print(sh, "%-10s %-24s %s\n", command_table[i]->name, command_table[i]->usage,
                        command_table[i]->summary);
    return API_DONE;
}

const struct command command_help = {
    .name = "help",
    .summary = "list the commands",
    .usage = "[COMMAND]",
    .most_args = 1,
    .run = run,
};
