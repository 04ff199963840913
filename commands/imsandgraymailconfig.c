/* imsandgraymailconfig: graymail detection and Intelligent Multi-Scan (multiscan.c) for the whole gateway, and the limits
 * that they share. */
#include "commands/multiscan.h"
#include "commands/setup.h"

/* ---- graymail ---- */

static bool graymail_is_on(const struct answers *a)
{
    return a->values[GRAYMAIL_ENABLED].number != 0;
}

/* Whoever calls this wants it on. */
static enum ui_result ask_graymail(struct shell *sh, const struct step *step, struct answers *a)
{
    bool on = true;
    enum ui_result result = ui_yes_no(sh, step->question, &on);
    a->values[GRAYMAIL_ENABLED].number = on;
    return result;
}

static const struct step graymail_steps[] = {
    {.field = GRAYMAIL_ENABLED,
     .question = "Would you like to use Graymail Detection?",
     .flags = STEP_POSITIONAL | STEP_YES_NO,
     .ask = ask_graymail},
    {.field = GRAYMAIL_SAFE_UNSUBSCRIBE,
     .question = "Would you like to use Safe Unsubscribe?",
     .flags = STEP_YES_NO,
     .when = graymail_is_on},
    {.field = GRAYMAIL_AUTO_UPDATE,
     .question = "Would you like to enable automatic updates for the graymail engine?",
     .flags = STEP_YES_NO,
     .when = graymail_is_on},
};
static const struct form graymail_form = {.table = SCHEMA_GRAYMAIL,
                                          .steps = graymail_steps,
                                          .step_count = sizeof graymail_steps / sizeof graymail_steps[0]};

static enum api_status save_graymail(struct shell *sh, struct answers *a, const char *key)
{
    enum api_status status = form_save(sh, a, key);
    if (status == API_DONE && graymail_is_on(a) && a->asked && shell_is_interactive(sh))
        out_text(sh, "\nGraymail detection is enabled.  What becomes of graymail is up to the policy of each "
                     "message: see policyconfig.\n");
    return status;
}

static const struct setup graymail = {
    .form = &graymail_form, .title = "Graymail detection", .save = save_graymail};

static const struct verb graymail_verbs[] = {
    SETUP_VERB_OF("Edit the graymail settings of the gateway.", &graymail_form, &graymail),
    {.word = NULL},
};

static enum api_status ask_graymail_menu(struct shell *sh, void *context)
{
    (void)context;
    return setup_dialogue(sh, &graymail, graymail_verbs);
}

/* ---- what both have in common ---- */

/* The field's own range begins where messages are scanned in full. */
static enum ui_result ask_never(struct shell *sh, const struct step *step, struct answers *a)
{
    struct schema_field field = a->table->fields[step->field];
    struct schema_value *value = &a->values[step->field];
    field.least = a->values[IMSANDGRAYMAIL_ALWAYS_SCAN_SIZE].number;
    if (value->number < field.least)
        value->number = field.least;
    return ui_ask_field(sh, &field, step->question, a->arena, value);
}

static const struct step limits_steps[] = {
    {.field = IMSANDGRAYMAIL_ALWAYS_SCAN_SIZE,
     .question = "Up to what size should Intelligent Multi-Scan always scan messages in full?"},
    {.field = IMSANDGRAYMAIL_NEVER_SCAN_SIZE,
     .question = "What is the largest size of message to scan? Larger ones are never scanned.",
     .ask = ask_never},
    {.field = IMSANDGRAYMAIL_TIMEOUT,
     .question = "Enter the time-out for the scan of one message, in seconds:"},
};
static const struct form limits_form = {.table = SCHEMA_IMSANDGRAYMAIL,
                                        .steps = limits_steps,
                                        .step_count = sizeof limits_steps / sizeof limits_steps[0]};
static const struct setup limits = {.form = &limits_form, .title = "Intelligent Multi-Scan and graymail"};

static const struct verb limits_verbs[] = {
    SETUP_VERB_OF("Edit the limits of Intelligent Multi-Scan and graymail.", &limits_form, &limits),
    {.word = NULL},
};

static enum api_status ask_limits_menu(struct shell *sh, void *context)
{
    (void)context;
    return setup_dialogue(sh, &limits, limits_verbs);
}

/* ---- the command ---- */

static const struct verb verbs[] = {
    {.word = "graymail",
     .text = "Configure graymail detection.",
     .verbs = graymail_verbs,
     .dialogue = ask_graymail_menu},
    {.word = "multiscan",
     .text = "Configure Intelligent Multi-Scan.",
     .verbs = multiscan_verbs,
     .dialogue = multiscan_ask_menu},
    {.word = "globalconfig",
     .text = "Configure what Intelligent Multi-Scan and graymail have in common.",
     .verbs = limits_verbs,
     .dialogue = ask_limits_menu},
    {.word = NULL},
};

static enum api_status dialogue(struct shell *sh)
{
    static const struct ui_dialogue menu = {verbs, NULL, NULL};
    return ui_run(sh, &menu, NULL);
}

const struct command command_imsandgraymailconfig = {
    .name = "imsandgraymailconfig",
    .summary = "configure Intelligent Multi-Scan and graymail detection",
    .flags = COMMAND_CONFIG,
    .verbs = verbs,
    .dialogue = dialogue,
};
