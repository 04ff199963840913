/* version: which mailward answers. */
#include "commands/command.h"

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count, (void)args;
    json_t *result;
    enum api_status status = shell_call(sh, json_pack("{s:s}", "method", "version"), &result);
    if (status == API_DONE) {
        shell_print(sh, "Current Version\n===============\n");
        shell_print(sh, "Product: %s\n", json_string_value(json_object_get(result, "product")));
        shell_print(sh, "Version: %s\n", json_string_value(json_object_get(result, "version")));
    }
    json_decref(result);
    return status;
}

const struct command command_version = {
    .name = "version",
    .summary = "show the version of the running daemon",
    .usage = "",
    .run = run,
};
