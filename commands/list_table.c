/* The verbs of list tables, in batch and as a dialogue. */
#include "commands/list_table.h"

#include <string.h>

/* What a dialogue knows of its table; count is only read on a terminal. */
struct list_state {
    const struct list_table *list;
    size_t count;
};

static const struct schema_table *table_of(const struct list_table *list)
{
    return &schema_tables[list->table];
}

/* Whether text can be a key; an error has been told. */
static enum api_status check_key(struct shell *sh, const struct list_table *list, const char *text)
{
    struct schema_value value;
    struct error error;
    if (schema_value_parse(&table_of(list)->fields[0], span_text(text), &value, &error))
        return API_DONE;
    return shell_fail(sh, API_ERROR_INVALID_VALUE, "%s", error.text);
}

static enum api_status edit_one(struct shell *sh, json_t *edit)
{
    return shell_edit(sh, json_pack("[o]", edit));
}

static enum api_status delete_row(struct shell *sh, const struct list_table *list, const char *key)
{
    return edit_one(sh,
                    json_pack("{s:s,s:s,s:s}", "table", table_of(list)->name, "verb", "delete", "key", key));
}

static enum api_status clear_rows(struct shell *sh, const struct list_table *list)
{
    return edit_one(sh, json_pack("{s:s,s:s}", "table", table_of(list)->name, "verb", "clear"));
}

static void collect(json_t *row, void *context)
{
    json_array_append(context, row);
}

static enum api_status print_rows(struct shell *sh, const struct list_table *list)
{
    json_t *rows = json_array();
    enum api_status status = shell_call_rows(
        sh, json_pack("{s:s,s:s}", "method", "config.get", "table", table_of(list)->name), collect, rows);
    if (status == API_DONE && (json_array_size(rows) || !shell_is_interactive(sh)))
        out_table(sh, table_of(list)->name, list->columns, list->column_count, rows);
    json_decref(rows);
    return status;
}

/* ---- batch ---- */

enum api_status list_table_put(struct shell *sh, const struct call *call)
{
    const struct list_table *list = call->command->list;
    const char *key = call->object[0];
    struct answers a;
    enum api_status status = check_key(sh, list, key);
    if (status != API_DONE)
        return status;
    answers_begin(&a, table_of(list), NULL);
    status = form_read(sh, list->form, call->arg_count, call->args, &a);
    if (status == API_DONE)
        status = edit_one(sh, answers_to_edit(&a, call->path[0]->word, key));
    answers_end(&a);
    return status;
}

enum api_status list_table_delete(struct shell *sh, const struct call *call)
{
    enum api_status status = check_key(sh, call->command->list, call->object[0]);
    return status == API_DONE ? delete_row(sh, call->command->list, call->object[0]) : status;
}

enum api_status list_table_print(struct shell *sh, const struct call *call)
{
    return print_rows(sh, call->command->list);
}

enum api_status list_table_import(struct shell *sh, const struct call *call)
{
    return list_import(sh, call->command->list, call->args[0]);
}

enum api_status list_table_export(struct shell *sh, const struct call *call)
{
    return list_export(sh, call->command->list, call->args[0]);
}

enum api_status list_table_clear(struct shell *sh, const struct call *call)
{
    return clear_rows(sh, call->command->list);
}

/* ---- dialogue ---- */

/* A key, asked for until it can be one; in arena. */
static enum ui_result ask_key(struct shell *sh, const struct list_table *list, const char *question,
                              struct arena *arena, const char **key)
{
    struct schema_value value = {.text = SPAN("")};
    enum ui_result result = ui_ask_field(sh, &table_of(list)->fields[0], question, arena, &value);
    *key = arena_text(arena, value.text);
    return result;
}

enum api_status list_table_ask_new(struct shell *sh, void *context)
{
    const struct list_table *list = ((struct list_state *)context)->list;
    const char *key;
    struct answers a;
    answers_begin(&a, table_of(list), NULL);
    enum ui_result result = ask_key(sh, list, list->key_question, a.arena, &key);
    if (result == UI_DONE)
        result = form_ask(sh, list->form, &a);
    enum api_status status =
        result == UI_DONE ? edit_one(sh, answers_to_edit(&a, "new", key)) : ui_status(sh, result);
    answers_end(&a);
    return status;
}

static enum api_status edit_row(struct shell *sh, const struct list_table *list, const char *key)
{
    return form_change(sh, list->form, table_of(list), key, 0, NULL, form_save);
}

/* Asks for a row and does something with it. */
static enum api_status with_row(struct shell *sh, const struct list_table *list,
                                enum api_status (*act)(struct shell *, const struct list_table *,
                                                       const char *))
{
    struct arena *arena = arena_new();
    const char *key;
    enum ui_result result = ask_key(sh, list, list->choose_question, arena, &key);
    enum api_status status = result == UI_DONE ? act(sh, list, key) : ui_status(sh, result);
    arena_free(arena);
    return status;
}

enum api_status list_table_ask_edit(struct shell *sh, void *context)
{
    return with_row(sh, ((struct list_state *)context)->list, edit_row);
}

enum api_status list_table_ask_delete(struct shell *sh, void *context)
{
    return with_row(sh, ((struct list_state *)context)->list, delete_row);
}

enum api_status list_table_ask_print(struct shell *sh, void *context)
{
    return print_rows(sh, ((struct list_state *)context)->list);
}

/* Asks for the name of a file and does something with it. */
static enum api_status with_file(struct shell *sh, const struct list_table *list, const char *direction,
                                 enum api_status (*act)(struct shell *, const struct list_table *,
                                                        const char *))
{
    struct buf question = {0}, name = {0};
    buf_printf(&question, "Enter the name of the file on machine \"%s\" to %s:", shell_hostname(sh),
               direction);
    enum ui_result result = ui_ask(sh, buf_text(&question), "", &name);
    enum api_status status = result != UI_DONE ? shell_aborted(sh)
                             : name.len        ? act(sh, list, name.data)
                                               : API_DONE;
    buf_free(&question);
    buf_free(&name);
    return status;
}

enum api_status list_table_ask_import(struct shell *sh, void *context)
{
    return with_file(sh, ((struct list_state *)context)->list, "import", list_import);
}

enum api_status list_table_ask_export(struct shell *sh, void *context)
{
    return with_file(sh, ((struct list_state *)context)->list, "export", list_export);
}

enum api_status list_table_ask_clear(struct shell *sh, void *context)
{
    const struct list_state *state = context;
    struct buf question = {0};
    bool yes;
    buf_printf(&question, "Are you sure you want to remove all %s?", state->list->plural);
    enum ui_result result = ui_confirm(sh, buf_text(&question), false, &yes);
    buf_free(&question);
    if (result != UI_DONE)
        return shell_aborted(sh);
    return yes ? clear_rows(sh, state->list) : API_DONE;
}

static void count_row(json_t *row, void *context)
{
    (void)row;
    ++*(size_t *)context;
}

static enum api_status show_header(struct shell *sh, void *context)
{
    struct list_state *state = context;
    state->count = 0;
    enum api_status status = shell_call_rows(
        sh, json_pack("{s:s,s:s}", "method", "config.get", "table", table_of(state->list)->name), count_row,
        &state->count);
    if (status != API_DONE)
        return status;
    if (state->count == 0)
        out_text(sh, "\nThere are no %s configured.\n", state->list->plural);
    else
        out_text(sh, "\nThere %s currently %zu %s configured.\n", state->count == 1 ? "is" : "are",
                 state->count, state->count == 1 ? table_of(state->list)->row_noun : state->list->plural);
    return API_DONE;
}

static bool is_shown(const struct verb *verb, void *context)
{
    const struct list_state *state = context;
    return state->count || verb->dialogue == list_table_ask_new || verb->dialogue == list_table_ask_import;
}

enum api_status list_table_dialogue(struct shell *sh, const struct list_table *list)
{
    const struct ui_dialogue dialogue = {list->verbs, show_header, is_shown};
    struct list_state state = {.list = list};
    return ui_run(sh, &dialogue, &state);
}
