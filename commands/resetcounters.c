/* resetcounters: the counters' column "Reset" begins anew. */
#include "commands/command.h"

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count, (void)args;
    return shell_call(sh, json_pack("{s:s}", "method", "counters.reset"), NULL);
}

const struct command command_resetcounters = {
    .name = "resetcounters",
    .summary = "set the counters since the reset to zero",
    .flags = COMMAND_MACHINE,
    .run = run,
};
