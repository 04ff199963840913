/* showchanges: what a commit would change, or how two configurations differ. */
#include "commands/changes.h"
#include "commands/command.h"

static enum api_status show(struct shell *sh, json_t *request, const char *nothing)
{
    json_t *result;
    if (!request)
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "a name is not UTF-8");
    enum api_status status = shell_call(sh, request, &result);
    if (status == API_DONE && json_integer_value(json_object_get(result, "count")) == 0)
        out_text(sh, "%s\n", nothing);
    if (status == API_DONE)
        changes_show(sh, result);
    json_decref(result);
    return status;
}

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count, (void)args;
    return show(sh, json_pack("{s:s}", "method", "config.changes"), "There are no changes pending.");
}

static enum api_status diff(struct shell *sh, const struct call *call)
{
    return show(sh,
                json_pack("{s:s,s:s,s:s}", "method", "config.diff", "from", call->args[0], "to",
                          call->arg_count > 1 ? call->args[1] : "candidate"),
                "There are no differences.");
}

static const struct verb verbs[] = {
    {.word = "diff",
     .text = "How two configurations differ: candidate, running, a revision or a label.",
     .usage = "FROM [TO]",
     .least_args = 1,
     .most_args = 2,
     .batch = diff},
    {.word = NULL},
};

const struct command command_showchanges = {
    .name = "showchanges",
    .summary = "show what a commit would change, or how two configurations differ",
    .verbs = verbs,
    .run = run,
};
