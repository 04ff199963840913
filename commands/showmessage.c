/* showmessage: the header and the first part of a message in the queue or in quarantine. */
#include "commands/queued.h"

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count;
    return queued_show(sh, args[0]);
}

static enum api_status dialogue(struct shell *sh)
{
    struct buf mid = {0};
    enum api_status status = API_DONE;
    if (ui_ask(sh, "Enter the MID of the message to show:", "", &mid) != UI_DONE)
        status = shell_aborted(sh);
    else if (mid.len)
        status = queued_show(sh, buf_text(&mid));
    buf_free(&mid);
    return status;
}

const struct command command_showmessage = {
    .name = "showmessage",
    .summary = "show a message",
    .flags = COMMAND_MACHINE,
    .usage = "MID",
    .least_args = 1,
    .most_args = 1,
    .run = run,
    .dialogue = dialogue,
};
