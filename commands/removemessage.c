/* removemessage: takes messages out of the queue, with all their recipients; nobody is told. */
#include "commands/queued.h"

static const struct queued_change change = {"queue.change", "delete", "removed", "message", NULL};

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    json_t *mids;
    bool yes = true;
    enum api_status status = queued_read_mids(sh, arg_count, args, &mids);
    if (status == API_DONE && !mids)
        status = command_usage_error(sh, &command_removemessage, "'all' is for deleterecipients");
    if (status == API_DONE &&
        ui_confirm(sh, "Are you sure you want to remove what you named?", false, &yes) != UI_DONE)
        status = shell_aborted(sh);
    if (status == API_DONE && yes)
        status = queued_change(sh, &change, NULL, NULL, mids);
    json_decref(mids);
    return status;
}

static enum api_status dialogue(struct shell *sh)
{
    struct buf mid = {0};
    enum api_status status = API_DONE;
    if (ui_ask(sh, "Enter the MID of the message to remove:", "", &mid) != UI_DONE)
        status = shell_aborted(sh);
    char *word = (char *)buf_text(&mid);
    if (status == API_DONE && mid.len)
        status = run(sh, 1, &word);
    buf_free(&mid);
    return status;
}

const struct command command_removemessage = {
    .name = "removemessage",
    .summary = "remove messages from the queue",
    .flags = COMMAND_MACHINE,
    .usage = "MID...",
    .least_args = 1,
    .most_args = API_MIDS_MAX,
    .run = run,
    .dialogue = dialogue,
};
