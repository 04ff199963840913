/* spamquarantine: the messages that policies have put into the spam quarantine, and how long they are kept there. */
#include <string.h>

#include "commands/queued.h"
#include "commands/setup.h"
#include "commands/values.h"

static const struct step steps[] = {
    {SPAMQUARANTINE_DAYS, "After how many days are messages deleted? (0: never)", 0, NULL, NULL},
    {SPAMQUARANTINE_SIZE, "Above which size are the oldest messages deleted?", 0, NULL, NULL},
};
static const struct form form = {SCHEMA_SPAMQUARANTINE, steps, sizeof steps / sizeof steps[0]};

static enum api_status list(struct shell *sh, const char *match, const char *text)
{
    static const struct out_column columns[] = {
        {"MID", "mid", -8, NULL},
        {"Quarantined", "time", 29, time_cell},
        {"Score", "score", -5, NULL},
        {"Sender", "sender", 28, queued_sender_cell},
        {"Recipients", "recipients", 28, queued_recipients_cell},
        {"Subject", "subject", 0, NULL},
    };
    enum api_status status;
    json_t *rows = queued_fetch(sh, "quarantine.list", match, text, 0, &status);
    if (status == API_DONE)
        out_table(sh, "messages", columns, sizeof columns / sizeof columns[0], rows);
    json_decref(rows);
    return status;
}

static enum api_status batch_list(struct shell *sh, const struct call *call)
{
    (void)call;
    return list(sh, NULL, NULL);
}

static enum api_status batch_search(struct shell *sh, const struct call *call)
{
    static const char *const where[][2] = {
        {"sender", "in-sender"}, {"recipient", "in-recipients"}, {"subject", "in-subject"}};
    if (call->arg_count == 1)
        return list(sh, "in-any", call->args[0]);
    for (size_t i = 0; i < sizeof where / sizeof where[0]; i++)
        if (strcmp(call->args[0], where[i][0]) == 0)
            return list(sh, where[i][1], call->args[1]);
    return command_usage_error(sh, call->command, "'%s' is not sender, recipient or subject", call->args[0]);
}

static enum api_status batch_show(struct shell *sh, const struct call *call)
{
    return queued_show(sh, call->object[call->depth - 1]);
}

static const struct queued_change release = {
    "quarantine.change", "release", "released", "message",
    "Are you sure you want to release all messages of the spam quarantine?"};
static const struct queued_change removal = {
    "quarantine.change", "delete", "deleted", "message",
    "Are you sure you want to delete all messages of the spam quarantine?"};

static enum api_status change(struct shell *sh, const struct queued_change *what, int count, char **words)
{
    json_t *mids;
    enum api_status status = queued_read_mids(sh, count, words, &mids);
    if (status == API_DONE)
        status = queued_change(sh, what, NULL, NULL, mids);
    json_decref(mids);
    return status;
}

static enum api_status batch_release(struct shell *sh, const struct call *call)
{
    return change(sh, &release, call->arg_count, call->args);
}

static enum api_status batch_delete(struct shell *sh, const struct call *call)
{
    return change(sh, &removal, call->arg_count, call->args);
}

/* ---- dialogue ---- */

static enum api_status ask(struct shell *sh, const char *question, struct buf *answer)
{
    return ui_ask(sh, question, "", answer) == UI_DONE ? API_DONE : shell_aborted(sh);
}

static enum api_status ask_list(struct shell *sh, void *context)
{
    (void)context;
    return list(sh, NULL, NULL);
}

static enum api_status ask_search(struct shell *sh, void *context)
{
    (void)context;
    struct buf text = {0};
    enum api_status status = ask(sh, "Enter a part of the sender, a recipient or the subject:", &text);
    if (status == API_DONE && text.len)
        status = list(sh, "in-any", buf_text(&text));
    buf_free(&text);
    return status;
}

static enum api_status ask_show(struct shell *sh, void *context)
{
    (void)context;
    struct buf text = {0};
    enum api_status status = ask(sh, "Enter the MID of the message to show:", &text);
    if (status == API_DONE && text.len)
        status = queued_show(sh, buf_text(&text));
    buf_free(&text);
    return status;
}

static enum api_status ask_change(struct shell *sh, const struct queued_change *what)
{
    struct buf question = {0}, text = {0};
    buf_printf(&question, "Enter the MID of the message to %s, or all:", what->operation);
    enum api_status status = ask(sh, buf_text(&question), &text);
    char *word = (char *)buf_text(&text);
    if (status == API_DONE && text.len)
        status = change(sh, what, 1, &word);
    buf_free(&question);
    buf_free(&text);
    return status;
}

static enum api_status ask_release(struct shell *sh, void *context)
{
    (void)context;
    return ask_change(sh, &release);
}

static enum api_status ask_delete(struct shell *sh, void *context)
{
    (void)context;
    return ask_change(sh, &removal);
}

static const struct verb verbs[] = {
    {.word = "list",
     .text = "List the messages, the newest first.",
     .batch = batch_list,
     .dialogue = ask_list},
    {.word = "search",
     .text = "List those with this text in sender, recipient or subject.",
     .usage = "[sender|recipient|subject] TEXT",
     .least_args = 1,
     .most_args = 2,
     .batch = batch_search,
     .dialogue = ask_search},
    {.word = "show",
     .text = "Show the header and the first part of a message.",
     .object = "MID",
     .batch = batch_show,
     .dialogue = ask_show},
    {.word = "release",
     .text = "Deliver messages without scanning them again.",
     .usage = "MID...|all",
     .least_args = 1,
     .most_args = API_MIDS_MAX,
     .batch = batch_release,
     .dialogue = ask_release},
    {.word = "delete",
     .text = "Delete messages for ever.",
     .usage = "MID...|all",
     .least_args = 1,
     .most_args = API_MIDS_MAX,
     .batch = batch_delete,
     .dialogue = ask_delete},
    SETUP_VERB("Edit how long messages are kept; takes effect with commit.", &form),
    {.word = NULL},
};
static const struct setup setup = {&form, "Spam quarantine", NULL};

static enum api_status dialogue(struct shell *sh)
{
    return setup_dialogue(sh, &setup, verbs);
}

const struct command command_spamquarantine = {
    .name = "spamquarantine",
    .summary = "list, release and delete quarantined spam",
    .verbs = verbs,
    .dialogue = dialogue,
    .setup = &setup,
};
