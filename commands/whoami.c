/* whoami: the account of this session. */
#include "commands/command.h"
#include "commands/values.h"

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count, (void)args;
    json_t *result;
    enum api_status status = shell_call(sh, json_pack("{s:s}", "method", "whoami"), &result);
    if (status == API_DONE) {
        struct buf groups = {0};
        size_t i;
        json_t *group;
        json_array_foreach(json_object_get(result, "groups"), i, group)
            buf_printf(&groups, "%s%s", i ? ", " : "", json_string_value(group));
        out_text(sh, "Username: %s\nFull Name: %s\nGroups: %s\n", text_of(result, "user"),
                 text_of(result, "full_name"), buf_text(&groups));
        buf_free(&groups);
        const char *name;
        json_t *value;
        json_object_foreach (result, name, value)
            out_value(sh, name, json_incref(value));
    }
    json_decref(result);
    return status;
}

const struct command command_whoami = {
    .name = "whoami",
    .summary = "show the account of this session",
    .run = run,
};
