/* deliveryconfig: how mail leaves. */
#include "commands/setup.h"

static const struct step steps[] = {
    {DELIVERY_TLS,
     "Should mail leave by TLS?  With preferred, a next hop without working TLS gets it in plain text; with "
     "required, "
     "it waits.",
     STEP_POSITIONAL, NULL, NULL},
    {DELIVERY_DELAY_NOTICE,
     "After how many hours should senders who asked for it be told that their mail is late?  0 for never.", 0,
     NULL, NULL},
};
static const struct form form = {SCHEMA_DELIVERY, steps, sizeof steps / sizeof steps[0]};

static const struct verb verbs[] = {
    SETUP_VERB("Edit how mail leaves.", &form),
    {.word = NULL},
};
static const struct setup setup = {&form, "Delivery", NULL};

static enum api_status dialogue(struct shell *sh)
{
    return setup_dialogue(sh, &setup, verbs);
}

const struct command command_deliveryconfig = {
    .name = "deliveryconfig",
    .summary = "configure how mail leaves",
    .flags = COMMAND_CONFIG,
    .verbs = verbs,
    .dialogue = dialogue,
    .setup = &setup,
};
