/* antispamconfig: the anti-spam engine of the whole gateway.
 *
 * Accepting the licence for the first time also switches scanning on in the default incoming policy (S2-23), in the
 * same edit.  A batch line that says `setup on` accepts it.
 */
#include "commands/setup.h"

static const char licence[] =
    "\nThe anti-spam engine of this gateway, with its rules and models, is part of mailward and is given\n"
    "under the project's licence.  It judges mail by probability and comes without any warranty: what\n"
    "becomes of mail by its judgement is the responsibility of whoever runs the gateway.\n";

static bool is_on(const struct answers *a)
{
    return a->values[ANTISPAM_ENABLED].number != 0;
}

static bool was_on(const struct answers *a)
{
    return schema_row_number(a->start, ANTISPAM_ENABLED) != 0;
}

static bool needs_licence(const struct answers *a)
{
    return is_on(a) && !schema_row_number(a->start, ANTISPAM_LICENCE_ACCEPTED);
}

/* ---- steps that are more than a question ---- */

static enum ui_result ask_enabled(struct shell *sh, const struct step *step, struct answers *a)
{
    bool on = true, sure = true;
    enum ui_result result = ui_yes_no(sh, step->question, &on);
    if (result == UI_DONE && !on && was_on(a))
        result = ui_confirm(sh, "Are you sure you want to disable anti-spam scanning for the whole gateway?",
                            false, &sure);
    a->values[ANTISPAM_ENABLED].number = on || !sure;
    return result;
}

static enum ui_result ask_licence(struct shell *sh, const struct step *step, struct answers *a)
{
    return setup_ask_licence(sh, step, licence, a, ANTISPAM_ENABLED);
}

/* The field's own range ends where messages are not scanned at all. */
static enum ui_result ask_always(struct shell *sh, const struct step *step, struct answers *a)
{
    struct schema_field field = a->table->fields[step->field];
    struct schema_value *value = &a->values[step->field];
    field.most = a->values[ANTISPAM_NEVER_SCAN_SIZE].number;
    if (value->number > field.most)
        value->number = field.most;
    return ui_ask_field(sh, &field, step->question, a->arena, value);
}

static const struct step steps[] = {
    {.field = ANTISPAM_ENABLED,
     .question = "Would you like to use the anti-spam engine?",
     .flags = STEP_POSITIONAL | STEP_YES_NO,
     .ask = ask_enabled},
    {.field = ANTISPAM_LICENCE_ACCEPTED,
     .question = "Do you accept the above license agreement?",
     .flags = STEP_DIALOGUE_ONLY,
     .when = needs_licence,
     .ask = ask_licence},
    {.field = ANTISPAM_NEVER_SCAN_SIZE,
     .question = "What is the largest size of message to scan? Larger ones are never scanned.",
     .when = is_on},
    {.field = ANTISPAM_ALWAYS_SCAN_SIZE,
     .question = "Up to what size should messages always be scanned in full?",
     .when = is_on,
     .ask = ask_always},
    {.field = ANTISPAM_TIMEOUT,
     .question = "Enter the time-out for the scan of one message, in seconds:",
     .when = is_on},
    {.field = ANTISPAM_PROFILE, .question = "Choose the scanning profile:", .when = is_on},
};
static const struct form form = {
    .table = SCHEMA_ANTISPAM, .steps = steps, .step_count = sizeof steps / sizeof steps[0]};

/* ---- saving ---- */

static enum api_status save(struct shell *sh, struct answers *a, const char *key)
{
    json_t *edits = json_array();
    bool accepts = needs_licence(a);
    if (accepts) {
        a->values[ANTISPAM_LICENCE_ACCEPTED].number = 1;
        json_array_append_new(edits, json_pack("{s:s,s:s,s:s,s:{s:s}}", "table", "incoming-policy", "verb",
                                               "edit", "key", "DEFAULT", "fields", "antispam", "on"));
    }
    a->given[ANTISPAM_LICENCE_ACCEPTED] = accepts; /* one that was refused stays as it was */
    json_array_append_new(edits, answers_to_edit(a, "edit", key));
    enum api_status status = shell_edit(sh, edits);
    if (status == API_DONE && is_on(a) && a->asked && shell_is_interactive(sh))
        out_text(sh, "\nThe anti-spam engine is enabled.  Which mail is scanned is up to its policy: see "
                     "policyconfig.\n");
    return status;
}

static const struct verb verbs[] = {
    SETUP_VERB("Edit the anti-spam settings of the gateway.", &form),
    {.word = NULL},
};
static const struct setup setup = {.form = &form, .title = "Anti-spam scanning", .save = save};

static enum api_status dialogue(struct shell *sh)
{
    return setup_dialogue(sh, &setup, verbs);
}

const struct command command_antispamconfig = {
    .name = "antispamconfig",
    .summary = "configure the anti-spam engine",
    .flags = COMMAND_CONFIG,
    .verbs = verbs,
    .dialogue = dialogue,
    .setup = &setup,
};
