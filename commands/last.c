/* last: who was logged in. */
#include "commands/command.h"
#include "commands/rows.h"
#include "commands/values.h"
#include "engine/wire/api.h"

static void put_begin(struct buf *out, const json_t *row)
{
    time_put(out, json_integer_value(json_object_get(row, "begin")));
}

/* One that did not end when the daemon did went with it. */
static void put_end(struct buf *out, const json_t *row)
{
    const json_t *end = json_object_get(row, "end");
    if (end)
        time_put(out, json_integer_value(end));
    else
        buf_printf(out, json_is_true(json_object_get(row, "open")) ? "still logged in" : "shutdown");
}

static void put_total(struct buf *out, const json_t *row)
{
    json_int_t begin = json_integer_value(json_object_get(row, "begin"));
    const json_t *end = json_object_get(row, "end");
    if (end)
        duration_put(out, (json_integer_value(end) - begin) / 1000000);
}

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    static const struct out_column columns[] = {
        {"Username", "user", 10, NULL},         {"Remote Host", "from", 15, NULL},
        {"Login Time", "begin", 29, put_begin}, {"Logout Time", "end", 29, put_end},
        {"Total Time", "total", 0, put_total},
    };
    static const struct schema_field count = {
        .name = "COUNT", .type = SCHEMA_NUMBER, .least = 1, .most = API_LAST_MAX, .unit = "", .help = ""};
    json_t *request = json_pack("{s:s}", "method", "last");
    struct schema_value limit;
    struct error error;
    if (arg_count && !schema_value_parse(&count, span_text(args[0]), &limit, &error)) {
        json_decref(request);
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "%s", error.text);
    }
    if (arg_count)
        json_object_set_new(request, "limit", json_integer(limit.number));
    return show_rows(sh, request, "sessions", columns, sizeof columns / sizeof columns[0]);
}

const struct command command_last = {
    .name = "last",
    .summary = "list who was logged in, and for how long",
    .usage = "[COUNT]",
    .details = "  COUNT                  sessions to show, the newest first: 1 to 1000; default 100\n",
    .most_args = 1,
    .run = run,
};
