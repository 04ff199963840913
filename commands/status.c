/* status: what the gateway holds now and has done since its start. */
#include "commands/command.h"

static void show_section(struct shell *sh, const char *title, const char *section, const json_t *result)
{
    json_t *values = json_object_get(result, section), *value;
    const char *name;
    out_text(sh, "%s\n", title);
    json_object_foreach (values, name, value)
        out_text(sh, "  %-28s %" JSON_INTEGER_FORMAT "\n", name, json_integer_value(value));
    out_value(sh, section, values ? json_incref(values) : json_object());
}

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count, (void)args;
    json_t *result;
    enum api_status status = shell_call(sh, json_pack("{s:s}", "method", "status"), &result);
    if (status == API_DONE) {
        show_section(sh, "Gauges:", "gauges", result);
        show_section(sh, "Counters (since the log role started):", "counters", result);
    }
    json_decref(result);
    return status;
}

const struct command command_status = {
    .name = "status",
    .summary = "show what the gateway holds and has done",
    .run = run,
};
