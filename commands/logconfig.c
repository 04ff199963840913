/* logconfig: what is logged, how much of it is kept, and where else it goes. */
#include "commands/list_table.h"

static const struct step steps[] = {
    {.field = LOGS_TYPE, .question = "Choose the type of the log:"},
    {.field = LOGS_LEVEL,
     .question = "Choose the level: lines of this one and of those before it are logged."},
    {.field = LOGS_ROLLOVER_SIZE, .question = "At which size should a file be saved and a new one begun?"},
    {.field = LOGS_ROLLOVER_TIME,
     .question =
         "After how many minutes should a file be saved and a new one begun, whatever its size? 0: never."},
    {.field = LOGS_FILES, .question = "How many saved files should be kept?"},
    {.field = LOGS_SYSLOG,
     .question = "Should lines also go to a syslog? none, local, or ADDRESS[:PORT] by UDP."},
};
static const struct form form = {
    .table = SCHEMA_LOGS, .steps = steps, .step_count = sizeof steps / sizeof steps[0]};

static const struct verb verbs[] = {
    LIST_TABLE_NEW("log", "NAME", &form),
    LIST_TABLE_EDIT("log", "NAME", &form),
    LIST_TABLE_DELETE("log; its files stay", "NAME"),
    LIST_TABLE_PRINT("logs"),
    {.word = NULL},
};

/* A bare 0 would not tell what it means. */
static void put_time(struct buf *out, const json_t *row)
{
    json_int_t minutes = json_integer_value(json_object_get(row, "rollover-time"));
    if (minutes)
        buf_printf(out, "%" JSON_INTEGER_FORMAT " min", minutes);
    else
        buf_printf(out, "none");
}

static void put_size(struct buf *out, const json_t *row)
{
    const struct schema_value size = {.number = json_integer_value(json_object_get(row, "rollover-size"))};
    schema_value_print(&schema_tables[SCHEMA_LOGS].fields[LOGS_ROLLOVER_SIZE], &size, out);
}

static const struct out_column columns[] = {
    {"Log Name", "name", 16, NULL},
    {"Log Type", "type", 8, NULL},
    {"Level", "level", 11, NULL},
    {"Size", "rollover-size", 6, put_size},
    {"Interval", "rollover-time", 10, put_time},
    {"Files", "files", 5, NULL},
    {"Syslog", "syslog", 0, NULL},
};

static const struct list_table logs = {
    .table = SCHEMA_LOGS,
    .verbs = verbs,
    .form = &form,
    .plural = "logs",
    .key_question = "Enter a name for the log, of a-z, 0-9, '_' and '-':",
    .choose_question = "Enter the name of the log:",
    .columns = columns,
    .column_count = sizeof columns / sizeof columns[0],
    .shows_rows = true,
};

static enum api_status dialogue(struct shell *sh)
{
    return list_table_dialogue(sh, &(struct list_rows){.list = &logs});
}

const struct command command_logconfig = {
    .name = "logconfig",
    .summary = "configure logs: what is in them, how much is kept, syslog",
    .flags = COMMAND_CONFIG,
    .verbs = verbs,
    .dialogue = dialogue,
    .list = &logs,
};
