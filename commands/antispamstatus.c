/* antispamstatus, graymailstatus: the components of an engine, their versions, and when they were updated. */
#include <strings.h>

#include "commands/command.h"
#include "commands/values.h"

static void put_time_or_never(struct buf *out, const json_t *time)
{
    if (json_integer_value(time))
        time_put(out, json_integer_value(time));
    else
        buf_append_span(out, SPAN("Never Updated"));
}

static void put_updated(struct buf *out, const json_t *row)
{
    put_time_or_never(out, json_object_get(row, "updated"));
}

/* Scripts know the order and the titles of each of the two. */
static const struct out_column antispam_columns[] = {
    {"Component", "component", 20, NULL},
    {"Last Update", "updated", 30, put_updated},
    {"Version", "version", 0, NULL},
};
static const struct out_column graymail_columns[] = {
    {"Component", "component", 20, NULL},
    {"Version", "version", 12, NULL},
    {"Last Updated", "updated", 0, put_updated},
};

struct question {
    const char *engine;       /* of the method update.status */
    const char *first, *last; /* parts of the program; last may be NULL */
    const struct out_column *columns;
};

static void add_part(json_t *rows, const char *part, const json_t *result)
{
    if (part)
        json_array_append_new(
            rows, json_pack("{s:s,s:s}", "component", part, "version", text_of(result, "program")));
}

static json_t *make_rows(const struct question *q, const json_t *result)
{
    json_t *rows = json_array();
    add_part(rows, q->first, result);
    json_array_extend(rows, json_object_get(result, "components"));
    add_part(rows, q->last, result);
    return rows;
}

static void tell(struct shell *sh, const struct question *q, const json_t *result)
{
    json_t *rows = make_rows(q, result), *attempted = json_object_get(result, "attempted");
    struct buf time = {0};
    out_table(sh, "components", q->columns, 3, rows);
    json_decref(rows);
    if (json_integer_value(attempted))
        time_put(&time, json_integer_value(attempted));
    out_text(sh, "\nLast download attempt: %s\n", time.len ? buf_text(&time) : "never");
    if (text_of(result, "trouble")[0])
        out_text(sh, "Trouble: %s\n", text_of(result, "trouble"));
    out_value(sh, "attempted", json_incref(attempted));
    out_value(sh, "trouble", json_string(text_of(result, "trouble")));
    buf_free(&time);
}

static enum api_status show(struct shell *sh, const struct question *q)
{
    json_t *result;
    enum api_status status =
        shell_call(sh, json_pack("{s:s,s:s}", "method", "update.status", "engine", q->engine), &result);
    if (status == API_DONE)
        tell(sh, q, result);
    json_decref(result);
    return status;
}

static enum api_status run_antispamstatus(struct shell *sh, int arg_count, char **args)
{
    if (arg_count && strcasecmp(args[0], "ironport") != 0 && strcasecmp(args[0], "multiscan") != 0)
        return command_usage_error(sh, &command_antispamstatus, "'%s' is no engine", args[0]);
    return show(sh, &(struct question){"antispam", "CASE Core Files", NULL, antispam_columns});
}

static enum api_status run_graymailstatus(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count, (void)args;
    return show(sh, &(struct question){"graymail", "Graymail Engine", "Graymail Tools", graymail_columns});
}

const struct command command_antispamstatus = {
    .name = "antispamstatus",
    .summary = "show versions and updates of the anti-spam engine",
    .flags = COMMAND_MACHINE,
    .usage = "[ironport|multiscan]",
    .most_args = 1,
    .run = run_antispamstatus,
};

const struct command command_graymailstatus = {
    .name = "graymailstatus",
    .summary = "show versions and updates of the graymail engine",
    .flags = COMMAND_MACHINE,
    .run = run_graymailstatus,
};
