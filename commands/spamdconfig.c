/* spamdconfig: the scan service for clients of the spamd protocol. */
#include "commands/setup.h"

static bool is_on(const struct answers *a)
{
    return a->values[SPAMD_ENABLED].number != 0;
}

static bool has_tcp(const struct answers *a)
{
    return is_on(a) && a->values[SPAMD_TCP].text.n;
}

static const struct step steps[] = {
    {.field = SPAMD_ENABLED,
     .question = "Should clients of the spamd protocol (spamc, mail servers) be answered?",
     .flags = STEP_POSITIONAL | STEP_YES_NO},
    {.field = SPAMD_SOCKET,
     .question = "Listen on the UNIX socket run/spamd.sock of the state folder?",
     .when = is_on},
    {.field = SPAMD_TCP,
     .question = "Where to listen on TCP?  ADDRESS:PORT, several with commas between them.",
     .when = is_on},
    {.field = SPAMD_CLIENTS,
     .question =
         "Who may ask over TCP?  Addresses and networks with commas between them; the protocol itself\n"
         "knows neither passwords nor encryption.",
     .when = has_tcp},
    {.field = SPAMD_SCALE,
     .question =
         "How should scores be told?  points: from 0.0 to 10.0, spam from 5.0 on; raw: from 0 to 100,\n"
         "spam from 50 on.",
     .when = is_on},
    {.field = SPAMD_CONNECTIONS, .question = "How many clients should be served at a time?", .when = is_on},
    {.field = SPAMD_TIMEOUT,
     .question =
         "Enter the time, in seconds, for a message to come in, for its scan, and for the answer to be\n"
         "taken, each:",
     .when = is_on},
};
static const struct form form = {
    .table = SCHEMA_SPAMD_SERVICE, .steps = steps, .step_count = sizeof steps / sizeof steps[0]};

static const struct verb verbs[] = {
    SETUP_VERB("Edit the service for clients of the spamd protocol.", &form),
    {.word = NULL},
};
static const struct setup setup = {.form = &form, .title = "The spamd service"};

static enum api_status dialogue(struct shell *sh)
{
    return setup_dialogue(sh, &setup, verbs);
}

const struct command command_spamdconfig = {
    .name = "spamdconfig",
    .summary = "configure the scan service for spamd clients",
    .flags = COMMAND_CONFIG,
    .verbs = verbs,
    .dialogue = dialogue,
    .setup = &setup,
};
