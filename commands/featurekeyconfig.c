/* featurekeyconfig: what becomes of feature keys that are found in the folder configuration. */
#include "commands/setup.h"

static const struct step steps[] = {
    {.field = FEATUREKEY_AUTOACTIVATE,
     .question = "Should feature keys be activated as soon as they are found?",
     .flags = STEP_YES_NO},
    {.field = FEATUREKEY_AUTOCHECK,
     .question = "Should new feature keys be looked for every hour?",
     .flags = STEP_YES_NO},
};
static const struct form form = {
    .table = SCHEMA_FEATUREKEY, .steps = steps, .step_count = sizeof steps / sizeof steps[0]};

static const struct verb verbs[] = {
    SETUP_VERB("Edit how new feature keys are found and activated.", &form),
    {.word = NULL},
};
static const struct setup setup = {.form = &form, .title = "Feature keys"};

static enum api_status dialogue(struct shell *sh)
{
    return setup_dialogue(sh, &setup, verbs);
}

const struct command command_featurekeyconfig = {
    .name = "featurekeyconfig",
    .summary = "configure how new feature keys are found and activated",
    .details = "Feature keys are found as files NAME.featurekey in the folder `configuration`.\n",
    .flags = COMMAND_CONFIG,
    .verbs = verbs,
    .dialogue = dialogue,
    .setup = &setup,
};
