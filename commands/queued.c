/* Mail in the queue and in quarantine: reading lists and changing messages. */
#include "commands/queued.h"

#include <string.h>

#include "commands/values.h"

enum { RECIPIENTS_SHOWN = 3 };

static void collect(json_t *row, void *context)
{
    json_array_append(context, row);
}

json_t *queued_fetch(struct shell *sh, const char *method, const char *match, const char *text,
                     json_int_t limit, enum api_status *status)
{
    json_t *rows = json_array();
    json_t *request = json_pack("{s:s,s:s*,s:s*}", "method", method, "match", match, "text", text);
    if (request && limit)
        json_object_set_new(request, "limit", json_integer(limit));
    *status = request ? shell_call_rows(sh, request, collect, rows)
                      : shell_fail(sh, API_ERROR_INVALID_VALUE, "the text is not UTF-8");
    if (*status == API_DONE)
        return rows;
    json_decref(rows);
    return NULL;
}

static enum api_status tell(struct shell *sh, const struct queued_change *what, const json_t *result)
{
    json_int_t messages = json_integer_value(json_object_get(result, "messages")),
               recipients = json_integer_value(json_object_get(result, "recipients")),
               busy = json_integer_value(json_object_get(result, "busy_count")),
               count = strcmp(what->noun, "message") == 0 ? messages : recipients;
    const json_t *missing = json_object_get(result, "missing");
    out_text(sh, "%" JSON_INTEGER_FORMAT " %s%s %s.\n", count, what->noun, count == 1 ? "" : "s", what->done);
    out_value(sh, "messages", json_integer(messages));
    out_value(sh, "recipients", json_integer(recipients));
    out_value(sh, "busy", json_integer(busy));
    if (busy)
        out_warning(sh,
                    "some messages are being scanned or delivered at this moment and were left as they are");
    if (json_array_size(missing))
        return shell_fail(sh, API_ERROR_NOT_FOUND, "MID %" JSON_INTEGER_FORMAT,
                          json_integer_value(json_array_get(missing, 0)));
    return API_DONE;
}

enum api_status queued_change(struct shell *sh, const struct queued_change *what, const char *match,
                              const char *text, json_t *mids)
{
    bool yes = true;
    if (!mids && what->question && ui_confirm(sh, what->question, false, &yes) != UI_DONE)
        return shell_aborted(sh);
    if (!yes)
        return API_DONE;
    json_t *result, *request = json_pack("{s:s,s:s,s:s*,s:s*,s:O*}", "method", what->method, "operation",
                                         what->operation, "match", match, "text", text, "messages", mids);
    if (!request)
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "the text is not UTF-8");
    enum api_status status = shell_call(sh, request, &result);
    if (status == API_DONE)
        status = tell(sh, what, result);
    json_decref(result);
    return status;
}

static enum api_status read_mid(struct shell *sh, const char *word, uint64_t *mid)
{
    if (span_parse_u64(span_text(word), mid) && *mid > 0 && *mid <= INT64_MAX)
        return API_DONE;
    return shell_fail(sh, API_ERROR_INVALID_VALUE, "'%s' is not a MID", word);
}

enum api_status queued_read_mids(struct shell *sh, int count, char **words, json_t **mids)
{
    *mids = NULL;
    if (count == 1 && strcmp(words[0], "all") == 0)
        return API_DONE;
    *mids = json_array();
    enum api_status status = API_DONE;
    for (int i = 0; i < count && status == API_DONE; i++) {
        uint64_t mid = 0;
        status = read_mid(sh, words[i], &mid);
        json_array_append_new(*mids, json_integer((json_int_t)mid));
    }
    if (status == API_DONE)
        return API_DONE;
    json_decref(*mids);
    *mids = NULL;
    return status;
}

enum api_status queued_show(struct shell *sh, const char *mid)
{
    uint64_t number = 0;
    json_t *result = NULL;
    enum api_status status = read_mid(sh, mid, &number);
    if (status != API_DONE)
        return status;
    status =
        shell_call(sh, json_pack("{s:s,s:I}", "method", "queue.read", "mid", (json_int_t)number), &result);
    if (status == API_DONE && json_is_true(json_object_get(result, "cut")))
        out_text(sh, "(only the first part of the message is shown)\n");
    json_decref(result);
    return status;
}

void queued_recipients_cell(struct buf *out, const json_t *row)
{
    const json_t *recipients = json_object_get(row, "recipients");
    size_t count = json_array_size(recipients);
    for (size_t i = 0; i < count && i < RECIPIENTS_SHOWN; i++)
        buf_printf(out, "%s%s", i ? ", " : "", text_of(json_array_get(recipients, i), "address"));
    if (count > RECIPIENTS_SHOWN)
        buf_printf(out, " and %zu more", count - RECIPIENTS_SHOWN);
}

void queued_sender_cell(struct buf *out, const json_t *row)
{
    const char *sender = text_of(row, "sender");
    buf_append_span(out, *sender ? span_text(sender) : SPAN("<>"));
}

/* A variable of a script that was never set must not mean all bounces. */
static const char empty_sender[] = "the sender is empty; mail without a sender is that of \"<>\"";

enum api_status queued_selection_read(struct shell *sh, const struct command *command, int count,
                                      char **words, struct queued_selection *selection)
{
    *selection = (struct queued_selection){.match = words[0]};
    if (count == 1 && strcmp(words[0], "all") == 0)
        return API_DONE;
    if (count != 2 || (strcmp(words[0], "host") != 0 && strcmp(words[0], "sender") != 0))
        return command_usage_error(sh, command, "which recipients: host NAME, sender ADDRESS or all");
    if (!*words[1])
        return command_usage_error(sh, command, words[0][0] == 's' ? empty_sender : "the host is empty");
    buf_append_span(&selection->text, span_text(words[1]));
    return API_DONE;
}

enum api_status queued_selection_ask(struct shell *sh, const char *question,
                                     struct queued_selection *selection)
{
    static const char *const texts[] = {"By recipient host.", "By envelope sender.", "All."};
    static const char *const matches[] = {"host", "sender", "all"};
    static const char *const details[] = {"Enter the host of the recipients:",
                                          "Enter the envelope sender, or <> for mail without one:"};
    size_t chosen = 0;
    *selection = (struct queued_selection){.match = "all"};
    if (ui_choose(sh, question, texts, sizeof texts / sizeof texts[0], &chosen) != UI_DONE)
        return shell_aborted(sh);
    selection->match = matches[chosen];
    if (chosen < sizeof details / sizeof details[0] &&
        ui_ask(sh, details[chosen], "", &selection->text) != UI_DONE)
        return shell_aborted(sh);
    if (chosen < sizeof details / sizeof details[0] && selection->text.len == 0)
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "%s", chosen ? empty_sender : "the host is empty");
    return API_DONE;
}

enum api_status queued_change_selected(struct shell *sh, const struct command *command,
                                       const struct queued_change *what, int count, char **words,
                                       const char *question)
{
    struct queued_selection selection;
    enum api_status status = count ? queued_selection_read(sh, command, count, words, &selection)
                                   : queued_selection_ask(sh, question, &selection);
    bool all = strcmp(selection.match, "all") == 0;
    if (status == API_DONE)
        status = queued_change(sh, what, selection.match, all ? NULL : buf_text(&selection.text), NULL);
    buf_free(&selection.text);
    return status;
}
