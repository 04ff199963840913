/* Changes and conflicts as text. */
#include "commands/changes.h"

#include <string.h>

#include "commands/values.h"
#include "engine/schema/schema.h"

/* The key of a list is not shown as a field: it heads the row. */
static unsigned first_field(const struct schema_table *table)
{
    return table->kind == SCHEMA_LIST ? 1 : 0;
}

static void put_value(struct buf *out, const struct schema_field *field, const json_t *row)
{
    const json_t *value = json_object_get(row, field->name);
    if (value)
        value_put_quoted(out, field, value);
    else
        buf_printf(out, "(nothing)");
}

/* Fields that neither row has are the same. */
static bool same(const json_t *a, const json_t *b, const char *name)
{
    const json_t *x = json_object_get(a, name), *y = json_object_get(b, name);
    return x == y || json_equal(x, y);
}

/* ---- changes ---- */

enum api_status changes_pending(struct shell *sh, bool *pending)
{
    json_t *result;
    enum api_status status = shell_call(sh, json_pack("{s:s}", "method", "config.changes"), &result);
    *pending = status == API_DONE && json_integer_value(json_object_get(result, "count")) > 0;
    json_decref(result);
    return status;
}

static void put_fields(struct buf *out, const struct schema_table *table, const char *indent,
                       const json_t *row)
{
    for (unsigned i = first_field(table); i < table->field_count; i++) {
        buf_printf(out, "%s%s: ", indent, table->fields[i].name);
        put_value(out, &table->fields[i], row);
        buf_append_char(out, '\n');
    }
}

static void put_differences(struct buf *out, const struct schema_table *table, const char *indent,
                            const json_t *before, const json_t *after)
{
    for (unsigned i = first_field(table); i < table->field_count; i++) {
        const struct schema_field *field = &table->fields[i];
        if (same(before, after, field->name))
            continue;
        buf_printf(out, "%s%s: ", indent, field->name);
        put_value(out, field, before);
        buf_printf(out, " -> ");
        put_value(out, field, after);
        buf_append_char(out, '\n');
    }
}

static void put_change(struct buf *out, const struct schema_table *table, const json_t *change)
{
    const json_t *before = json_object_get(change, "before"), *after = json_object_get(change, "after");
    if (json_is_object(before) && json_is_object(after)) {
        if (table->kind == SCHEMA_LIST)
            buf_printf(out, "  %s\n", text_of(change, "key"));
        put_differences(out, table, table->kind == SCHEMA_LIST ? "    " : "  ", before, after);
        return;
    }
    bool is_new = json_is_object(after);
    buf_printf(out, "  %c %s\n", is_new ? '+' : '-', text_of(change, "key"));
    put_fields(out, table, "      ", is_new ? after : before);
}

/* The daemon tells as many as fit an answer, and counts all. */
static void put_more(struct buf *out, json_int_t count, const json_t *told)
{
    json_int_t more = count - (json_int_t)json_array_size(told);
    if (more > 0)
        buf_printf(out, "and %" JSON_INTEGER_FORMAT " more\n", more);
}

/* A machine in no cluster has one level, which nobody needs to be told. */
static bool has_levels(const struct shell *sh, const json_t *changes)
{
    size_t i;
    const json_t *change;
    bool some = shell_cluster(sh)[0] != '\0';
    json_array_foreach(changes, i, change)
    {
        const char *level = text_of(change, "level");
        some |= level[0] && strncmp(level, "machine/", 8) != 0;
    }
    return some;
}

static void put_heading(struct buf *out, const struct schema_table *table, const json_t *of, bool levels)
{
    if (levels)
        buf_printf(out, "%s: ", text_of(of, "level"));
    buf_printf(out, "%s", table->name);
}

void changes_show(struct shell *sh, const json_t *result)
{
    json_t *changes = json_object_get(result, "changes");
    const struct schema_table *shown = NULL;
    const char *level = "";
    const bool levels = has_levels(sh, changes);
    struct buf text = {0};
    size_t i;
    json_t *change;
    json_array_foreach(changes, i, change)
    {
        const struct schema_table *table = schema_table_find(text_of(change, "table"));
        if (!table)
            continue; /* the greeting compared the schemas: cannot be */
        if (table != shown || strcmp(level, text_of(change, "level")) != 0) {
            put_heading(&text, table, change, levels);
            buf_append_char(&text, '\n');
        }
        shown = table;
        level = text_of(change, "level");
        put_change(&text, table, change);
    }
    put_more(&text, json_integer_value(json_object_get(result, "count")), changes);
    out_span(sh, buf_span(&text));
    out_value(sh, "changes", json_incref(changes));
    buf_free(&text);
}

/* ---- conflicts ---- */

static void put_side(struct buf *out, const struct schema_field *field, const char *side,
                     const json_t *conflict)
{
    buf_printf(out, "    %-7s ", side);
    put_value(out, field, json_object_get(conflict, side));
}

static bool is_disputed(const json_t *conflict, const char *name)
{
    const json_t *base = json_object_get(conflict, "base");
    return !same(base, json_object_get(conflict, "theirs"), name) ||
           !same(base, json_object_get(conflict, "mine"), name);
}

static void put_conflict(struct buf *out, const struct schema_table *table, const json_t *conflict,
                         bool levels)
{
    const char *key = text_of(conflict, "key");
    put_heading(out, table, conflict, levels);
    buf_printf(out, "%s%s: changed by %s, ", key[0] ? " " : "", key, text_of(conflict, "author"));
    time_put(out, json_integer_value(json_object_get(conflict, "time")));
    buf_printf(out, ", revision %" JSON_INTEGER_FORMAT "\n",
               json_integer_value(json_object_get(conflict, "revision")));
    for (unsigned i = first_field(table); i < table->field_count; i++) {
        const struct schema_field *field = &table->fields[i];
        if (!is_disputed(conflict, field->name))
            continue;
        buf_printf(out, "  %s\n", field->name);
        static const char *const sides[] = {"base", "theirs", "mine"};
        for (size_t side = 0; side < 3; side++) {
            put_side(out, field, sides[side], conflict);
            buf_append_char(out, '\n');
        }
    }
}

void conflicts_show(struct shell *sh, json_t *conflicts, json_int_t count)
{
    struct buf text = {0};
    size_t i;
    json_t *conflict;
    json_array_foreach(conflicts, i, conflict)
    {
        const struct schema_table *table = schema_table_find(text_of(conflict, "table"));
        if (table)
            put_conflict(&text, table, conflict, has_levels(sh, conflicts));
    }
    put_more(&text, count, conflicts);
    buf_printf(&text, "Your changes are kept.  To go on:\n"
                      "  commit rebase keep mine [TABLE [ROW]]     what you set counts\n"
                      "  commit rebase keep theirs [TABLE [ROW]]   what was committed counts\n"
                      "  clearchanges                              give up your changes\n");
    out_span(sh, buf_span(&text));
    out_value(sh, "conflicts", json_incref(conflicts));
    buf_free(&text);
}
