/* learning: what was learned from single messages; teaching, undoing, forgetting. */
#include <string.h>

#include "commands/queued.h"
#include "commands/values.h"

/* ---- what was learned ---- */

static void kind_cell(struct buf *out, const json_t *row)
{
    const char *kind = text_of(row, "kind");
    buf_append_span(out, span_text(strcmp(kind, "forget") == 0 ? "forgotten" : kind));
}

/* Without what was learned. */
static void score_cell(struct buf *out, const json_t *row)
{
    const json_t *score = json_object_get(row, "score");
    if (score)
        buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(score));
    else
        buf_append_char(out, '-');
}

static void used_cell(struct buf *out, const json_t *row)
{
    bool used = json_is_true(json_object_get(row, "used")), undo = json_is_true(json_object_get(row, "undo"));
    buf_printf(out, "%s%s", used ? "yes" : "no", undo ? ", can be undone" : "");
}

static const struct out_column columns[] = {
    {"Time", "time", 29, time_cell},  {"As", "kind", 9, kind_cell},    {"Score", "score", -5, score_cell},
    {"By", "who", 12, NULL},          {"Message", "origin", 24, NULL}, {"Key", "key", 12, NULL},
    {"Counts", "used", 0, used_cell},
};

static void collect(json_t *row, void *context)
{
    json_array_append(context, row);
}

static enum api_status list(struct shell *sh)
{
    json_t *rows = json_array();
    enum api_status status =
        shell_call_rows(sh, json_pack("{s:s}", "method", "learning.list"), collect, rows);
    if (status == API_DONE && json_array_size(rows) == 0) {
        out_text(sh, "Nothing was learned.\n");
        out_value(sh, "changes", json_incref(rows));
    } else if (status == API_DONE) {
        out_table(sh, "changes", columns, sizeof columns / sizeof columns[0], rows);
    }
    json_decref(rows);
    return status;
}

static json_int_t number_of(const json_t *result, const char *member)
{
    return json_integer_value(json_object_get(result, member));
}

static enum api_status show_status(struct shell *sh)
{
    static const char *const members[] = {"examples", "unused", "most"};
    json_t *result;
    enum api_status status = shell_call(sh, json_pack("{s:s}", "method", "learning.status"), &result);
    if (status == API_DONE) {
        bool on = json_is_true(json_object_get(result, "enabled"));
        out_text(sh, "Learning: %s\nExamples: %" JSON_INTEGER_FORMAT " (at most %" JSON_INTEGER_FORMAT ")\n",
                 on ? "on" : "off: nothing is learned, and what was learned does not count",
                 number_of(result, "examples"), number_of(result, "most"));
        if (number_of(result, "unused"))
            out_text(sh, "Unused:   %" JSON_INTEGER_FORMAT " of another version of the program\n",
                     number_of(result, "unused"));
        out_value(sh, "enabled", json_boolean(on));
        for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
            out_value(sh, members[i], json_integer(number_of(result, members[i])));
    }
    json_decref(result);
    return status;
}

static enum api_status export_to(struct shell *sh, const char *name)
{
    json_t *result = NULL, *request = json_pack("{s:s,s:s}", "method", "learning.export", "name", name);
    enum api_status status = request ? shell_call(sh, request, &result)
                                     : shell_fail(sh, API_ERROR_INVALID_VALUE, "the name is not UTF-8");
    if (status == API_DONE) {
        out_text(sh, "%" JSON_INTEGER_FORMAT " example%s exported to '%s'.\n", number_of(result, "examples"),
                 number_of(result, "examples") == 1 ? "" : "s", name);
        out_value(sh, "examples", json_integer(number_of(result, "examples")));
    }
    json_decref(result);
    return status;
}

/* ---- changes ---- */

static enum api_status learn(struct shell *sh, const char *operation, int count, char **words)
{
    json_t *mids, *result = NULL;
    enum api_status status = queued_read_mids(sh, count, words, &mids);
    if (status == API_DONE && !mids)
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "'all' is not a MID: each message is to be named");
    if (status != API_DONE)
        return status;
    status = shell_call(
        sh, json_pack("{s:s,s:s,s:o}", "method", "learning.learn", "operation", operation, "messages", mids),
        &result);
    if (status == API_DONE) {
        const json_t *missing = json_object_get(result, "missing");
        out_text(sh, "%" JSON_INTEGER_FORMAT " message%s handed over.\n", number_of(result, "messages"),
                 number_of(result, "messages") == 1 ? "" : "s");
        out_value(sh, "messages", json_integer(number_of(result, "messages")));
        if (number_of(result, "refused"))
            out_warning(sh,
                        "some messages were not taken to be learned from; the log names them and says why");
        if (json_array_size(missing))
            status = shell_fail(sh, API_ERROR_NOT_FOUND, "MID %" JSON_INTEGER_FORMAT,
                                json_integer_value(json_array_get(missing, 0)));
    }
    json_decref(result);
    return status;
}

static enum api_status undo(struct shell *sh, const char *word)
{
    uint64_t count = 1;
    json_t *result;
    if (word && (!span_parse_u64(span_text(word), &count) || count < 1 || count > API_LEARNING_UNDO_MAX))
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "'%s' is not a number of changes from 1 to %d", word,
                          API_LEARNING_UNDO_MAX);
    enum api_status status = shell_call(
        sh, json_pack("{s:s,s:I}", "method", "learning.undo", "count", (json_int_t)count), &result);
    if (status == API_DONE) {
        json_int_t undone = number_of(result, "undone");
        if (undone)
            out_text(sh, "%" JSON_INTEGER_FORMAT " change%s undone.\n", undone, undone == 1 ? "" : "s");
        else
            out_text(sh, "There is nothing to undo.\n");
        out_value(sh, "undone", json_integer(undone));
    }
    json_decref(result);
    return status;
}

static enum api_status reset(struct shell *sh)
{
    bool yes = true;
    json_t *result;
    if (ui_confirm(sh, "Are you sure you want to forget all that was learned? This cannot be undone.", false,
                   &yes) != UI_DONE)
        return shell_aborted(sh);
    if (!yes)
        return API_DONE;
    enum api_status status = shell_call(sh, json_pack("{s:s}", "method", "learning.reset"), &result);
    if (status == API_DONE) {
        json_int_t forgotten = number_of(result, "forgotten");
        out_text(sh, "%" JSON_INTEGER_FORMAT " example%s forgotten.\n", forgotten, forgotten == 1 ? "" : "s");
        out_value(sh, "forgotten", json_integer(forgotten));
    }
    json_decref(result);
    return status;
}

/* ---- lines and dialogue ---- */

static enum api_status batch_list(struct shell *sh, const struct call *call)
{
    (void)call;
    return list(sh);
}

static enum api_status batch_status(struct shell *sh, const struct call *call)
{
    (void)call;
    return show_status(sh);
}

static enum api_status batch_learn(struct shell *sh, const struct call *call)
{
    return learn(sh, call->path[0]->word, call->arg_count, call->args);
}

static enum api_status batch_undo(struct shell *sh, const struct call *call)
{
    return undo(sh, call->arg_count ? call->args[0] : NULL);
}

static enum api_status batch_reset(struct shell *sh, const struct call *call)
{
    (void)call;
    return reset(sh);
}

static enum api_status batch_export(struct shell *sh, const struct call *call)
{
    return export_to(sh, call->args[0]);
}

static enum api_status ask_status(struct shell *sh, void *context)
{
    (void)context;
    return show_status(sh);
}

static enum api_status ask_list(struct shell *sh, void *context)
{
    (void)context;
    return list(sh);
}

static enum api_status ask_learn(struct shell *sh, const char *operation)
{
    struct buf mid = {0};
    enum api_status status = API_DONE;
    if (ui_ask(sh, "Enter the MID of the message:", "", &mid) != UI_DONE)
        status = shell_aborted(sh);
    char *word = (char *)buf_text(&mid);
    if (status == API_DONE && mid.len)
        status = learn(sh, operation, 1, &word);
    buf_free(&mid);
    return status;
}

static enum api_status ask_ham(struct shell *sh, void *context)
{
    (void)context;
    return ask_learn(sh, "ham");
}

static enum api_status ask_spam(struct shell *sh, void *context)
{
    (void)context;
    return ask_learn(sh, "spam");
}

static enum api_status ask_forget(struct shell *sh, void *context)
{
    (void)context;
    return ask_learn(sh, "forget");
}

static enum api_status ask_export(struct shell *sh, void *context)
{
    (void)context;
    struct buf name = {0};
    enum api_status status = API_DONE;
    if (ui_ask(sh, "Enter the name of the file:", "", &name) != UI_DONE)
        status = shell_aborted(sh);
    if (status == API_DONE && name.len)
        status = export_to(sh, buf_text(&name));
    buf_free(&name);
    return status;
}

static enum api_status ask_undo(struct shell *sh, void *context)
{
    (void)context;
    return undo(sh, NULL);
}

static enum api_status ask_reset(struct shell *sh, void *context)
{
    (void)context;
    return reset(sh);
}

#define LEARN_VERB(verb, sentence, ask)                                                                      \
    {                                                                                                        \
        .word = verb, .text = sentence, .usage = "MID...", .least_args = 1, .most_args = API_MIDS_MAX,       \
        .batch = batch_learn, .dialogue = ask                                                                \
    }

static const struct verb verbs[] = {
    {.word = "status",
     .text = "Display whether messages are learned from, and how many were.",
     .batch = batch_status,
     .dialogue = ask_status},
    {.word = "list",
     .text = "List what was learned, from which messages and by whom, the oldest first.",
     .batch = batch_list,
     .dialogue = ask_list},
    LEARN_VERB("spam", "Learn messages of the queue or the quarantine as spam.", ask_spam),
    LEARN_VERB("ham", "Learn messages of the queue or the quarantine as not spam.", ask_ham),
    LEARN_VERB("forget", "Forget what was learned from messages.", ask_forget),
    {.word = "export",
     .text = "Write what was learned to a file of the folder configuration/, for mailward-scan.",
     .usage = "FILE",
     .least_args = 1,
     .most_args = 1,
     .batch = batch_export,
     .dialogue = ask_export},
    {.word = "undo",
     .text = "Undo the latest change, or that many (at most 100).",
     .usage = "[COUNT]",
     .most_args = 1,
     .batch = batch_undo,
     .dialogue = ask_undo},
    {.word = "reset",
     .text = "Forget all that was learned, for ever.",
     .batch = batch_reset,
     .dialogue = ask_reset},
    {.word = NULL},
};

static enum api_status dialogue(struct shell *sh)
{
    static const struct ui_dialogue menu = {verbs, NULL, NULL};
    return ui_run(sh, &menu, NULL);
}

const struct command command_learning = {
    .name = "learning",
    .summary = "show, teach and undo what was learned from messages",
    .flags = COMMAND_MACHINE,
    .verbs = verbs,
    .dialogue = dialogue,
};
