/* rollovernow: saves the file of a log, or of all, and begins a new one. */
#include <string.h>

#include "commands/command.h"
#include "commands/logs.h"

static void tell(struct shell *sh, const json_t *result)
{
    json_t *logs = json_object_get(result, "logs"), *name;
    size_t i;
    json_array_foreach(logs, i, name)
        out_text(sh, "%s%s", i ? ", " : "Rolled over: ", json_string_value(name));
    out_text(sh, json_array_size(logs) ? "\n" : "No log was rolled over.\n");
    out_value(sh, "count", json_incref(json_object_get(result, "count")));
    out_value(sh, "logs", json_incref(logs));
}

/* log NULL: all. */
static enum api_status roll(struct shell *sh, const char *log)
{
    json_t *result, *request = json_pack("{s:s,s:s*}", "method", "log.rollover", "log", log);
    if (!request)
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "the name of the log is not UTF-8");
    enum api_status status = shell_call(sh, request, &result);
    if (status == API_DONE)
        tell(sh, result);
    json_decref(result);
    return status;
}

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count;
    return roll(sh, strcmp(args[0], "all") == 0 ? NULL : args[0]);
}

static enum api_status dialogue(struct shell *sh)
{
    struct buf log = {0};
    enum api_status status =
        logs_choose(sh, "Enter the number of the log you wish to roll over.", "all logs", &log);
    if (status == API_DONE)
        status = roll(sh, log.len ? buf_text(&log) : NULL);
    buf_free(&log);
    return status;
}

const struct command command_rollovernow = {
    .name = "rollovernow",
    .summary = "save the files of logs and begin new ones",
    .flags = COMMAND_MACHINE,
    .usage = "LOG|all",
    .least_args = 1,
    .most_args = 1,
    .run = run,
    .dialogue = dialogue,
};
