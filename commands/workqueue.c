/* workqueue: the messages that wait for the scan. */
#include "commands/rate.h"

static enum api_status operate(struct shell *sh, const char *operation)
{
    json_t *result, *request = json_pack("{s:s,s:s}", "method", "workqueue", "operation", operation);
    enum api_status status = shell_call(sh, request, &result);
    if (status == API_DONE) {
        json_t *paused = json_object_get(result, "paused"), *messages = json_object_get(result, "messages");
        out_text(sh, "Status:   %s\nMessages: %" JSON_INTEGER_FORMAT "\n",
                 json_is_true(paused) ? "Paused" : "Operational", json_integer_value(messages));
        out_value(sh, "paused", json_incref(paused));
        out_value(sh, "messages", json_incref(messages));
    }
    json_decref(result);
    return status;
}

static enum api_status batch(struct shell *sh, const struct call *call)
{
    return operate(sh, call->path[0]->word);
}

static enum api_status ask_status(struct shell *sh, void *context)
{
    (void)context;
    return operate(sh, "status");
}

static enum api_status ask_pause(struct shell *sh, void *context)
{
    (void)context;
    return operate(sh, "pause");
}

static enum api_status ask_resume(struct shell *sh, void *context)
{
    (void)context;
    return operate(sh, "resume");
}

static void put_row(json_t *row, void *context)
{
    rate_put_row(context, row, (const char *const[]){"pending", "in", "out", NULL});
}

static const struct rate work_rate = {"workqueue", "Time      Pending        In       Out\n", put_row};

static enum api_status batch_rate(struct shell *sh, const struct call *call)
{
    return rate_run(sh, &work_rate, call->arg_count, call->args);
}

static enum api_status ask_rate(struct shell *sh, void *context)
{
    (void)context;
    return rate_ask(sh, &work_rate);
}

static const struct verb verbs[] = {
    {.word = "status",
     .text = "Display the state of the work queue.",
     .batch = batch,
     .dialogue = ask_status},
    {.word = "pause", .text = "Scan no further messages.", .batch = batch, .dialogue = ask_pause},
    {.word = "resume", .text = "Go on scanning.", .batch = batch, .dialogue = ask_resume},
    {.word = "rate",
     .text = "Display what comes in and goes out, until Ctrl-C.",
     .usage = RATE_USAGE,
     .least_args = 1,
     .most_args = 2,
     .batch = batch_rate,
     .dialogue = ask_rate},
    {.word = NULL},
};

static enum api_status dialogue(struct shell *sh)
{
    static const struct ui_dialogue menu = {verbs, NULL, NULL};
    return ui_run(sh, &menu, NULL);
}

const struct command command_workqueue = {
    .name = "workqueue",
    .summary = "show, watch, pause or resume the work queue",
    .flags = COMMAND_MACHINE,
    .verbs = verbs,
    .dialogue = dialogue,
};
