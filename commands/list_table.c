/* The verbs of list tables, in batch and as a dialogue. */
#include "commands/list_table.h"

#include <string.h>

/* What a dialogue knows of its table; count is only read on a terminal. */
struct list_state {
    const struct list_rows *rows;
    size_t count;
};

static const struct schema_table *table_of(const struct list_rows *rows)
{
    return &schema_tables[rows->list->table];
}

const char *list_full_key(const struct list_rows *rows, const char *typed, struct arena *arena)
{
    return rows->owner ? arena_printf(arena, "%s/%s", rows->owner, typed).p : typed;
}

void list_hide_owner(const struct list_rows *rows, json_t *row)
{
    const char *name = table_of(rows)->fields[0].name, *key = json_string_value(json_object_get(row, name));
    const char *slash = rows->owner && key ? strchr(key, '/') : NULL;
    if (slash)
        json_object_set_new(row, name, json_string(slash + 1));
}

/* Whether text can be a key; an error has been told. */
static enum api_status check_key(struct shell *sh, const struct list_rows *rows, const char *text)
{
    struct schema_value value;
    struct error error;
    if (schema_value_parse(&table_of(rows)->fields[0], span_text(text), &value, &error))
        return API_DONE;
    return shell_fail(sh, API_ERROR_INVALID_VALUE, "%s", error.text);
}

static enum api_status edit_one(struct shell *sh, json_t *edit)
{
    return shell_edit(sh, json_pack("[o]", edit));
}

static enum api_status delete_row(struct shell *sh, const struct list_rows *rows, const char *key)
{
    return edit_one(sh,
                    json_pack("{s:s,s:s,s:s}", "table", table_of(rows)->name, "verb", "delete", "key", key));
}

static enum api_status clear_rows(struct shell *sh, const struct list_rows *rows)
{
    return edit_one(
        sh, json_pack("{s:s,s:s,s:s*}", "table", table_of(rows)->name, "verb", "clear", "key", rows->owner));
}

struct collection {
    const struct list_rows *rows;
    json_t *found;
};

static void collect(json_t *row, void *context)
{
    struct collection *c = context;
    list_hide_owner(c->rows, row);
    json_array_append(c->found, row);
}

static json_t *get_request(const struct list_rows *rows)
{
    return json_pack("{s:s,s:s,s:s*}", "method", "config.get", "table", table_of(rows)->name, "owner",
                     rows->owner);
}

static enum api_status print_rows(struct shell *sh, const struct list_rows *rows)
{
    struct collection c = {rows, json_array()};
    enum api_status status = shell_call_rows(sh, get_request(rows), collect, &c);
    if (status == API_DONE && (json_array_size(c.found) || !shell_is_interactive(sh)))
        out_table(sh, table_of(rows)->name, rows->list->columns, rows->list->column_count, c.found);
    json_decref(c.found);
    return status;
}

/* ---- batch ---- */

/* The list of the deepest verb that has one, else the command's; the owner is the object named before it. */
static struct list_rows rows_of(const struct call *call)
{
    struct list_rows rows = {.list = call->command->list};
    const char *object = NULL;
    for (int i = 0; i < call->depth; i++) {
        if (call->path[i]->list)
            rows = (struct list_rows){call->path[i]->list, object};
        if (call->object[i])
            object = call->object[i];
    }
    return rows;
}

/* The object of the last verb as a key, in arena. */
static enum api_status take_key(struct shell *sh, const struct list_rows *rows, const struct call *call,
                                struct arena *arena, const char **key)
{
    *key = list_full_key(rows, call->object[call->depth - 1], arena);
    return check_key(sh, rows, *key);
}

enum api_status list_table_put(struct shell *sh, const struct call *call)
{
    const struct list_rows rows = rows_of(call);
    const char *key;
    struct answers a;
    answers_begin(&a, table_of(&rows), NULL);
    enum api_status status = take_key(sh, &rows, call, a.arena, &key);
    if (status == API_DONE && rows.list->form)
        status = form_read(sh, rows.list->form, call->arg_count, call->args, &a);
    if (status == API_DONE)
        status = edit_one(sh, answers_to_edit(&a, call->path[call->depth - 1]->word, key));
    answers_end(&a);
    return status;
}

enum api_status list_table_delete(struct shell *sh, const struct call *call)
{
    const struct list_rows rows = rows_of(call);
    struct arena *arena = arena_new();
    const char *key;
    enum api_status status = take_key(sh, &rows, call, arena, &key);
    if (status == API_DONE)
        status = delete_row(sh, &rows, key);
    arena_free(arena);
    return status;
}

enum api_status list_table_print(struct shell *sh, const struct call *call)
{
    const struct list_rows rows = rows_of(call);
    return print_rows(sh, &rows);
}

enum api_status list_table_import(struct shell *sh, const struct call *call)
{
    const struct list_rows rows = rows_of(call);
    return list_import(sh, &rows, call->args[0]);
}

enum api_status list_table_export(struct shell *sh, const struct call *call)
{
    const struct list_rows rows = rows_of(call);
    return list_export(sh, &rows, call->args[0]);
}

enum api_status list_table_clear(struct shell *sh, const struct call *call)
{
    const struct list_rows rows = rows_of(call);
    return clear_rows(sh, &rows);
}

/* ---- dialogue ---- */

/* A key, asked for until it can be one; in arena. */
static enum ui_result ask_key(struct shell *sh, const struct list_rows *rows, const char *question,
                              struct arena *arena, const char **key)
{
    struct buf answer = {0};
    enum ui_result result;
    bool again = true;
    do {
        struct schema_value value;
        struct error error;
        buf_clear(&answer);
        result = ui_ask(sh, question, "", &answer);
        if (result == UI_DONE && answer.len == 0 && shell_is_interactive(sh))
            result = UI_LEAVE;
        if (result != UI_DONE)
            break;
        *key = list_full_key(rows, arena_text(arena, span_trim(buf_span(&answer))), arena);
        if (schema_value_parse(&table_of(rows)->fields[0], span_text(*key), &value, &error))
            break;
        again = ui_explain(sh, error.text);
        result = UI_ABORT;
    } while (again);
    buf_free(&answer);
    return result;
}

enum api_status list_table_ask_new(struct shell *sh, void *context)
{
    const struct list_rows *rows = ((struct list_state *)context)->rows;
    const char *key;
    struct answers a;
    answers_begin(&a, table_of(rows), NULL);
    enum ui_result result = ask_key(sh, rows, rows->list->key_question, a.arena, &key);
    if (result == UI_DONE && rows->list->form)
        result = form_ask(sh, rows->list->form, &a);
    enum api_status status =
        result == UI_DONE ? edit_one(sh, answers_to_edit(&a, "new", key)) : ui_status(sh, result);
    answers_end(&a);
    return status;
}

static enum api_status edit_row(struct shell *sh, const struct list_rows *rows, const char *key)
{
    return form_change(sh, rows->list->form, table_of(rows), key, 0, NULL, form_save);
}

/* Asks for a row and does something with it. */
static enum api_status with_row(struct shell *sh, const struct list_rows *rows,
                                enum api_status (*act)(struct shell *, const struct list_rows *,
                                                       const char *))
{
    struct arena *arena = arena_new();
    const char *key;
    enum ui_result result = ask_key(sh, rows, rows->list->choose_question, arena, &key);
    enum api_status status = result == UI_DONE ? act(sh, rows, key) : ui_status(sh, result);
    arena_free(arena);
    return status;
}

enum api_status list_table_ask_edit(struct shell *sh, void *context)
{
    return with_row(sh, ((struct list_state *)context)->rows, edit_row);
}

enum api_status list_table_ask_delete(struct shell *sh, void *context)
{
    return with_row(sh, ((struct list_state *)context)->rows, delete_row);
}

enum api_status list_table_ask_print(struct shell *sh, void *context)
{
    return print_rows(sh, ((struct list_state *)context)->rows);
}

/* Asks for the name of a file and does something with it. */
static enum api_status with_file(struct shell *sh, const struct list_rows *rows, const char *direction,
                                 enum api_status (*act)(struct shell *, const struct list_rows *,
                                                        const char *))
{
    struct buf question = {0}, name = {0};
    buf_printf(&question, "Enter the name of the file on machine \"%s\" to %s:", shell_hostname(sh),
               direction);
    enum ui_result result = ui_ask(sh, buf_text(&question), "", &name);
    enum api_status status = result != UI_DONE ? shell_aborted(sh)
                             : name.len        ? act(sh, rows, name.data)
                                               : API_DONE;
    buf_free(&question);
    buf_free(&name);
    return status;
}

enum api_status list_table_ask_import(struct shell *sh, void *context)
{
    return with_file(sh, ((struct list_state *)context)->rows, "import", list_import);
}

enum api_status list_table_ask_export(struct shell *sh, void *context)
{
    return with_file(sh, ((struct list_state *)context)->rows, "export", list_export);
}

enum api_status list_table_ask_clear(struct shell *sh, void *context)
{
    const struct list_state *state = context;
    struct buf question = {0};
    bool yes;
    buf_printf(&question, "Are you sure you want to remove all %s?", state->rows->list->plural);
    enum ui_result result = ui_confirm(sh, buf_text(&question), false, &yes);
    buf_free(&question);
    if (result != UI_DONE)
        return shell_aborted(sh);
    return yes ? clear_rows(sh, state->rows) : API_DONE;
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
    enum api_status status = shell_call_rows(sh, get_request(state->rows), count_row, &state->count);
    if (status != API_DONE)
        return status;
    if (state->count == 0)
        out_text(sh, "\nThere are no %s configured.\n", state->rows->list->plural);
    else
        out_text(sh, "\nThere %s currently %zu %s configured.\n", state->count == 1 ? "is" : "are",
                 state->count,
                 state->count == 1 ? table_of(state->rows)->row_noun : state->rows->list->plural);
    return API_DONE;
}

/* Of an empty table: what brings rows, and settings that are no rows of it. */
static bool is_shown(const struct verb *verb, void *context)
{
    const struct list_state *state = context;
    bool is_setup = verb->form && !verb->object;
    return state->count || is_setup || verb->dialogue == list_table_ask_new ||
           verb->dialogue == list_table_ask_import;
}

enum api_status list_table_dialogue(struct shell *sh, const struct list_rows *rows)
{
    const struct ui_dialogue dialogue = {rows->list->verbs, show_header, is_shown};
    struct list_state state = {.rows = rows};
    return ui_run(sh, &dialogue, &state);
}
