/* Both tables, of commands and of settings, as one JSON object: for tools that write forms, checks or other pages. */
#include <stdlib.h>

#include "shell/describe_forms.h"

/* A new reference; NULL texts are left out. */
static json_t *words_json(const char *const *words)
{
    json_t *array = json_array();
    for (; words && *words; words++)
        json_array_append_new(array, json_string(*words));
    return array;
}

/* The lines of help that show how it is called, without their indent. */
static json_t *usage_json(const struct command *command)
{
    struct buf text = {0};
    json_t *lines = json_array();
    command_usage(command, &text);
    for (struct span rest = buf_span(&text); rest.n;) {
        size_t end = span_find(rest, '\n');
        struct span line = span_trim(span_slice(rest, 0, end));
        json_array_append_new(lines, json_stringn(line.p, line.n));
        rest = span_slice(rest, end + 1, rest.n);
    }
    buf_free(&text);
    return lines;
}

static json_t *options_json(const struct form *form)
{
    json_t *options = json_array();
    for (size_t i = 0; form && i < form->step_count; i++) {
        const struct step *step = &form->steps[i];
        if (!(step->flags & STEP_DIALOGUE_ONLY))
            json_array_append_new(options,
                                  json_pack("{s:s,s:s,s:b}", "table", schema_tables[form->table].name,
                                            "field", schema_tables[form->table].fields[step->field].name,
                                            "positional", (int)(step->flags & STEP_POSITIONAL) != 0));
    }
    return options;
}

/* The depth is that of our own tables. */
static json_t *verbs_json(const struct verb *verbs)
{
    json_t *array = json_array();
    for (const struct verb *v = verbs; v && v->word; v++)
        if (v->batch || v->verbs)
            json_array_append_new(array, json_pack("{s:s,s:s,s:s*,s:s*,s:o,s:o}", "word", v->word, "text",
                                                   v->text, "object", v->object, "usage", v->usage, "options",
                                                   options_json(v->form), "verbs", verbs_json(v->verbs)));
    return array;
}

static json_t *command_json(const struct command *command)
{
    return json_pack(
        "{s:s,s:o,s:s,s:b,s:b,s:o,s:o}", "name", command->name, "aliases", words_json(command->aliases),
        "summary", command->summary, "config", (int)(command->flags & COMMAND_CONFIG) != 0, "dialogue",
        (int)(command->dialogue != NULL), "usage", usage_json(command), "verbs", verbs_json(command->verbs));
}

static json_t *field_json(const struct schema_field *field)
{
    static const char *const types[] = {[SCHEMA_FLAG] = "flag",
                                        [SCHEMA_NUMBER] = "number",
                                        [SCHEMA_SIZE] = "size",
                                        [SCHEMA_CHOICE] = "choice",
                                        [SCHEMA_TEXT] = "text"};
    json_t *object = json_pack("{s:s,s:s,s:s,s:s,s:b}", "name", field->name, "type", types[field->type],
                               "default", field->preset, "help", field->help, "secret", (int)field->secret);
    if (field->type == SCHEMA_CHOICE)
        json_object_set_new(object, "choices", words_json(field->choices));
    if (field->type == SCHEMA_NUMBER || field->type == SCHEMA_SIZE || field->type == SCHEMA_TEXT)
        json_object_update_new(object, json_pack("{s:I,s:I}", "least", (json_int_t)field->least, "most",
                                                 (json_int_t)field->most));
    if (field->advice)
        json_object_set_new(object, "advised_most", json_integer((json_int_t)field->advice));
    if (field->unit && field->unit[0])
        json_object_set_new(object, "unit", json_string(field->unit));
    return object;
}

static json_t *table_json(const struct schema_table *table)
{
    json_t *fields = json_array();
    for (unsigned i = 0; i < table->field_count; i++)
        json_array_append_new(fields, field_json(&table->fields[i]));
    return json_pack("{s:s,s:s,s:s,s:o}", "name", table->name, "kind",
                     table->kind == SCHEMA_LIST ? "list" : "single", "help", table->help, "fields", fields);
}

void describe_json(struct buf *out)
{
    json_t *commands = json_array(), *tables = json_array();
    for (size_t i = 0; command_table[i]; i++)
        json_array_append_new(commands, command_json(command_table[i]));
    for (size_t i = 0; i < SCHEMA_TABLE_COUNT; i++)
        json_array_append_new(tables, table_json(&schema_tables[i]));
    json_t *all = json_pack("{s:o,s:o}", "commands", commands, "tables", tables);
    char *text = json_dumps(all, JSON_INDENT(1) | JSON_SORT_KEYS);
    buf_printf(out, "%s\n", text);
    free(text);
    json_decref(all);
}
