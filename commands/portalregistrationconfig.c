/* portalregistrationconfig: the ID under which this gateway is known to the portal for submissions (R26). */
#include "commands/setup.h"

static const struct step steps[] = {
    {.field = PORTAL_REGISTRATION_ID, .question = "Enter the registration ID:", .flags = STEP_POSITIONAL},
};
static const struct form form = {.table = SCHEMA_PORTAL_REGISTRATION, .steps = steps, .step_count = 1};

static enum api_status clear(struct shell *sh)
{
    return shell_edit(sh, json_pack("[{s:s,s:s,s:{s:s}}]", "table",
                                    schema_tables[SCHEMA_PORTAL_REGISTRATION].name, "verb", "edit", "fields",
                                    "id", ""));
}

static enum api_status batch_clear(struct shell *sh, const struct call *call)
{
    (void)call;
    return clear(sh);
}

static enum api_status ask_clear(struct shell *sh, void *context)
{
    bool yes;
    (void)context;
    enum ui_result result =
        ui_confirm(sh, "Are you sure you want to remove the registration ID?", false, &yes);
    return result != UI_DONE ? ui_status(sh, result) : yes ? clear(sh) : API_DONE;
}

static const struct verb verbs[] = {
    {.word = "set",
     .text = "Set the registration ID.",
     .form = &form,
     .batch = setup_batch,
     .dialogue = setup_ask},
    {.word = "clear", .text = "Remove the registration ID.", .batch = batch_clear, .dialogue = ask_clear},
    {.word = NULL},
};
static const struct setup setup = {.form = &form, .title = "Registration at the portal for submissions"};

static enum api_status dialogue(struct shell *sh)
{
    return setup_dialogue(sh, &setup, verbs);
}

const struct command command_portalregistrationconfig = {
    .name = "portalregistrationconfig",
    .summary = "set the registration ID of the portal for submissions",
    .details =
        "Nothing uses the ID yet: messages that were judged wrongly cannot be reported from here so far.\n"
        "In a cluster it is set in cluster mode, for all machines; else on each gateway, the same on all.\n",
    .flags = COMMAND_CONFIG | COMMAND_CLUSTER,
    .verbs = verbs,
    .dialogue = dialogue,
    .setup = &setup,
};
