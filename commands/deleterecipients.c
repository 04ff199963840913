/* deleterecipients: takes recipients out of the queue; nobody is told. */
#include "commands/queued.h"

static const struct queued_change change = {"queue.change", "delete", "deleted", "recipient",
                                            "Are you sure you want to delete these recipients?"};

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    return queued_change_selected(sh, &command_deleterecipients, &change, arg_count, args, NULL);
}

static enum api_status dialogue(struct shell *sh)
{
    return queued_change_selected(sh, &command_deleterecipients, &change, 0, NULL,
                                  "Which recipients do you want to delete?");
}

const struct command command_deleterecipients = {
    .name = "deleterecipients",
    .summary = "delete recipients from the queue",
    .flags = COMMAND_MACHINE,
    QUEUED_SELECTION,
    .run = run,
    .dialogue = dialogue,
};
