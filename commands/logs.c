/* Choosing a log, for tail and grep. */
#include "commands/logs.h"

#include "commands/ui.h"

const struct live logs_live = {.method = "logs", .member = "logs"};

enum { LOGS_MAX = 64 };

enum api_status logs_choose(struct shell *sh, const char *question, struct buf *name)
{
    const char *names[LOGS_MAX];
    size_t count = 0, chosen = 0, i;
    json_t *result, *log;
    enum api_status status = shell_call(sh, json_pack("{s:s}", "method", "logs"), &result);
    json_array_foreach(json_object_get(result, "logs"), i, log) if (json_is_string(log) && count < LOGS_MAX)
        names[count++] = json_string_value(log);
    if (status == API_DONE && !count)
        status = shell_fail(sh, API_ERROR_WRONG_STATE, "there are no logs");
    if (status == API_DONE && ui_choose(sh, question, names, count, &chosen) != UI_DONE)
        status = shell_aborted(sh);
    if (status == API_DONE)
        buf_append_span(name, span_text(names[chosen]));
    json_decref(result);
    return status;
}
