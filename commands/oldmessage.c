/* oldmessage: the message that has been in the queue longest. */
#include "commands/queued.h"

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count, (void)args;
    enum api_status status;
    json_t *rows = queued_fetch(sh, "queue.list", NULL, NULL, 1, &status);
    json_t *oldest = json_array_get(rows, 0);
    if (oldest) {
        json_int_t mid = json_integer_value(json_object_get(oldest, "mid"));
        struct buf text = {0};
        out_text(sh, "MID %" JSON_INTEGER_FORMAT ":\n", mid);
        out_value(sh, "message", json_incref(oldest));
        buf_printf(&text, "%" JSON_INTEGER_FORMAT, mid);
        status = queued_show(sh, buf_text(&text));
        buf_free(&text);
    } else if (status == API_DONE) {
        out_text(sh, "The queue is empty.\n");
        out_value(sh, "message", json_null());
    }
    json_decref(rows);
    return status;
}

const struct command command_oldmessage = {
    .name = "oldmessage",
    .summary = "show the oldest message in the queue",
    .flags = COMMAND_MACHINE,
    .run = run,
};
