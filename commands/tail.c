/* tail: the last lines of a log. */
#include <stdlib.h>
#include <string.h>

#include "commands/command.h"

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    long lines = 10;
    if (arg_count > 1) {
        char *end = args[1];
        if (arg_count == 3 && strcmp(args[0], "-n") == 0)
            lines = strtol(args[1], &end, 10);
        if (end == args[1] || *end)
            return shell_usage_error(sh, &command_tail);
    }
    json_t *request =
        json_pack("{s:s,s:s,s:I}", "method", "tail", "log", args[arg_count - 1], "lines", (json_int_t)lines);
    return request ? shell_call(sh, request, NULL) : shell_usage_error(sh, &command_tail);
}

const struct command command_tail = {
    .name = "tail",
    .summary = "show the last lines of a log",
    .usage = "[-n LINES] LOG",
    .least_args = 1,
    .most_args = 3,
    .run = run,
};
