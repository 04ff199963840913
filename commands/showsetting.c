/* showsetting: a value in force, and where it comes from. */
#include <string.h>

#include "commands/command.h"
#include "commands/values.h"
#include "engine/schema/schema.h"

/* The two parts of TABLE[.FIELD]; false when there is no such table. */
static bool read_name(struct arena *arena, const char *word, const struct schema_table **table,
                      const char **field)
{
    const char *dot = strchr(word, '.');
    *field = dot ? dot + 1 : NULL;
    *table = schema_table_find(arena_text(arena, span_of(word, dot ? (size_t)(dot - word) : strlen(word))));
    return *table != NULL;
}

static void put_since(struct buf *out, const json_t *setting, bool is_set)
{
    const json_t *revision = json_object_get(setting, "revision");
    if (!is_set)
        return;
    if (!json_is_integer(revision)) {
        buf_printf(out, "  set: before the revisions that are kept\n");
        return;
    }
    buf_printf(out, "  set: revision %" JSON_INTEGER_FORMAT ", %s, ", json_integer_value(revision),
               text_of(setting, "author"));
    time_put(out, json_integer_value(json_object_get(setting, "time")));
    buf_append_char(out, '\n');
}

static void put_setting(struct buf *out, const struct schema_table *table, const char *key,
                        const json_t *setting, const char *level)
{
    int index = schema_field_find(table, text_of(setting, "field"));
    if (index < 0)
        return; /* the greeting compared the schemas: cannot be */
    const struct schema_field *field = &table->fields[index];
    buf_printf(out, "%s%s%s %s: ", table->name, key ? " " : "", key ? key : "", field->name);
    value_put_quoted(out, field, json_object_get(setting, "value"));
    buf_printf(out, "\n  level: %s\n", level[0] ? level : "built-in default");
    put_since(out, setting, level[0] != '\0');
    buf_printf(out, "  default: ");
    value_put_quoted(out, field, json_object_get(setting, "default"));
    buf_append_char(out, '\n');
}

static void show(struct shell *sh, const struct schema_table *table, const char *key, const json_t *result)
{
    size_t i;
    const json_t *setting;
    struct buf text = {0};
    json_array_foreach(json_object_get(result, "settings"), i, setting)
        put_setting(&text, table, key, setting, text_of(result, "level"));
    out_span(sh, buf_span(&text));
    out_value(sh, "level", json_incref(json_object_get(result, "level")));
    out_value(sh, "settings", json_incref(json_object_get(result, "settings")));
    buf_free(&text);
}

/* Whether two words are TABLE FIELD: a single table has no rows. */
static bool is_dot_missing(const struct schema_table *table, const char *field, const char *key)
{
    return table->kind == SCHEMA_SINGLE && !field && key && schema_field_find(table, key) >= 0;
}

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    struct arena *arena = arena_new();
    const struct schema_table *table;
    const char *field, *key = arg_count > 1 ? args[1] : NULL;
    json_t *result = NULL, *request = NULL;
    enum api_status status;
    if (!read_name(arena, args[0], &table, &field))
        status = shell_fail(sh, API_ERROR_INVALID_ARGUMENTS, "there is no table '%s'", args[0]);
    else if (is_dot_missing(table, field, key))
        status = shell_fail(sh, API_ERROR_INVALID_ARGUMENTS, "'%s' is a field of '%s'; did you mean '%s.%s'?",
                            key, table->name, table->name, key);
    else if (!(request = json_pack("{s:s,s:s,s:s*,s:s*}", "method", "config.setting", "table", table->name,
                                   "field", field, "key", key)))
        status = shell_fail(sh, API_ERROR_INVALID_VALUE, "the name is not UTF-8");
    else
        status = shell_call(sh, request, &result);
    if (status == API_DONE)
        show(sh, table, key, result);
    json_decref(result);
    arena_free(arena);
    return status;
}

const struct command command_showsetting = {
    .name = "showsetting",
    .summary = "show a setting in force: its level, who set it when, its default",
    .usage = "TABLE[.FIELD] [ROW]",
    .details = "  TABLE and FIELD are named as in showconfig; ROW is one of a list.\n",
    .least_args = 1,
    .most_args = 2,
    .run = run,
};
