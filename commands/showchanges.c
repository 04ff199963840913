/* showchanges: what a commit would change. */
#include "commands/changes.h"
#include "commands/command.h"

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count, (void)args;
    json_t *result;
    enum api_status status = shell_call(sh, json_pack("{s:s}", "method", "config.changes"), &result);
    json_int_t count = json_integer_value(json_object_get(result, "count"));
    if (status == API_DONE && count == 0)
        out_text(sh, "There are no changes pending.\n");
    if (status == API_DONE)
        changes_show(sh, result);
    json_decref(result);
    return status;
}

const struct command command_showchanges = {
    .name = "showchanges",
    .summary = "show what a commit would change",
    .run = run,
};
