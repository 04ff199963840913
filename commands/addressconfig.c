/* addressconfig: From addresses of the mail that the gateway makes itself. */
#include "commands/setup.h"

static const struct step steps[] = {
    {.field = ADDRESSES_ALERTS, .question = "Enter the From address of alerts:"},
    {.field = ADDRESSES_BOUNCES, .question = "Enter the From address of bounces:"},
};
static const struct form form = {
    .table = SCHEMA_ADDRESSES, .steps = steps, .step_count = sizeof steps / sizeof steps[0]};

static const struct verb verbs[] = {
    SETUP_VERB("Edit the From addresses of generated mail.", &form),
    {.word = NULL},
};
static const struct setup setup = {.form = &form, .title = "From addresses of generated mail"};

static enum api_status dialogue(struct shell *sh)
{
    return setup_dialogue(sh, &setup, verbs);
}

const struct command command_addressconfig = {
    .name = "addressconfig",
    .summary = "configure the From addresses of alerts and bounces",
    .flags = COMMAND_CONFIG,
    .verbs = verbs,
    .dialogue = dialogue,
    .setup = &setup,
};
