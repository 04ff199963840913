/* displayalerts: the latest alerts, and whom they were sent to or why not. */
#include <string.h>

#include "commands/command.h"
#include "commands/values.h"

enum { ALERTS = 10 };

static void show_times(struct shell *sh, const json_t *row, const char *indent)
{
    struct buf last = {0};
    json_int_t repeats = json_integer_value(json_object_get(row, "repeats"));
    if (repeats) {
        time_put(&last, json_integer_value(json_object_get(row, "last")));
        out_text(sh, "%s%" JSON_INTEGER_FORMAT " more time%s until %s\n", indent, repeats,
                 repeats == 1 ? "" : "s", buf_text(&last));
    }
    buf_free(&last);
}

static void show_fate(struct shell *sh, const json_t *row, const char *indent)
{
    const char *state = text_of(row, "state"), *recipients = text_of(row, "recipients");
    const char *why = text_of(row, "why");
    if (strcmp(state, "sent") == 0)
        out_text(sh, "%ssent to %s (MID %" JSON_INTEGER_FORMAT ")\n", indent, recipients,
                 json_integer_value(json_object_get(row, "mid")));
    else if (strcmp(state, "waits") == 0)
        out_text(sh, "%snot sent yet to %s: %s\n", indent, recipients, *why ? why : "it waits for the queue");
    else if (strcmp(state, "over-limit") == 0)
        out_text(sh, "%snot sent to %s: too many alerts within the hour\n", indent, recipients);
    else if (strcmp(state, "refused") == 0)
        out_text(sh, "%snot sent to %s: the queue refused it, and the log says why\n", indent, recipients);
    else
        out_text(sh, "%snot sent: nobody is to get it\n", indent);
}

static void show_alert(struct shell *sh, const json_t *row)
{
    static const char indent[] = "    ";
    struct buf time = {0};
    time_put(&time, json_integer_value(json_object_get(row, "time")));
    out_text(sh, "%s  %s/%s  %s\n", buf_text(&time), text_of(row, "class"), text_of(row, "severity"),
             text_of(row, "text"));
    show_times(sh, row, indent);
    show_fate(sh, row, indent);
    buf_free(&time);
}

static void take_row(json_t *row, void *context)
{
    json_array_append(context, row);
}

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    uint64_t count = ALERTS;
    if (arg_count && (!span_parse_u64(span_text(args[0]), &count) || count < 1 || count > API_ALERTS_MAX))
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "'%s' is not a number of alerts from 1 to %d", args[0],
                          API_ALERTS_MAX);
    json_t *rows = json_array(), *row, *request;
    size_t i;
    request = json_pack("{s:s,s:I}", "method", "alerts", "limit", (json_int_t)count);
    enum api_status status = shell_call_rows(sh, request, take_row, rows);
    if (status == API_DONE) {
        json_array_foreach(rows, i, row) show_alert(sh, row);
        if (json_array_size(rows) == 0)
            out_text(sh, "There are no alerts.\n");
        out_value(sh, "alerts", json_incref(rows));
    }
    json_decref(rows);
    return status;
}

const struct command command_displayalerts = {
    .name = "displayalerts",
    .summary = "show the latest alerts, and whom they were sent to",
    .flags = COMMAND_MACHINE,
    .usage = "[COUNT]",
    .details = "  COUNT                  alerts to show, the latest last: 1 to 1000; default 10\n",
    .most_args = 1,
    .run = run,
};
