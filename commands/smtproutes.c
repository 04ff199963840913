/* smtproutes: where mail for a domain goes. */
#include "commands/list_table.h"

static const struct step steps[] = {
    {.field = SMTPROUTES_DESTINATION,
     .question = "Enter the destination: HOST[:PORT], [HOST][:PORT], an address, or USEDNS.",
     .flags = STEP_POSITIONAL},
    {.field = SMTPROUTES_TLS, .flags = STEP_BATCH_ONLY}, /* scripts answer the dialogue as it has always been */
};
static const struct form form = {
    .table = SCHEMA_SMTPROUTES, .steps = steps, .step_count = sizeof steps / sizeof steps[0]};

static const struct out_column columns[] = {
    {"Domain", "domain", 30, NULL}, {"Destination", "destination", 30, NULL}, {"TLS", "tls", 0, NULL}};

static const struct verb verbs[] = {LIST_TABLE_VERBS("route", "routes", "DOMAIN", &form), {.word = NULL}};

static const struct list_table routes = {
    .table = SCHEMA_SMTPROUTES,
    .verbs = verbs,
    .form = &form,
    .plural = "SMTP routes",
    .key_question =
        "Enter the domain for which you want to set a route: a domain, .domain for all below it, or ALL.",
    .choose_question = "Enter the domain of the route:",
    .columns = columns,
    .column_count = sizeof columns / sizeof columns[0],
};

static enum api_status dialogue(struct shell *sh)
{
    return list_table_dialogue(sh, &(struct list_rows){.list = &routes});
}

const struct command command_smtproutes = {
    .name = "smtproutes",
    .summary = "set where mail for a domain goes",
    .flags = COMMAND_CONFIG,
    .verbs = verbs,
    .dialogue = dialogue,
    .list = &routes,
};
