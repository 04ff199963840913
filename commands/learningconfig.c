/* learningconfig: whether single messages are learned from. */
#include "commands/setup.h"

static const struct step steps[] = {
    {.field = LEARNING_ENABLED,
     .question = "Should the engine learn from messages that are released from quarantine by their MID, or\n"
                 "reported?",
     .flags = STEP_POSITIONAL | STEP_YES_NO},
};
static const struct form form = {
    .table = SCHEMA_LEARNING, .steps = steps, .step_count = sizeof steps / sizeof steps[0]};

static const struct verb verbs[] = {
    SETUP_VERB("Switch learning on or off; what was learned is kept.", &form),
    {.word = NULL},
};
static const struct setup setup = {.form = &form, .title = "Learning"};

static enum api_status dialogue(struct shell *sh)
{
    return setup_dialogue(sh, &setup, verbs);
}

const struct command command_learningconfig = {
    .name = "learningconfig",
    .summary = "configure whether single messages are learned from",
    .flags = COMMAND_CONFIG,
    .verbs = verbs,
    .dialogue = dialogue,
    .setup = &setup,
};
