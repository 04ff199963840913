/* imsandgraymailconfig multiscan: whether other engines are asked first, and where they are.
 *
 * Which mail is judged so is up to its policy (S2-56).
 */
#include "commands/multiscan.h"

#include "commands/setup.h"

static const char licence[] = "\nIntelligent Multi-Scan asks rspamd and SpamAssassin, where they are "
                              "installed, before the engine of this\n"
                              "gateway.  They are programs of others under licences of their own, see every "
                              "message whose policy has the\n"
                              "engine multiscan, and come without any warranty.\n";

static bool is_on(const struct answers *a)
{
    return a->values[MULTISCAN_ENABLED].number != 0;
}

static bool needs_licence(const struct answers *a)
{
    return is_on(a) && !schema_row_number(a->start, MULTISCAN_LICENCE_ACCEPTED);
}

/* Whoever calls this wants it on. */
static enum ui_result ask_enabled(struct shell *sh, const struct step *step, struct answers *a)
{
    bool on = true;
    enum ui_result result = ui_yes_no(sh, step->question, &on);
    a->values[MULTISCAN_ENABLED].number = on;
    return result;
}

static enum ui_result ask_licence(struct shell *sh, const struct step *step, struct answers *a)
{
    return setup_ask_licence(sh, step, licence, a, MULTISCAN_ENABLED);
}

static bool asks(const struct answers *a, unsigned field)
{
    return is_on(a) && !span_equal_nocase(a->values[field].text, SPAN("off"));
}

static bool asks_rspamd(const struct answers *a)
{
    return asks(a, MULTISCAN_RSPAMD);
}

static bool asks_spamd(const struct answers *a)
{
    return asks(a, MULTISCAN_SPAMD);
}

static bool asks_any(const struct answers *a)
{
    return asks_rspamd(a) || asks_spamd(a);
}

static const struct step steps[] = {
    {.field = MULTISCAN_ENABLED,
     .question = "Would you like to use Intelligent Multi-Scan?",
     .flags = STEP_POSITIONAL | STEP_YES_NO,
     .ask = ask_enabled},
    {.field = MULTISCAN_LICENCE_ACCEPTED,
     .question = "Do you accept the above license agreement?",
     .flags = STEP_DIALOGUE_ONLY,
     .when = needs_licence,
     .ask = ask_licence},
    {.field = MULTISCAN_RSPAMD,
     .question = "Where does rspamd answer? Enter http://ADDRESS:PORT, or off:",
     .when = is_on},
    {.field = MULTISCAN_RSPAMD_TIMEOUT,
     .question = "Enter the time that rspamd has for one message, in seconds:",
     .when = asks_rspamd},
    {.field = MULTISCAN_SPAMD,
     .question = "Where does spamd answer? Enter ADDRESS:PORT, the path of its UNIX socket, or off:",
     .when = is_on},
    {.field = MULTISCAN_SPAMD_TIMEOUT,
     .question = "Enter the time that spamd has for one message, in seconds:",
     .when = asks_spamd},
    {.field = MULTISCAN_CONNECTIONS,
     .question = "About how many messages may they be asked at a time?",
     .when = asks_any},
};
static const struct form form = {
    .table = SCHEMA_MULTISCAN, .steps = steps, .step_count = sizeof steps / sizeof steps[0]};

static enum api_status save(struct shell *sh, struct answers *a, const char *key)
{
    bool accepts = needs_licence(a);
    if (accepts)
        a->values[MULTISCAN_LICENCE_ACCEPTED].number = 1;
    a->given[MULTISCAN_LICENCE_ACCEPTED] = accepts; /* one that was refused stays as it was */
    enum api_status status = form_save(sh, a, key);
    if (status == API_DONE && is_on(a) && a->asked && shell_is_interactive(sh))
        out_text(sh,
                 "\nIntelligent Multi-Scan is enabled.  Which mail is judged by it is up to its policy: see "
                 "policyconfig.\n");
    return status;
}

static const struct setup setup = {.form = &form, .title = "Intelligent Multi-Scan", .save = save};

const struct verb multiscan_verbs[] = {
    SETUP_VERB_OF("Edit the settings of Intelligent Multi-Scan.", &form, &setup),
    {.word = NULL},
};

enum api_status multiscan_ask_menu(struct shell *sh, void *context)
{
    (void)context;
    return setup_dialogue(sh, &setup, multiscan_verbs);
}
