/* tophosts and hoststatus: the domains of recipients, and what became of their mail. */
#include <string.h>

#include "commands/command.h"
#include "commands/rows.h"
#include "commands/values.h"

static enum api_status show_top(struct shell *sh, int arg_count, char **args)
{
    static const struct out_column columns[] = {
        {"Recipient Host", "host", 32, NULL}, {"Active", "active", -8, NULL},
        {"Going Out", "out", -9, NULL},       {"Delivered", "delivered", -9, NULL},
        {"Soft Bounced", "soft", -12, NULL},  {"Hard Bounced", "hard", -12, NULL},
    };
    const char *order = arg_count ? args[0] : "active";
    json_t *request = json_pack("{s:s,s:s}", "method", "hosts", "order", order);
    if (!request)
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "the order is not UTF-8");
    return show_rows(sh, request, "hosts", columns, sizeof columns / sizeof columns[0]);
}

const struct command command_tophosts = {
    .name = "tophosts",
    .summary = "show the twenty domains of recipients with the most mail",
    .flags = COMMAND_MACHINE,
    .usage = "[active|out|delivered|hard|soft]",
    .details = "Sorted by recipients that wait (active), messages on their way out, recipients delivered,\n"
               "recipients hard bounced or soft bounces.  Counted since the queue's process started.\n",
    .most_args = 1,
    .run = show_top,
};

static void show_host(struct shell *sh, const json_t *host)
{
    static const struct {
        const char *key, *title;
    } lines[] = {{"active", "Active recipients"},
                 {"out", "Messages going out"},
                 {"delivered", "Delivered recipients"},
                 {"soft", "Soft bounces"},
                 {"hard", "Hard bounced recipients"}};
    out_text(sh, "Host: %s\n", text_of(host, "host"));
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        out_text(sh, "  %-26s %" JSON_INTEGER_FORMAT "\n", lines[i].title,
                 json_integer_value(json_object_get(host, lines[i].key)));
    json_int_t failed = json_integer_value(json_object_get(host, "failed"));
    if (failed) {
        struct buf when = {0};
        time_put(&when, failed);
        out_text(sh, "Last hard bounce: %s\n  %s\n", buf_text(&when), text_of(host, "failure"));
        buf_free(&when);
    }
}

static enum api_status run_host(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count;
    json_t *result, *request = json_pack("{s:s,s:s}", "method", "hosts", "host", args[0]);
    if (!request)
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "the name of the host is not UTF-8");
    enum api_status status = shell_call(sh, request, &result);
    json_t *host = json_array_get(json_object_get(result, "hosts"), 0);
    if (status == API_DONE && !host)
        status = shell_fail(sh, API_ERROR_NOT_FOUND, "mail for '%s', now or lately,", args[0]);
    if (host) {
        show_host(sh, host);
        out_value(sh, "host", json_incref(host));
    }
    json_decref(result);
    return status;
}

static enum api_status ask_host(struct shell *sh)
{
    struct buf answer = {0};
    enum ui_result result = ui_ask(sh, "Enter the host name.", "", &answer);
    char *word = (char *)buf_text(&answer);
    enum api_status status = result == UI_DONE && answer.len ? run_host(sh, 1, &word) : ui_status(sh, result);
    buf_free(&answer);
    return status;
}

const struct command command_hoststatus = {
    .name = "hoststatus",
    .summary = "show what waits for a domain of recipients and what became of its mail",
    .flags = COMMAND_MACHINE,
    .usage = "HOST",
    .least_args = 1,
    .most_args = 1,
    .run = run_host,
    .dialogue = ask_host,
};
