/* Forms: the same steps asked in a dialogue and read from a batch line. */
#include "commands/form.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/nearest.h"
#include "engine/schema/json.h"

static const struct schema_field *field_of(const struct form *form, const struct step *step)
{
    return &schema_tables[form->table].fields[step->field];
}

/* ---- answers ---- */

void answers_begin(struct answers *a, const struct schema_table *table, const struct schema_row *row)
{
    *a = (struct answers){.table = table, .arena = arena_new()};
    a->start = row ? schema_row_ref(row) : schema_row_preset(table, SPAN(""));
    memcpy(a->values, a->start->values, table->field_count * sizeof a->values[0]);
}

void answers_end(struct answers *a)
{
    schema_row_unref(a->start);
    arena_free(a->arena);
}

json_t *answers_to_edit(const struct answers *a, const char *verb, const char *key)
{
    json_t *fields = json_object();
    for (unsigned i = 0; i < a->table->field_count; i++)
        if (a->given[i])
            json_object_set_new(fields, a->table->fields[i].name,
                                schema_value_to_json(&a->table->fields[i], &a->values[i]));
    json_t *edit = json_pack("{s:s,s:s,s:o}", "table", a->table->name, "verb", verb, "fields", fields);
    if (key)
        json_object_set_new(edit, "key", json_string(key));
    return edit;
}

struct fetched {
    const struct schema_table *table;
    struct schema_row *row;
    struct error error;
};

static void take_row(json_t *json, void *context)
{
    struct fetched *f = context;
    if (f->row)
        schema_row_unref(f->row);
    f->row = schema_row_from_json(f->table, NULL, json, &f->error);
}

enum api_status form_fetch(struct shell *sh, const struct schema_table *table, const char *key,
                           struct schema_row **row)
{
    struct fetched f = {.table = table};
    json_t *request = json_pack("{s:s,s:s,s:s*}", "method", "config.get", "table", table->name, "key", key);
    *row = NULL;
    if (!request)
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "the name is not UTF-8");
    enum api_status status = shell_call_rows(sh, request, take_row, &f);
    if (status == API_DONE && !f.row)
        status =
            shell_fail(sh, API_ERROR_FAILED, "%s", f.error.text[0] ? f.error.text : "the daemon sent no row");
    *row = f.row;
    return status;
}

enum api_status form_save(struct shell *sh, struct answers *a, const char *key)
{
    return shell_edit(sh, json_pack("[o]", answers_to_edit(a, "edit", key)));
}

enum api_status form_change(struct shell *sh, const struct form *form, const struct schema_table *table,
                            const char *key, int arg_count, char **args,
                            enum api_status (*save)(struct shell *sh, struct answers *a, const char *key))
{
    struct schema_row *row;
    enum api_status status = form_fetch(sh, table, key, &row);
    if (status != API_DONE)
        return status;
    struct answers a;
    answers_begin(&a, table, row);
    enum ui_result asked = UI_DONE;
    if (args)
        status = form_read(sh, form, arg_count, args, &a);
    else
        status = ui_status(sh, asked = form_ask(sh, form, &a));
    if (status == API_DONE && asked == UI_DONE)
        status = save(sh, &a, key);
    answers_end(&a);
    schema_row_unref(row);
    return status;
}

/* ---- the dialogue ---- */

static enum ui_result ask_step(struct shell *sh, const struct form *form, const struct step *step,
                               struct answers *a)
{
    struct schema_value *value = &a->values[step->field];
    enum ui_result result;
    if (step->ask) {
        result = step->ask(sh, step, a);
    } else if (step->flags & STEP_YES_NO) {
        bool yes = value->number != 0;
        result = ui_yes_no(sh, step->question, &yes);
        value->number = yes;
    } else {
        result = ui_ask_field(sh, field_of(form, step), step->question, a->arena, value);
    }
    a->given[step->field] = true;
    return result;
}

enum ui_result form_ask(struct shell *sh, const struct form *form, struct answers *a)
{
    a->asked = true;
    for (size_t i = 0; i < form->step_count; i++) {
        const struct step *step = &form->steps[i];
        if ((step->flags & STEP_BATCH_ONLY) || (step->when && !step->when(a)))
            continue;
        enum ui_result result = ask_step(sh, form, step, a);
        if (result != UI_DONE)
            return result;
    }
    return UI_DONE;
}

/* ---- the batch line ---- */

/* Whether the step's field is given by this option: "--timeout=30". */
static bool step_is_option(const struct form *form, const struct step *step, const char *arg)
{
    const char *name = field_of(form, step)->name;
    size_t n = strlen(name);
    return !(step->flags & (STEP_POSITIONAL | STEP_DIALOGUE_ONLY)) && strncmp(arg, "--", 2) == 0 &&
           strncmp(arg + 2, name, n) == 0 && (arg[2 + n] == '=' || !arg[2 + n]);
}

static enum api_status unknown_option(struct shell *sh, const struct form *form, const char *arg)
{
    struct span name = {arg + 2, strcspn(arg + 2, "=")};
    const char *options[FORM_FIELDS_MAX + 1] = {NULL};
    size_t count = 0;
    for (size_t i = 0; i < form->step_count; i++)
        if (!(form->steps[i].flags & (STEP_POSITIONAL | STEP_DIALOGUE_ONLY)))
            options[count++] = field_of(form, &form->steps[i])->name;
    const char *nearest = nearest_word(name, options);
    int n = (int)name.n;
    return nearest ? shell_fail(sh, API_ERROR_UNKNOWN_WORD,
                                "option '--%.*s' is not known here; did you mean '--%s'?", n, name.p, nearest)
                   : shell_fail(sh, API_ERROR_UNKNOWN_WORD, "option '--%.*s' is not known here", n, name.p);
}

/* The step of a word of its own that has not been given yet, or NULL. */
static const struct step *next_positional(const struct form *form, const struct answers *a)
{
    for (size_t i = 0; i < form->step_count; i++)
        if ((form->steps[i].flags & STEP_POSITIONAL) && !a->given[form->steps[i].field])
            return &form->steps[i];
    return NULL;
}

static enum api_status take_word(struct shell *sh, const struct form *form, const struct step *step,
                                 const char *text, struct answers *a)
{
    struct error error;
    const struct schema_field *field = field_of(form, step);
    if (a->given[step->field])
        return shell_fail(sh, API_ERROR_INVALID_ARGUMENTS, "--%s is given twice", field->name);
    if (!schema_value_parse(field, span_text(text), &a->values[step->field], &error))
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "%s", error.text);
    a->given[step->field] = true;
    return API_DONE;
}

static enum api_status read_option(struct shell *sh, const struct form *form, const char *arg,
                                   struct answers *a)
{
    for (size_t i = 0; i < form->step_count; i++) {
        const struct step *step = &form->steps[i];
        if (!step_is_option(form, step, arg))
            continue;
        const char *value = strchr(arg, '=');
        return value ? take_word(sh, form, step, value + 1, a)
                     : shell_fail(sh, API_ERROR_INVALID_ARGUMENTS, "%s needs a value: %s=...", arg, arg);
    }
    return unknown_option(sh, form, arg);
}

static enum api_status read_word(struct shell *sh, const struct form *form, const char *arg,
                                 struct answers *a)
{
    if (strncmp(arg, "--", 2) == 0)
        return read_option(sh, form, arg, a);
    const struct step *step = next_positional(form, a);
    return step ? take_word(sh, form, step, arg, a)
                : shell_fail(sh, API_ERROR_INVALID_ARGUMENTS, "'%s' is one word too many", arg);
}

enum api_status form_read(struct shell *sh, const struct form *form, int arg_count, char **args,
                          struct answers *a)
{
    enum api_status status = API_DONE;
    for (int i = 0; i < arg_count && status == API_DONE; i++)
        status = read_word(sh, form, args[i], a);
    const struct step *missing = next_positional(form, a);
    if (status != API_DONE || !missing)
        return status;
    const struct schema_field *field = field_of(form, missing);
    struct buf right = {0};
    if (field->type == SCHEMA_TEXT) /* its help says more than its length */
        buf_printf(&right, "%s", field->help);
    else
        schema_field_describe(field, &right);
    status = shell_fail(sh, API_ERROR_INVALID_ARGUMENTS, "%s is missing: %s", field->name, buf_text(&right));
    buf_free(&right);
    return status;
}

/* ---- usage and help ---- */

void form_usage(const struct form *form, struct buf *out)
{
    const char *separator = "";
    for (size_t i = 0; i < form->step_count; i++) {
        const struct step *step = &form->steps[i];
        const struct schema_field *field = field_of(form, step);
        if (step->flags & STEP_DIALOGUE_ONLY)
            continue;
        buf_printf(out, "%s", separator);
        separator = " ";
        if (!(step->flags & STEP_POSITIONAL)) {
            buf_printf(out, "[--%s=", field->name);
            schema_field_usage(field, out);
            buf_append_char(out, ']');
        } else if (field->choices) {
            schema_field_usage(field, out);
        } else {
            for (const char *p = field->name; *p; p++)
                buf_append_char(out, (*p >= 'a' && *p <= 'z') ? (char)(*p - 'a' + 'A') : *p);
        }
    }
}

void form_help_field(const struct schema_field *field, const char *name, struct buf *out)
{
    buf_printf(out, "  %-22s %s: ", name, field->help);
    schema_field_describe(field, out);
    const char *quote = strchr(field->preset, ' ') ? "\"" : "";
    if (field->preset[0])
        buf_printf(out, "; default %s%s%s", quote, field->preset, quote);
    buf_append_char(out, '\n');
}

void form_help(const struct form *form, struct buf *out)
{
    for (size_t i = 0; i < form->step_count; i++) {
        const struct step *step = &form->steps[i];
        const struct schema_field *field = field_of(form, step);
        if (step->flags & STEP_DIALOGUE_ONLY)
            continue;
        struct buf name = {0};
        buf_printf(&name, "%s%s", step->flags & STEP_POSITIONAL ? "" : "--", field->name);
        form_help_field(field, buf_text(&name), out);
        buf_free(&name);
    }
}

void form_show(struct shell *sh, const struct form *form, const struct schema_row *row)
{
    for (size_t i = 0; i < form->step_count; i++) {
        const struct step *step = &form->steps[i];
        const struct schema_field *field = field_of(form, step);
        struct buf value = {0};
        if (step->flags & STEP_DIALOGUE_ONLY)
            continue;
        schema_value_print(field, &row->values[step->field], &value);
        out_text(sh, "  %s: %s\n", field->name, buf_text(&value));
        buf_free(&value);
    }
}
