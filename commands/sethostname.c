/* sethostname: the name of this gateway. */
#include "commands/command.h"

static const struct step steps[] = {
    {.field = GATEWAY_HOSTNAME,
     .question = "Enter the fully qualified host name of this gateway:",
     .flags = STEP_POSITIONAL},
};
static const struct form form = {
    .table = SCHEMA_GATEWAY, .steps = steps, .step_count = sizeof steps / sizeof steps[0]};

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    return form_change(sh, &form, &schema_tables[SCHEMA_GATEWAY], NULL, arg_count, args, form_save);
}

static enum api_status dialogue(struct shell *sh)
{
    return run(sh, 0, NULL);
}

static enum api_status print(struct shell *sh, const struct call *call)
{
    (void)call;
    struct schema_row *row;
    enum api_status status = form_fetch(sh, &schema_tables[SCHEMA_GATEWAY], NULL, &row);
    if (status != API_DONE)
        return status;
    struct span name = schema_row_text(row, GATEWAY_HOSTNAME);
    if (name.n)
        out_text(sh, "%.*s\n", (int)name.n, name.p);
    else
        out_text(sh, "No host name is set: it is the one that mailwardd was started with.\n");
    schema_row_unref(row);
    return API_DONE;
}

static const struct verb verbs[] = {
    {.word = "print", .text = "Display the host name.", .batch = print},
    {.word = NULL},
};

const struct command command_sethostname = {
    .name = "sethostname",
    .summary = "set the name of this gateway",
    .flags = COMMAND_CONFIG | COMMAND_MACHINE,
    .verbs = verbs,
    .usage = "NAME",
    .details =
        "  The name stands in greetings, Received fields, mail that the gateway makes itself and prompts.\n"
        "  Each machine of a cluster has its own.\n",
    .least_args = 1,
    .most_args = 1,
    .run = run,
    .dialogue = dialogue,
    .tables = 1ul << SCHEMA_GATEWAY,
};
