/* bouncerecipients: returns queued mail to its senders. */
#include "commands/queued.h"

static const struct queued_change change = {"queue.change", "bounce", "bounced", "recipient",
                                            "Are you sure you want to bounce these recipients?"};

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    return queued_change_selected(sh, &command_bouncerecipients, &change, arg_count, args, NULL);
}

static enum api_status dialogue(struct shell *sh)
{
    return queued_change_selected(sh, &command_bouncerecipients, &change, 0, NULL,
                                  "Which recipients do you want to bounce?");
}

const struct command command_bouncerecipients = {
    .name = "bouncerecipients",
    .summary = "return queued mail to its senders",
    .flags = COMMAND_MACHINE,
    QUEUED_SELECTION,
    .run = run,
    .dialogue = dialogue,
};
