/* status: what the gateway holds now and has done since its start. */
#include <inttypes.h>

#include "commands/command.h"

static void print_section(struct shell *sh, const char *title, json_t *values)
{
    const char *name;
    json_t *value;
    shell_print(sh, "%s\n", title);
    json_object_foreach (values, name, value)
        shell_print(sh, "  %-28s %" JSON_INTEGER_FORMAT "\n", name, json_integer_value(value));
}

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count, (void)args;
    json_t *result;
    enum api_status status = shell_call(sh, json_pack("{s:s}", "method", "status"), &result);
    if (result) {
        print_section(sh, "Gauges:", json_object_get(result, "gauges"));
        print_section(sh, "Counters (since the log role started):", json_object_get(result, "counters"));
    }
    json_decref(result);
    return status;
}

const struct command command_status = {
    .name = "status",
    .summary = "show what the gateway holds and has done",
    .usage = "",
    .run = run,
};
