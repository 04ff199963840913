/* archivemessage: a message of the queue or the quarantine as an mbox file in the configuration directory. */
#include "commands/queued.h"

static enum api_status archive(struct shell *sh, const char *mid, const char *name)
{
    uint64_t number = 0;
    struct buf preset = {0};
    if (!span_parse_u64(span_text(mid), &number) || number == 0 || number > INT64_MAX)
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "'%s' is not a MID", mid);
    buf_printf(&preset, "%s.mbox", mid);
    name = name ? name : buf_text(&preset);
    json_t *request =
        json_pack("{s:s,s:I,s:s}", "method", "queue.archive", "mid", (json_int_t)number, "name", name);
    enum api_status status = request ? shell_call(sh, request, NULL)
                                     : shell_fail(sh, API_ERROR_INVALID_VALUE, "the name is not UTF-8");
    if (status == API_DONE) {
        out_text(sh, "MID %s archived in '%s'.\n", mid, name);
        out_value(sh, "name", json_string(name));
    }
    buf_free(&preset);
    return status;
}

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    return archive(sh, args[0], arg_count == 2 ? args[1] : NULL);
}

static enum api_status dialogue(struct shell *sh)
{
    struct buf mid = {0};
    enum api_status status = API_DONE;
    if (ui_ask(sh, "Enter the MID of the message to archive:", "", &mid) != UI_DONE)
        status = shell_aborted(sh);
    else if (mid.len)
        status = archive(sh, buf_text(&mid), NULL);
    buf_free(&mid);
    return status;
}

const struct command command_archivemessage = {
    .name = "archivemessage",
    .summary = "write a message to an mbox file",
    .flags = COMMAND_MACHINE,
    .usage = "MID [FILE]",
    .details = "FILE (default MID.mbox) is made in the folder configuration/ of the state folder.\n",
    .least_args = 1,
    .most_args = 2,
    .run = run,
    .dialogue = dialogue,
};
