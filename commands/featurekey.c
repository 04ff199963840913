/* featurekey: which parts of the product have a key, until when, and activating further keys. */
#include "commands/list_table.h"
#include "commands/rows.h"
#include "commands/values.h"

static void put_expiry(struct buf *out, const json_t *row)
{
    const json_t *expires = json_object_get(row, "expires");
    if (json_is_integer(expires))
        time_put(out, json_integer_value(expires));
}

static void put_remaining(struct buf *out, const json_t *row)
{
    const json_t *remaining = json_object_get(row, "remaining");
    if (json_is_integer(remaining))
        duration_put(out, json_integer_value(remaining));
    else
        buf_printf(out, "%s", json_is_true(json_object_get(row, "perpetual")) ? "Perpetual" : "-");
}

static enum api_status show(struct shell *sh, void *context)
{
    static const struct out_column columns[] = {
        {"Feature", "feature", 18, NULL},
        {"Status", "status", 14, NULL},
        {"Remaining", "remaining", 18, put_remaining},
        {"Expiration Date", "expires", 0, put_expiry},
    };
    (void)context;
    return show_rows(sh, json_pack("{s:s}", "method", "feature.list"), "features", columns,
                     sizeof columns / sizeof columns[0]);
}

/* Takes over the text. */
static enum api_status activate(struct shell *sh, struct buf *text)
{
    json_t *request =
        json_pack("{s:s,s:s%}", "method", "feature.activate", "text", buf_text(text), text->len);
    enum api_status status = request && text->len ? shell_call(sh, request, NULL)
                                                  : shell_fail(sh, API_ERROR_INVALID_VALUE,
                                                               "this is no feature key, or not all of it");
    buf_free(text);
    return status;
}

static enum api_status batch_activate(struct shell *sh, const struct call *call)
{
    struct buf text = {0};
    enum api_status status = list_read_file(sh, call->args[0], &text);
    if (status == API_DONE)
        return activate(sh, &text);
    buf_free(&text);
    return status;
}

static enum api_status ask_activate(struct shell *sh, void *context)
{
    struct buf text = {0};
    (void)context;
    enum ui_result result = ui_ask(sh, "Paste the feature key (one line):", "", &text);
    shell_hide_answer(sh); /* whoever reads the log could use it */
    if (result == UI_DONE && text.len)
        return activate(sh, &text);
    buf_free(&text);
    return ui_status(sh, result);
}

static enum api_status check_now(struct shell *sh)
{
    json_t *result, *row;
    size_t i;
    enum api_status status = shell_call(sh, json_pack("{s:s}", "method", "feature.check"), &result);
    json_t *found = json_object_get(result, "found");
    json_array_foreach(found, i, row)
        out_text(sh, "%s: a feature key for %s%s\n", text_of(row, "file"), text_of(row, "feature"),
                 json_is_true(json_object_get(row, "activated")) ? ", activated" : "");
    if (status == API_DONE && json_array_size(found) == 0)
        out_text(sh, "There are no new feature keys.\n");
    if (status == API_DONE)
        out_value(sh, "found", json_incref(found));
    json_decref(result);
    return status;
}

static enum api_status batch_check(struct shell *sh, const struct call *call)
{
    (void)call;
    return check_now(sh);
}

static enum api_status ask_check(struct shell *sh, void *context)
{
    (void)context;
    return check_now(sh);
}

static enum api_status batch_show(struct shell *sh, const struct call *call)
{
    (void)call;
    return show(sh, NULL);
}

static const struct verb verbs[] = {
    {.word = "show", .text = "Display which features have a key, and until when.", .batch = batch_show},
    {.word = "activate",
     .text = "Activate a feature key.",
     .usage = "FILE|-",
     .least_args = 1,
     .most_args = 1,
     .batch = batch_activate,
     .dialogue = ask_activate},
    {.word = "checknow",
     .text = "Look for new feature keys in the folder `configuration`.",
     .batch = batch_check,
     .dialogue = ask_check},
    {.word = NULL},
};

/* Without a terminal it only shows, as people ask for it by ssh. */
static enum api_status dialogue(struct shell *sh)
{
    static const struct ui_dialogue menu = {verbs, show, NULL};
    return shell_is_interactive(sh) ? ui_run(sh, &menu, NULL) : show(sh, NULL);
}

const struct command command_featurekey = {
    .name = "featurekey",
    .summary = "show which features have a key, and activate further keys",
    .flags = COMMAND_MACHINE,
    .verbs = verbs,
    .dialogue = dialogue,
};
