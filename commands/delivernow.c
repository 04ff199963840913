/* delivernow: tries what waits for its next delivery attempt at once. */
#include "commands/queued.h"

static const struct queued_change change = {"queue.change", "deliver", "scheduled for delivery now",
                                            "recipient", NULL};

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    return queued_change_selected(sh, &command_delivernow, &change, arg_count, args, NULL);
}

static enum api_status dialogue(struct shell *sh)
{
    return queued_change_selected(sh, &command_delivernow, &change, 0, NULL,
                                  "Which recipients do you want to deliver now?");
}

const struct command command_delivernow = {
    .name = "delivernow",
    .summary = "try the delivery of queued mail at once",
    .flags = COMMAND_MACHINE,
    QUEUED_SELECTION,
    .run = run,
    .dialogue = dialogue,
};
