/* grep: the lines of a log that match a regular expression. */
#include <string.h>

#include "commands/command.h"
#include "commands/logs.h"

static enum api_status grep(struct shell *sh, const char *expression, const char *log, bool ignore_case)
{
    json_t *result, *request = json_pack("{s:s,s:s,s:s,s:b}", "method", "grep", "expression", expression,
                                         "log", log, "ignore_case", (int)ignore_case);
    if (!request)
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "a word is not UTF-8");
    enum api_status status = shell_call(sh, request, &result);
    if (status == API_DONE && json_integer_value(json_object_get(result, "lines")) == 0)
        out_text(sh, "No results were found. Use another regular expression(s) to search.\n");
    if (status == API_DONE)
        out_value(sh, "lines", json_incref(json_object_get(result, "lines")));
    json_decref(result);
    return status;
}

/* [-i] [-e] EXPRESSION ... LOG: a line is shown when any of the expressions matches. */
static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    struct buf any = {0};
    bool ignore_case = false;
    int i = 0, log = arg_count - 1;
    enum api_status status = API_DONE;
    for (; i < log && args[i][0] == '-' && status == API_DONE; i++) {
        if (strcmp(args[i], "-i") == 0)
            ignore_case = true;
        else if (strcmp(args[i], "-e") == 0 && i + 1 < log)
            buf_printf(&any, "%s(?:%s)", any.len ? "|" : "", args[++i]);
        else
            status = command_usage_error(sh, &command_grep, "'%s' is not known here", args[i]);
    }
    /* without -e the word before the log is the expression */
    if (status == API_DONE && i != (any.len ? log : log - 1))
        status = command_usage_error(sh, &command_grep, "there are too many words or too few");
    if (status == API_DONE)
        status = grep(sh, any.len ? buf_text(&any) : args[i], args[log], ignore_case);
    buf_free(&any);
    return status;
}

static enum api_status dialogue(struct shell *sh)
{
    struct buf log = {0}, expression = {0};
    bool ignore_case = true;
    enum api_status status = logs_choose(sh, "Enter the number of the log you wish to grep.", NULL, &log);
    if (status == API_DONE &&
        (ui_ask(sh, "Enter the regular expression to grep.", "", &expression) != UI_DONE ||
         ui_yes_no(sh, "Do you want this search to be case insensitive?", &ignore_case) != UI_DONE))
        status = shell_aborted(sh);
    if (status == API_DONE)
        status = grep(sh, buf_text(&expression), buf_text(&log), ignore_case);
    buf_free(&log);
    buf_free(&expression);
    return status;
}

const struct command command_grep = {
    .name = "grep",
    .summary = "show the lines of a log that match an expression",
    .flags = COMMAND_LOGIN_HOST,
    .usage = "[-i] EXPRESSION LOG | [-i] -e EXPRESSION [-e EXPRESSION ...] LOG",
    .least_args = 2,
    .most_args = 64,
    .run = run,
    .live = &logs_live,
    .dialogue = dialogue,
};
