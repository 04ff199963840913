/* grep: the lines of a log that match a regular expression. */
#include <string.h>

#include "commands/command.h"

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    bool ignore_case = arg_count == 3;
    if (ignore_case && strcmp(args[0], "-i") != 0)
        return shell_usage_error(sh, &command_grep);
    json_t *request = json_pack("{s:s,s:s,s:s,s:b}", "method", "grep", "expression", args[arg_count - 2],
                                "log", args[arg_count - 1], "ignore_case", (int)ignore_case);
    /* NULL: a word is not UTF-8 */
    if (!request)
        return shell_usage_error(sh, &command_grep);
    json_t *result;
    enum api_status status = shell_call(sh, request, &result);
    if (status == API_DONE && json_integer_value(json_object_get(result, "lines")) == 0)
        shell_print(sh, "No results were found. Use another regular expression(s) to search.\n");
    json_decref(result);
    return status;
}

const struct command command_grep = {
    .name = "grep",
    .summary = "show the lines of a log that match an expression",
    .usage = "[-i] EXPRESSION LOG",
    .least_args = 2,
    .most_args = 3,
    .run = run,
};
