/* userconfig: which accounts of the machine may administer, and as what. */
#include "commands/list_table.h"

static const struct step steps[] = {
    {.field = USERS_ROLE, .question = "Choose the role:"},
    {.field = USERS_ENABLED, .flags = STEP_YES_NO, .question = "May the account log in?"},
};
static const struct form form = {
    .table = SCHEMA_USERS, .steps = steps, .step_count = sizeof steps / sizeof steps[0]};

static const struct out_column columns[] = {
    {"Account", "account", 20, NULL}, {"Role", "role", 14, NULL}, {"Enabled", "enabled", 0, NULL}};

static const struct verb verbs[] = {
    LIST_TABLE_NEW("user", "ACCOUNT", &form),
    LIST_TABLE_EDIT("user", "ACCOUNT", &form),
    LIST_TABLE_DELETE("user", "ACCOUNT"),
    LIST_TABLE_PRINT("users"),
    {.word = NULL},
};

static const struct list_table users = {
    .table = SCHEMA_USERS,
    .verbs = verbs,
    .form = &form,
    .plural = "users",
    .key_question = "Enter the name of the account; it must be one of this machine to log in:",
    .choose_question = "Enter the name of the account:",
    .columns = columns,
    .column_count = sizeof columns / sizeof columns[0],
    .shows_rows = true,
};

static enum api_status dialogue(struct shell *sh)
{
    return list_table_dialogue(sh, &(struct list_rows){.list = &users});
}

const struct command command_userconfig = {
    .name = "userconfig",
    .summary = "configure who may administer, and as what",
    .flags = COMMAND_CONFIG,
    .verbs = verbs,
    .dialogue = dialogue,
    .list = &users,
};
