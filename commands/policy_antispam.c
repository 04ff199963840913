/* The anti-spam block of a mail policy: thresholds, and what becomes of spam and of suspected spam. */
#include "commands/policyconfig.h"

/* ---- conditions ---- */

static bool positive_goes_on(const struct answers *a)
{
    return policy_goes_on(a, POLICY_SPAM);
}

static bool positive_may_have_host(const struct answers *a)
{
    return policy_may_have_host(a, POLICY_SPAM);
}

static bool has_suspects(const struct answers *a)
{
    return a->values[POLICY_SUSPECT].number != 0;
}

static bool suspect_goes_on(const struct answers *a)
{
    return has_suspects(a) && policy_goes_on(a, POLICY_SUSPECTED);
}

static bool suspect_may_have_host(const struct answers *a)
{
    return has_suspects(a) && policy_may_have_host(a, POLICY_SUSPECTED);
}

/* ---- questions that are more than one field ---- */

/* A suspect threshold above the new positive one cannot stay. */
static void fit_suspect_threshold(struct answers *a)
{
    int64_t positive = a->values[POLICY_POSITIVE_THRESHOLD].number;
    if (a->values[POLICY_SUSPECT_THRESHOLD].number > positive) {
        a->values[POLICY_SUSPECT_THRESHOLD].number = positive;
        a->given[POLICY_SUSPECT_THRESHOLD] = true;
    }
}

static enum ui_result ask_suspect(struct shell *sh, const struct step *step, struct answers *a)
{
    bool yes = has_suspects(a);
    enum ui_result result = ui_yes_no(sh, step->question, &yes);
    a->values[POLICY_SUSPECT].number = yes;
    fit_suspect_threshold(a);
    return result;
}

/* From 25 to the positive threshold: the field's own range ends where positives begin. */
static enum ui_result ask_suspect_threshold(struct shell *sh, const struct step *step, struct answers *a)
{
    struct schema_field field = a->table->fields[step->field];
    field.most = a->values[POLICY_POSITIVE_THRESHOLD].number;
    return ui_ask_field(sh, &field, step->question, a->arena, &a->values[step->field]);
}

/* ---- the engine ---- */

static enum api_status fetch_flag(struct shell *sh, enum schema_table_id table, unsigned field, bool *on)
{
    struct schema_row *row;
    enum api_status status = form_fetch(sh, &schema_tables[table], NULL, &row);
    if (status != API_DONE)
        return status;
    *on = schema_row_number(row, field) != 0;
    schema_row_unref(row);
    return API_DONE;
}

/* A question only where both engines are on; where one is, it is that one (S2-151). */
static enum ui_result ask_engine(struct shell *sh, const struct step *step, struct answers *a)
{
    static const char *const engines[] = {"mailward Anti-Spam", "Intelligent Multi-Scan"};
    int64_t *engine = &a->values[POLICY_ENGINE].number;
    bool antispam = false, multiscan = false;
    if (fetch_flag(sh, SCHEMA_ANTISPAM, ANTISPAM_ENABLED, &antispam) != API_DONE ||
        fetch_flag(sh, SCHEMA_MULTISCAN, MULTISCAN_ENABLED, &multiscan) != API_DONE)
        return UI_ABORT;
    if (antispam != multiscan)
        *engine = multiscan ? POLICY_ENGINE_MULTISCAN : POLICY_ENGINE_ANTISPAM;
    if (!antispam || !multiscan)
        return UI_DONE;
    size_t chosen = (size_t)*engine;
    enum ui_result result = ui_choose(sh, step->question, engines, 2, &chosen);
    *engine = (int64_t)chosen;
    return result;
}

enum api_status policy_check_engine(struct shell *sh, const struct answers *a)
{
    bool on = true;
    enum api_status status = API_DONE;
    if (a->given[POLICY_ENGINE] && a->values[POLICY_ENGINE].number == POLICY_ENGINE_MULTISCAN)
        status = fetch_flag(sh, SCHEMA_MULTISCAN, MULTISCAN_ENABLED, &on);
    if (status == API_DONE && !on)
        return shell_fail(sh, API_ERROR_WRONG_STATE,
                          "Intelligent Multi-Scan is off: imsandgraymailconfig multiscan setup on");
    return status;
}

/* ---- the form ---- */

static const struct step steps[] = {
    {.field = POLICY_ANTISPAM,
     .question = "Would you like to scan for spam under this policy?",
     .flags = STEP_POSITIONAL | STEP_YES_NO},
    /* from here on: policy_antispam_details */
    {.field = POLICY_ENGINE, .question = "Which engine should decide?", .ask = ask_engine},
    {.field = POLICY_POSITIVE_THRESHOLD, .question = "From what score on is a message spam?"},
    {.field = POLICY_POSITIVE_ACTION, .question = "What should be done with spam?"},
    {.field = POLICY_POSITIVE_ARCHIVE, .question = "Would you like to archive spam?"},
    {.field = POLICY_POSITIVE_HOST,
     .question = "Would you like to send spam to an alternate host?",
     .when = positive_may_have_host,
     .ask = policy_ask_host},
    {.field = POLICY_POSITIVE_SUBJECT,
     .question = "How should the subject of spam be changed?",
     .when = positive_goes_on,
     .ask = policy_ask_subject},
    {.field = POLICY_POSITIVE_HEADER,
     .question = "Would you like to add a header to spam?",
     .when = positive_goes_on,
     .ask = policy_ask_header},
    {.field = POLICY_POSITIVE_RECIPIENT,
     .question = "Would you like to send spam to an alternate recipient?",
     .when = positive_goes_on,
     .ask = policy_ask_recipient},
    {.field = POLICY_SUSPECT,
     .question = "Would you like to treat suspected spam specially?",
     .ask = ask_suspect},
    {.field = POLICY_SUSPECT_THRESHOLD,
     .question = "From what score on is a message suspected spam?",
     .when = has_suspects,
     .ask = ask_suspect_threshold},
    {.field = POLICY_SUSPECT_ACTION,
     .question = "What should be done with suspected spam?",
     .when = has_suspects},
    {.field = POLICY_SUSPECT_ARCHIVE,
     .question = "Would you like to archive suspected spam?",
     .when = has_suspects},
    {.field = POLICY_SUSPECT_HOST,
     .question = "Would you like to send suspected spam to an alternate host?",
     .when = suspect_may_have_host,
     .ask = policy_ask_host},
    {.field = POLICY_SUSPECT_SUBJECT,
     .question = "How should the subject of suspected spam be changed?",
     .when = suspect_goes_on,
     .ask = policy_ask_subject},
    {.field = POLICY_SUSPECT_HEADER,
     .question = "Would you like to add a header to suspected spam?",
     .when = suspect_goes_on,
     .ask = policy_ask_header},
    {.field = POLICY_SUSPECT_RECIPIENT,
     .question = "Would you like to send suspected spam to an alternate recipient?",
     .when = suspect_goes_on,
     .ask = policy_ask_recipient},
    {.field = POLICY_UNSCANNABLE, .question = "What should be done with a message that no scan survives?"},
};
enum { STEP_COUNT = sizeof steps / sizeof steps[0] };

const struct form policy_antispam_form = {
    .table = SCHEMA_INCOMING_POLICY, .steps = steps, .step_count = STEP_COUNT};
const struct form policy_antispam_details = {
    .table = SCHEMA_INCOMING_POLICY, .steps = steps + 1, .step_count = STEP_COUNT - 1};
