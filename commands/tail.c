/* tail: the last lines of a log; on a terminal it follows until Ctrl-C. */
#include <string.h>

#include "commands/command.h"
#include "commands/logs.h"

enum { LINES = 10 };

static enum api_status tail(struct shell *sh, const char *log, json_int_t lines)
{
    json_t *result, *request = json_pack("{s:s,s:s,s:I,s:b}", "method", "tail", "log", log, "lines", lines,
                                         "follow", (int)shell_is_interactive(sh));
    if (!request)
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "the name of the log is not UTF-8");
    out_follows(sh);
    enum api_status status = shell_call(sh, request, &result);
    if (status == API_DONE)
        out_value(sh, "lines", json_incref(json_object_get(result, "lines")));
    json_decref(result);
    return status;
}

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    uint64_t lines = LINES;
    bool counts = strcmp(args[0], "-n") == 0;
    if (counts && arg_count < 3)
        return command_usage_error(sh, &command_tail, "words are missing behind '-n'");
    if (!counts && arg_count > 1)
        return command_usage_error(sh, &command_tail, "'%s' is one word too many", args[1]);
    if (arg_count == 3 &&
        (!span_parse_u64(span_text(args[1]), &lines) || lines < 1 || lines > API_TAIL_LINES_MAX))
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "'%s' is not a number of lines from 1 to %d", args[1],
                          API_TAIL_LINES_MAX);
    return tail(sh, args[arg_count - 1], (json_int_t)lines);
}

static enum api_status dialogue(struct shell *sh)
{
    struct buf log = {0};
    enum api_status status = logs_choose(sh, "Enter the number of the log you wish to tail.", NULL, &log);
    if (status == API_DONE)
        status = tail(sh, buf_text(&log), LINES);
    buf_free(&log);
    return status;
}

const struct command command_tail = {
    .name = "tail",
    .summary = "show the last lines of a log",
    .flags = COMMAND_LOGIN_HOST,
    .usage = "[-n LINES] LOG",
    .details = "On a terminal new lines follow until Ctrl-C; elsewhere it ends behind the last.\n",
    .least_args = 1,
    .most_args = 3,
    .live = &logs_live,
    .run = run,
    .dialogue = dialogue,
};
