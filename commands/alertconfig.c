/* alertconfig: who gets mail about trouble, and how often. */
#include "commands/list_table.h"
#include "commands/setup.h"

/* ---- how often ---- */

static const struct step pace_steps[] = {
    {.field = ALERT_SETTINGS_REPEAT,
     .question = "For how many seconds is an alert that comes again not sent again? (0: always sent)"},
    {.field = ALERT_SETTINGS_REPEAT_MOST,
     .question = "That time doubles each time.  How many seconds at most?"},
    {.field = ALERT_SETTINGS_HOURLY, .question = "How many alerts are sent within an hour at most?"},
};
static const struct form pace_form = {.table = SCHEMA_ALERT_SETTINGS,
                                      .steps = pace_steps,
                                      .step_count = sizeof pace_steps / sizeof pace_steps[0]};
static const struct setup pace = {.form = &pace_form};

static enum api_status ask_setup(struct shell *sh, void *context)
{
    const struct setup *setup = &pace;
    (void)context;
    return setup_ask(sh, &setup);
}

/* ---- who ---- */

static const struct step steps[] = {
    {.field = ALERTS_CLASSES,
     .question =
         "About what? all, or some of system, hardware, antispam and certificates with commas between "
         "them."},
    {.field = ALERTS_SEVERITY, .question = "Which are the least severe alerts to send?"},
};
static const struct form form = {
    .table = SCHEMA_ALERTS, .steps = steps, .step_count = sizeof steps / sizeof steps[0]};

static const struct out_column columns[] = {{"Recipient", "recipient", 30, NULL},
                                            {"Least Severe", "severity", 12, NULL},
                                            {"Classes", "classes", 0, NULL}};

static const struct verb verbs[] = {
    LIST_TABLE_VERBS("recipient of alerts", "recipients of alerts", "ADDRESS", &form),
    {.word = "setup",
     .text = "Configure how often alerts are sent.",
     .form = &pace_form,
     .batch = setup_batch,
     .dialogue = ask_setup},
    {.word = NULL},
};

static const struct list_table recipients = {
    .table = SCHEMA_ALERTS,
    .verbs = verbs,
    .form = &form,
    .plural = "alert recipients",
    .key_question = "Enter the address that is to get alerts:",
    .choose_question = "Enter the address:",
    .columns = columns,
    .column_count = sizeof columns / sizeof columns[0],
};

static enum api_status dialogue(struct shell *sh)
{
    return list_table_dialogue(sh, &(struct list_rows){.list = &recipients});
}

const struct command command_alertconfig = {
    .name = "alertconfig",
    .summary = "configure who gets alerts, about what and how often",
    .flags = COMMAND_CONFIG,
    .verbs = verbs,
    .dialogue = dialogue,
    .setup = &pace,
    .list = &recipients,
};
