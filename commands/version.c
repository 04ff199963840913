/* version: which mailward answers. */
#include "commands/command.h"
#include "commands/values.h"

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count, (void)args;
    json_t *result;
    enum api_status status = shell_call(sh, json_pack("{s:s}", "method", "version"), &result);
    if (status == API_DONE) {
        out_text(sh, "Current Version\n===============\nProduct: %s\nVersion: %s\n",
                 text_of(result, "product"), text_of(result, "version"));
        out_value(sh, "product", json_string(text_of(result, "product")));
        out_value(sh, "version", json_string(text_of(result, "version")));
    }
    json_decref(result);
    return status;
}

const struct command command_version = {
    .name = "version",
    .summary = "show the version of the running daemon",
    .run = run,
};
