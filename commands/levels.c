/* Names of levels, the tables of commands, and what is asked before a command is run in a mode. */
#define _GNU_SOURCE /* strtok_r */
#include "commands/levels.h"

#include <string.h>
#include <strings.h>

#include "commands/list_table.h"
#include "commands/setup.h"
#include "commands/values.h"

bool level_read(int count, char **words, struct buf *level)
{
    if (count == 1 && strcasecmp(words[0], "cluster") == 0)
        buf_printf(level, "cluster");
    else if (count == 1 && strcasecmp(words[0], "machine") == 0)
        buf_printf(level, "machine");
    else if (count == 2 && strcasecmp(words[0], "group") == 0)
        buf_printf(level, "group/%s", words[1]);
    else if (count == 2 && strcasecmp(words[0], "machine") == 0)
        buf_printf(level, "machine/%s", words[1]);
    else
        return false;
    return true;
}

/* ---- the tables of a command ---- */

static unsigned long bit(enum schema_table_id id)
{
    return 1ul << id;
}

static unsigned long tables_of_verbs(const struct verb *verbs)
{
    unsigned long tables = 0;
    for (const struct verb *v = verbs; v && v->word; v++) {
        const struct schema_table *live =
            v->live && v->live->table ? schema_table_find(v->live->table) : NULL;
        tables |= (v->setup ? bit(v->setup->form->table) : 0) | (v->list ? bit(v->list->table) : 0) |
                  (live ? bit(live->id) : 0) | tables_of_verbs(v->verbs);
    }
    return tables;
}

unsigned long command_tables(const struct command *command)
{
    unsigned long tables = command->tables | tables_of_verbs(command->verbs);
    if (command->setup)
        tables |= bit(command->setup->form->table);
    if (command->list)
        tables |= bit(command->list->table);
    for (int id = 0; id < SCHEMA_TABLE_COUNT; id++)
        if (schema_tables[id].owner && tables & bit(schema_tables[id].owner->id))
            tables |= bit(id);
    return tables;
}

unsigned long command_shared_tables(const struct command *command)
{
    unsigned long tables = command_tables(command);
    for (int id = 0; id < SCHEMA_TABLE_COUNT; id++)
        if (schema_tables[id].machine_only)
            tables &= ~bit(id);
    return tables;
}

/* ---- restricted commands ---- */

static bool is_any_mode(const struct command *command, int count, char **words)
{
    for (const struct verb *v = command->verbs; count && v && v->word; v++)
        if (v->any_mode && strcasecmp(v->word, words[0]) == 0)
            return true;
    return false;
}

/* The mode that the command needs and the session is not in; NULL: none. */
static const char *missing_mode(struct shell *sh, const struct command *command, int count, char **words)
{
    const char *level = shell_level(sh);
    if (!shell_cluster(sh)[0] || is_any_mode(command, count, words))
        return NULL;
    if (command->flags & COMMAND_CLUSTER && strcmp(level, "cluster") != 0)
        return "cluster";
    if (command->flags & (COMMAND_MACHINE | COMMAND_LOGIN_HOST) && strncmp(level, "machine/", 8) != 0)
        return "machine";
    return NULL;
}

static enum ui_result offer_mode(struct shell *sh, const struct command *command, const char *mode)
{
    struct buf question = {0};
    bool yes = true;
    if (command->flags & COMMAND_LOGIN_HOST)
        out_text(sh, "\nThis command is restricted to the machine that you are logged in to.\n");
    else
        out_text(sh, "\nThis command is restricted to \"%s\" mode.\n", mode);
    buf_printf(&question, "Would you like to switch to \"%s\" mode?", mode);
    enum ui_result result = ui_yes_no(sh, buf_text(&question), &yes);
    buf_free(&question);
    if (result == UI_DONE)
        result = yes ? UI_DONE : UI_LEAVE;
    return result == UI_DONE && shell_mode(sh, mode) != API_DONE ? UI_LEAVE : result;
}

/* ---- a mode without settings of its own ---- */

struct where {
    bool here;          /* set in this mode */
    struct buf nearest; /* the level that the settings in force come from */
};

static void find_where(struct shell *sh, const json_t *levels, struct where *where)
{
    size_t i;
    const json_t *row;
    json_array_foreach(levels, i, row)
    {
        const char *level = text_of(row, "level");
        where->here |= strcmp(level, shell_level(sh)) == 0;
        if (json_is_true(json_object_get(row, "in_force")) && level[0] && !where->nearest.len)
            buf_append_span(&where->nearest, span_text(level));
    }
    if (!where->nearest.len)
        buf_printf(&where->nearest, "cluster");
}

static json_t *level_request(const char *method, const char *operation, unsigned long tables)
{
    json_t *names = json_array();
    for (int id = 0; id < SCHEMA_TABLE_COUNT; id++)
        if (tables & bit(id))
            json_array_append_new(names, json_string(schema_tables[id].name));
    return json_pack("{s:s,s:s*,s:o}", "method", method, "operation", operation, "tables", names);
}

enum notice_choice { SWITCH_MODE, COPY_HERE, DEFAULTS_HERE, NOTICE_CHOICES };

static enum api_status start_here(struct shell *sh, unsigned long tables, bool defaults)
{
    json_t *request = level_request("config.level", "new", tables);
    json_object_set_new(request, "defaults", json_boolean(defaults));
    return shell_call(sh, request, NULL);
}

static enum ui_result ask_notice(struct shell *sh, unsigned long tables, const char *nearest)
{
    struct buf title = {0};
    size_t choice = SWITCH_MODE;
    level_put(&title, nearest, shell_cluster(sh));
    struct buf first = {0};
    buf_printf(&first, "Switch modes to edit at mode \"%s\".", buf_text(&title));
    const char *const texts[NOTICE_CHOICES] = {
        [SWITCH_MODE] = buf_text(&first),
        [COPY_HERE] = "Start new settings here, with a copy of those in force.",
        [DEFAULTS_HERE] = "Start new settings here, with defaults and empty lists.",
    };
    out_text(
        sh,
        "\nNOTICE: This configuration command has not yet been configured for the current cluster mode.\n");
    enum ui_result result = ui_choose(sh, "What would you like to do?", texts, NOTICE_CHOICES, &choice);
    if (result == UI_DONE) {
        enum api_status status =
            choice == SWITCH_MODE ? shell_mode(sh, nearest) : start_here(sh, tables, choice == DEFAULTS_HERE);
        result = status == API_DONE ? UI_DONE : UI_LEAVE;
    }
    buf_free(&title);
    buf_free(&first);
    return result;
}

static enum ui_result notice(struct shell *sh, unsigned long tables)
{
    json_t *result;
    struct where where = {0};
    enum ui_result outcome = UI_DONE;
    if (shell_call(sh, level_request("config.levels", NULL, tables), &result) != API_DONE) {
        json_decref(result);
        return UI_LEAVE;
    }
    find_where(sh, json_object_get(result, "levels"), &where);
    if (!where.here && strcmp(buf_text(&where.nearest), shell_level(sh)) != 0)
        outcome = ask_notice(sh, tables, buf_text(&where.nearest));
    json_decref(result);
    buf_free(&where.nearest);
    return outcome;
}

enum ui_result level_begin(struct shell *sh, const struct command *command, int count, char **words)
{
    if (!shell_is_interactive(sh) || !shell_cluster(sh)[0])
        return UI_DONE;
    const char *mode = missing_mode(sh, command, count, words);
    enum ui_result result = mode ? offer_mode(sh, command, mode) : UI_DONE;
    unsigned long tables = command->flags & COMMAND_CONFIG && !count ? command_shared_tables(command) : 0;
    return result == UI_DONE && tables ? notice(sh, tables) : result;
}

/* ---- clusterset and clustershow ---- */

static enum api_status place(struct shell *sh, const struct command *command, const char *operation,
                             int count, char **words)
{
    struct buf level = {0};
    enum api_status status = API_DONE;
    json_t *request = level_request("config.level", operation, command_tables(command));
    if (count && !level_read(count, words, &level))
        status = shell_fail(sh, API_ERROR_INVALID_ARGUMENTS, "cluster, group NAME or machine NAME, not '%s'",
                            words[0]);
    if (level.len)
        json_object_set_new(request, "to", json_string(buf_text(&level)));
    buf_free(&level);
    if (status == API_DONE)
        return shell_call(sh, request, NULL);
    json_decref(request);
    return status;
}

static enum api_status batch_place(struct shell *sh, const struct call *call)
{
    return place(sh, call->command, call->path[call->depth - 1]->word, call->arg_count, call->args);
}

static enum api_status batch_new(struct shell *sh, const struct call *call)
{
    if (call->arg_count && strcasecmp(call->args[0], "defaults") != 0)
        return shell_fail(sh, API_ERROR_INVALID_ARGUMENTS, "'%s' is not defaults", call->args[0]);
    return start_here(sh, command_tables(call->command), call->arg_count > 0);
}

static void put_level(struct buf *out, const json_t *row)
{
    const char *level = text_of(row, "level");
    buf_append_span(out, span_text(level[0] ? level : "built-in defaults"));
}

static void put_in_force(struct buf *out, const json_t *row)
{
    if (json_is_true(json_object_get(row, "in_force")))
        buf_printf(out, "here");
}

static enum api_status show(struct shell *sh, const struct command *command)
{
    static const struct out_column columns[] = {{"Settings", "table", 18, NULL},
                                                {"Set at", "level", 30, put_level},
                                                {"In force", "in_force", 0, put_in_force}};
    json_t *result;
    enum api_status status =
        shell_call(sh, level_request("config.levels", NULL, command_tables(command)), &result);
    if (status == API_DONE)
        out_table(sh, "levels", columns, 3, json_object_get(result, "levels"));
    json_decref(result);
    return status;
}

static enum api_status batch_show(struct shell *sh, const struct call *call)
{
    return show(sh, call->command);
}

static const struct command *running(struct shell *sh)
{
    return command_find(shell_command_name(sh));
}

static enum api_status ask_show(struct shell *sh, void *context)
{
    (void)context;
    return show(sh, running(sh));
}

/* "group eu" as one answer. */
static enum api_status place_answered(struct shell *sh, const char *operation)
{
    struct buf answer = {0};
    char *words[3] = {NULL}, *rest = NULL;
    int count = 0;
    enum ui_result result = ui_ask(sh, "To which level: cluster, group NAME or machine NAME?", "", &answer);
    char *text = (char *)buf_text(&answer);
    for (char *word; count < 3 && (word = strtok_r(count ? NULL : text, " \t", &rest));)
        words[count++] = word;
    enum api_status status =
        result == UI_DONE && count ? place(sh, running(sh), operation, count, words) : ui_status(sh, result);
    buf_free(&answer);
    return status;
}

static enum api_status ask_set(struct shell *sh, void *context)
{
    static const char *const texts[] = {"Set these settings here, with a copy of those in force.",
                                        "Delete them here, so that they are inherited.",
                                        "Copy them from here to another level.",
                                        "Move them from here to another level."};
    static const char *const operations[] = {"new", "delete", "copy", "move"};
    size_t choice = 0;
    (void)context;
    enum ui_result result =
        ui_choose(sh, "What would you like to do with these settings?", texts, 4, &choice);
    if (result != UI_DONE)
        return ui_status(sh, result);
    return choice < 2 ? place(sh, running(sh), operations[choice], 0, NULL)
                      : place_answered(sh, operations[choice]);
}

static const struct verb set_verbs[] = {
    {.word = "new",
     .text = "Set them here, with a copy of what is in force, or with defaults.",
     .usage = "[defaults]",
     .most_args = 1,
     .batch = batch_new},
    {.word = "delete", .text = "Delete them here, so that they are inherited.", .batch = batch_place},
    {.word = "copy",
     .text = "Copy them from here to another level.",
     .usage = "cluster|group NAME|machine NAME",
     .least_args = 1,
     .most_args = 2,
     .batch = batch_place},
    {.word = "move",
     .text = "Move them from here to another level.",
     .usage = "cluster|group NAME|machine NAME",
     .least_args = 1,
     .most_args = 2,
     .batch = batch_place},
    {.word = NULL},
};

const struct verb level_verbs[] = {
    {.word = "clusterset",
     .text = "Set at which level of the cluster these settings are.",
     .verbs = set_verbs,
     .dialogue = ask_set},
    {.word = "clustershow",
     .text = "Show at which levels of the cluster these settings are.",
     .batch = batch_show,
     .dialogue = ask_show},
    {.word = NULL},
};

const struct verb *level_menu(struct shell *sh)
{
    const struct command *command = shell_cluster(sh)[0] ? running(sh) : NULL;
    return command && command_shared_tables(command) ? level_verbs : NULL;
}
