/* showrecipients: the recipients that wait in the queue. */
#include <string.h>

#include "commands/queued.h"
#include "commands/values.h"

/* A row for each recipient of a message. */
static void add_recipients(json_t *rows, json_t *message)
{
    static const char *const of_message[] = {"mid",    "bytes", "state",         "in_hand",
                                             "sender", "time",  "alternate_host"};
    json_t *recipient;
    size_t i;
    json_array_foreach(json_object_get(message, "recipients"), i, recipient)
    {
        json_t *row = json_copy(recipient);
        for (size_t k = 0; k < sizeof of_message / sizeof of_message[0]; k++)
            json_object_set(row, of_message[k], json_object_get(message, of_message[k]));
        json_array_append_new(rows, row);
    }
}

static enum api_status show(struct shell *sh, const struct queued_selection *selection, const char *text)
{
    static const struct out_column columns[] = {
        {"MID", "mid", -8, NULL},
        {"RID", "rid", -4, NULL},
        {"Bytes", "bytes", -9, NULL},
        {"State", "state", 10, NULL},
        {"Tries", "tries", -5, NULL},
        {"Received", "time", 29, time_cell},
        {"Sender", "sender", 28, queued_sender_cell},
        {"Alternate Host", "alternate_host", 14, NULL},
        {"Recipient", "address", 0, NULL},
    };
    enum api_status status;
    json_t *messages = queued_fetch(sh, "queue.list", selection->match, text, 0, &status), *message;
    json_t *rows = json_array();
    size_t i;
    json_array_foreach(messages, i, message) add_recipients(rows, message);
    if (status == API_DONE)
        out_table(sh, "recipients", columns, sizeof columns / sizeof columns[0], rows);
    json_decref(messages);
    json_decref(rows);
    return status;
}

static enum api_status show_selected(struct shell *sh, enum api_status status,
                                     struct queued_selection *selection)
{
    bool all = strcmp(selection->match, "all") == 0;
    if (status == API_DONE)
        status = show(sh, selection, all ? NULL : buf_text(&selection->text));
    buf_free(&selection->text);
    return status;
}

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    struct queued_selection selection;
    enum api_status status = queued_selection_read(sh, &command_showrecipients, arg_count, args, &selection);
    return show_selected(sh, status, &selection);
}

static enum api_status dialogue(struct shell *sh)
{
    struct queued_selection selection;
    enum api_status status = queued_selection_ask(sh, "Which recipients do you want to see?", &selection);
    return show_selected(sh, status, &selection);
}

const struct command command_showrecipients = {
    .name = "showrecipients",
    .summary = "show the recipients that wait in the queue",
    .flags = COMMAND_MACHINE,
    QUEUED_SELECTION,
    .run = run,
    .dialogue = dialogue,
};
