/* showconfig: the configuration in force, as JSON. */
#include "commands/command.h"

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count, (void)args;
    return shell_call(sh, json_pack("{s:s}", "method", "config.show"), NULL);
}

const struct command command_showconfig = {
    .name = "showconfig",
    .summary = "show the configuration in force, as JSON",
    .run = run,
};
