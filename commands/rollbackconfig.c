/* rollbackconfig: puts a former revision into the candidate; commit makes it take effect. */
#include <string.h>

#include "commands/changes.h"
#include "commands/command.h"
#include "commands/rows.h"
#include "commands/values.h"

enum { LOG_DEFAULT = 50, LOG_MOST = 1000 };

/* ---- the list ---- */

static void put_labels_cell(struct buf *out, const json_t *row)
{
    size_t i;
    json_t *label;
    json_array_foreach(json_object_get(row, "labels"), i, label)
        buf_printf(out, "%s%s", i ? "," : "", json_string_value(label));
}

/* "*13": the running one. */
static void put_revision_cell(struct buf *out, const json_t *row)
{
    buf_printf(out, "%s%" JSON_INTEGER_FORMAT, json_is_true(json_object_get(row, "running")) ? "*" : "",
               json_integer_value(json_object_get(row, "revision")));
}

/* *result is what the daemon told, for the caller to free. */
static enum api_status list_revisions(struct shell *sh, json_t **result)
{
    static const struct out_column columns[] = {
        {"Revision", "revision", -8, put_revision_cell},
        {"Committed On", "time", 29, time_cell},
        {"User", "author", 12, NULL},
        {"Label", "labels", 8, put_labels_cell},
        {"Description", "comment", 0, NULL},
    };
    enum api_status status = shell_call(sh, json_pack("{s:s}", "method", "config.history"), result);
    if (status == API_DONE)
        out_table(sh, "revisions", columns, sizeof columns / sizeof columns[0],
                  json_object_get(*result, "revisions"));
    return status;
}

static enum api_status batch_list(struct shell *sh, const struct call *call)
{
    (void)call;
    json_t *result;
    enum api_status status = list_revisions(sh, &result);
    json_decref(result);
    return status;
}

/* Who committed what, from where: all that is kept, also what is not offered for roll-back. */
static enum api_status batch_log(struct shell *sh, const struct call *call)
{
    static const struct out_column columns[] = {
        {"Revision", "revision", -8, put_revision_cell},
        {"Committed On", "time", 29, time_cell},
        {"User", "author", 12, NULL},
        {"From", "source", 15, NULL},
        {"Host", "host", 16, NULL},
        {"Label", "labels", 8, put_labels_cell},
        {"Description", "comment", 0, NULL},
    };
    uint64_t limit = LOG_DEFAULT;
    if (call->arg_count && (!span_parse_u64(span_text(call->args[0]), &limit) || !limit || limit > LOG_MOST))
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "'%s' is not a number from 1 to %d", call->args[0],
                          LOG_MOST);
    return show_rows(
        sh, json_pack("{s:s,s:I,s:b}", "method", "config.history", "limit", (json_int_t)limit, "all", 1),
        "revisions", columns, sizeof columns / sizeof columns[0]);
}

/* ---- labels ---- */

static enum api_status change_label(struct shell *sh, const char *operation, const char *name,
                                    const char *revision)
{
    json_t *request = json_pack("{s:s,s:s,s:s,s:s*}", "method", "config.label", "operation", operation,
                                "name", name, "revision", revision);
    if (!request)
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "a name is not UTF-8");
    return shell_call(sh, request, NULL);
}

static enum api_status batch_label(struct shell *sh, const struct call *call)
{
    return change_label(sh, "set", call->args[0], call->object[0]);
}

static enum api_status batch_unlabel(struct shell *sh, const struct call *call)
{
    return change_label(sh, "remove", call->object[0], NULL);
}

/* ---- rolling back ---- */

/* table NULL: all. */
static enum api_status roll_back(struct shell *sh, const char *revision, const char *table, bool preview)
{
    json_t *result, *request = json_pack("{s:s,s:s,s:s*,s:b}", "method", "config.rollback", "revision",
                                         revision, "table", table, "preview", (int)preview);
    if (!request)
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "a name is not UTF-8");
    enum api_status status = shell_call(sh, request, &result);
    if (status == API_DONE && preview)
        changes_show(sh, result);
    json_decref(result);
    return status;
}

/* REVISION [--table=NAME] */
static enum api_status read_words(struct shell *sh, const char *revision, const char *option, bool preview)
{
    static const char table[] = "--table=";
    if (option && strncmp(option, table, strlen(table)) != 0)
        return command_usage_error(sh, &command_rollbackconfig, "'%s' is not --table=NAME", option);
    return roll_back(sh, revision, option ? option + strlen(table) : NULL, preview);
}

static enum api_status batch_preview(struct shell *sh, const struct call *call)
{
    return read_words(sh, call->object[0], call->arg_count ? call->args[0] : NULL, true);
}

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    return read_words(sh, args[0], arg_count == 2 ? args[1] : NULL, false);
}

/* ---- dialogue ---- */

static enum api_status commit_now(struct shell *sh, const char *revision)
{
    bool yes;
    struct buf comment = {0};
    if (!shell_is_interactive(sh))
        return API_DONE;
    if (ui_confirm(sh, "Do you want to commit this configuration now?", false, &yes) != UI_DONE)
        return shell_aborted(sh);
    if (!yes) {
        out_text(sh, "It takes effect with commit.\n");
        return API_DONE;
    }
    buf_printf(&comment, "roll back to %s", revision);
    buf_text(&comment);
    char *words[] = {(char *)"commit", comment.data};
    enum api_status status = command_run(sh, 2, words);
    buf_free(&comment);
    return status;
}

static bool is_listed(const json_t *result, struct span typed)
{
    uint64_t number;
    size_t i;
    json_t *revision;
    bool listed = false;
    if (!span_parse_u64(typed, &number))
        return false;
    json_array_foreach(json_object_get(result, "revisions"), i, revision)
    {
        listed |= (uint64_t)json_integer_value(json_object_get(revision, "revision")) == number;
    }
    return listed;
}

/* On a terminal one of the list or nothing; else the daemon finds out whether there is such a revision. */
static enum api_status ask_revision(struct shell *sh, struct buf *revision)
{
    json_t *listed = NULL;
    enum api_status status = shell_is_interactive(sh) ? list_revisions(sh, &listed) : API_DONE;
    bool again = status == API_DONE;
    while (again) {
        buf_clear(revision);
        if (ui_ask(sh, "Enter the number of the revision to roll back to:", "", revision) != UI_DONE) {
            status = shell_aborted(sh);
            break;
        }
        again = listed && revision->len && !is_listed(listed, buf_span(revision)) &&
                ui_explain(sh, "That is not one of these; `rollbackconfig REVISION` takes older ones.");
    }
    json_decref(listed);
    return status;
}

static enum api_status dialogue(struct shell *sh)
{
    struct buf revision = {0}, question = {0};
    bool yes = false;
    enum api_status status = ask_revision(sh, &revision);
    if (status == API_DONE && revision.len) {
        buf_printf(&question, "Are you sure you want to roll back the configuration to revision %s?",
                   revision.data);
        if (ui_confirm(sh, buf_text(&question), false, &yes) != UI_DONE)
            status = shell_aborted(sh);
    }
    if (status == API_DONE && !yes && shell_is_interactive(sh))
        out_text(sh, "Nothing was changed.\n");
    if (status == API_DONE && yes)
        status = roll_back(sh, revision.data, NULL, false);
    if (status == API_DONE && yes) {
        if (shell_is_interactive(sh))
            out_text(sh, "The configuration of revision %s is in your changes.\n", revision.data);
        status = commit_now(sh, revision.data);
    }
    buf_free(&revision);
    buf_free(&question);
    return status;
}

static const struct live labels = {"config.history", NULL, "labels", NULL};

static const struct verb verbs[] = {
    {.word = "list",
     .text = "The revisions that can be rolled back to; * marks the running one.",
     .batch = batch_list},
    {.word = "log",
     .text = "All revisions that are kept: who, when, from where; * marks the running one.",
     .usage = "[NUMBER]",
     .most_args = 1,
     .batch = batch_log},
    {.word = "label",
     .text = "Give a revision a name, under which it is kept.",
     .object = "REVISION",
     .live = &labels,
     .usage = "NAME",
     .least_args = 1,
     .most_args = 1,
     .batch = batch_label},
    {.word = "unlabel",
     .text = "Take a name away.",
     .object = "NAME",
     .live = &labels,
     .batch = batch_unlabel},
    {.word = "preview",
     .text = "What rolling back would change.",
     .object = "REVISION",
     .live = &labels,
     .usage = "[--table=NAME]",
     .most_args = 1,
     .batch = batch_preview},
    {.word = NULL},
};

const struct command command_rollbackconfig = {
    .name = "rollbackconfig",
    .summary = "go back to a former configuration",
    .flags = COMMAND_CONFIG,
    .verbs = verbs,
    .usage = "REVISION [--table=NAME]",
    .details = "  REVISION               its number or its label\n"
               "  --table=NAME           only this table, as showchanges names it\n",
    .least_args = 1,
    .most_args = 2,
    .live = &labels,
    .run = run,
    .dialogue = dialogue,
};
