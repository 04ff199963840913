/* rate: what comes in and goes out, a line every so many seconds. */
#define _GNU_SOURCE
#include "commands/rate.h"

#include <time.h>

enum { LINES_OF_BATCH = 10 };

void rate_put_row(struct shell *sh, const json_t *row, const char *const *members)
{
    time_t seconds = (time_t)(json_integer_value(json_object_get(row, "time")) / 1000000);
    struct tm local = {0};
    char time[16];
    localtime_r(&seconds, &local);
    strftime(time, sizeof time, "%H:%M:%S", &local);
    out_text(sh, "%s", time);
    for (int i = 0; members[i]; i++)
        out_text(sh, "%*" JSON_INTEGER_FORMAT, i ? 10 : 9,
                 json_integer_value(json_object_get(row, members[i])));
    out_text(sh, "\n");
}

struct rows {
    struct shell *shell;
    const struct rate *rate;
    json_t *kept; /* for --json */
};

static void take_row(json_t *row, void *context)
{
    struct rows *rows = context;
    rows->rate->put_row(row, rows->shell);
    json_array_append(rows->kept, row);
    out_value(rows->shell, "rows", json_incref(rows->kept));
}

/* count 0: without an end. */
static enum api_status watch(struct shell *sh, const struct rate *rate, json_int_t seconds, json_int_t count)
{
    struct rows rows = {sh, rate, json_array()};
    json_t *request = json_pack("{s:s,s:s,s:I}", "method", "rate", "what", rate->what, "interval", seconds);
    if (count)
        json_object_set_new(request, "count", json_integer(count));
    out_text(sh, "%s", rate->heading);
    out_follows(sh);
    enum api_status status = shell_call_rows(sh, request, take_row, &rows);
    json_decref(rows.kept);
    return status;
}

static bool read_number(struct shell *sh, const char *word, const char *what, uint64_t most, uint64_t *number)
{
    if (span_parse_u64(span_text(word), number) && *number >= 1 && *number <= most)
        return true;
    shell_fail(sh, API_ERROR_INVALID_VALUE, "'%s' is not a number of %s from 1 to %d", word, what, (int)most);
    return false;
}

enum api_status rate_run(struct shell *sh, const struct rate *rate, int arg_count, char **args)
{
    uint64_t seconds, count = shell_is_interactive(sh) ? 0 : LINES_OF_BATCH;
    if (!read_number(sh, args[0], "seconds", API_RATE_SECONDS_MAX, &seconds) ||
        (arg_count > 1 && !read_number(sh, args[1], "lines", API_RATE_ROWS_MAX, &count)))
        return API_USAGE;
    return watch(sh, rate, (json_int_t)seconds, (json_int_t)count);
}

enum api_status rate_ask(struct shell *sh, const struct rate *rate)
{
    struct buf answer = {0};
    enum ui_result result;
    enum api_status status;
    result = ui_ask(sh, "Enter the number of seconds between lines; Ctrl-C ends them.", "10", &answer);
    char *word = (char *)buf_text(&answer);
    status = result == UI_DONE ? rate_run(sh, rate, 1, &word) : ui_status(sh, result);
    buf_free(&answer);
    return status;
}

static void put_mail(json_t *row, void *context)
{
    rate_put_row(context, row,
                 (const char *const[]){"connections_in", "connections_out", "recipients_received",
                                       "recipients_completed", "recipients_active", "recipients_delayed",
                                       NULL});
}

static const struct rate mail_rate = {
    "mail", "Time     Conn. In Conn. Out Received Completed  Untried    Tried\n", put_mail};

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    return rate_run(sh, &mail_rate, arg_count, args);
}

static enum api_status dialogue(struct shell *sh)
{
    return rate_ask(sh, &mail_rate);
}

const struct command command_rate = {
    .name = "rate",
    .summary = "show every few seconds what comes in and goes out",
    .flags = COMMAND_MACHINE,
    .usage = RATE_USAGE,
    .details = "On a terminal it goes on until Ctrl-C, elsewhere for ten lines; COUNT says how many.\n"
               "Connections and recipients of the queue are those of the moment, the others new ones.\n",
    .least_args = 1,
    .most_args = 2,
    .run = run,
    .dialogue = dialogue,
};
