/* setttymode: whether the session is for a person or for a program that drives a terminal. */
#include <string.h>

#include "commands/command.h"

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count;
    bool on = strcmp(args[0], "1") == 0;
    if (!on && strcmp(args[0], "0") != 0)
        return command_usage_error(sh, &command_setttymode, "'%s' is not 0 or 1", args[0]);
    shell_set_interactive(sh, on); /* without a terminal it is as 0 wants it */
    return API_DONE;
}

const struct command command_setttymode = {
    .name = "setttymode",
    .summary = "edit lines and show output screen by screen, or not",
    .flags = COMMAND_LOCAL,
    .usage = "0|1",
    .details = "  0                      for programs: no line editing, no pages\n"
               "  1                      for people\n",
    .least_args = 1,
    .most_args = 1,
    .run = run,
};
