/* config.setting: what is in force, and since when, by whom and at which level it was set. */
#include <string.h>

#include "daemon/control/config_methods.h"
#include "daemon/control/head.h"
#include "daemon/control/methods.h"
#include "engine/config/cluster.h"
#include "engine/schema/json.h"

/* The row in force, and who made each of its fields what it is. */
struct origin {
    const struct schema_table *table;
    const char *level; /* NULL: built-in */
    struct span key;
    const struct schema_row *row;
    const struct manifest **set_by; /* of each field; NULL: a revision that is not kept any more, or none */
};

static bool same_value(const struct origin *o, const struct schema_row *older, unsigned field)
{
    return older &&
           schema_value_equal(&o->table->fields[field], &older->values[field], &o->row->values[field]);
}

/* Settles the fields that were otherwise before this revision (NULL: there was no row); false when none is open. */
static bool settle(const struct schema_row *before, const struct manifest *revision, void *context)
{
    struct origin *o = context;
    unsigned open = 0;
    for (unsigned i = 0; i < o->table->field_count; i++) {
        if (!o->set_by[i] && !same_value(o, before, i))
            o->set_by[i] = revision;
        open += !o->set_by[i];
    }
    return open > 0;
}

/* ---- telling ---- */

static json_t *field_json(const struct origin *o, const json_t *row, const json_t *preset, unsigned field)
{
    const char *name = o->table->fields[field].name;
    const struct manifest *m = o->set_by[field];
    return json_pack("{s:s,s:O,s:O,s:o,s:o,s:o}", "field", name, "value", json_object_get(row, name),
                     "default", json_object_get(preset, name), "revision",
                     config_revision_json(m ? m->revision : 0), "author",
                     config_text_json(m ? m->author : NULL), "time", m ? json_integer(m->time) : json_null());
}

static json_t *fields_json(const struct origin *o, int only)
{
    json_t *fields = json_array();
    struct schema_row *preset_row = schema_row_preset(o->table, o->key);
    json_t *row = schema_row_to_json(o->row), *preset = schema_row_to_json(preset_row);
    for (int i = o->table->kind == SCHEMA_LIST; i < (int)o->table->field_count; i++)
        if (only < 0 || only == i)
            json_array_append_new(fields, field_json(o, row, preset, (unsigned)i));
    json_decref(row);
    json_decref(preset);
    schema_row_unref(preset_row);
    return fields;
}

/* -1: no field is named; -2 after the session was told. */
static int find_field(uint64_t session, const struct schema_table *table, const json_t *request)
{
    const char *name = member_text(request, "field");
    int field = name ? schema_field_find(table, name) : -1;
    if (!name || field >= 0)
        return field;
    session_fail(session, API_ERROR_INVALID_ARGUMENTS, "%s has no field '%s'", table->name, name);
    return -2;
}

void config_setting(uint64_t session, json_t *request)
{
    const struct schema_table *table = config_table_of(session, request);
    const char *key = member_text(request, "key");
    int field = table ? find_field(session, table, request) : -2;
    if (field == -2)
        return;
    const struct config_place place = config_place_of(session);
    if (!config_level_takes(place.level, table)) {
        session_fail(session, API_ERROR_REFUSED, CONFIG_MACHINE_ONLY, table->name);
        return;
    }
    if ((key != NULL) != (table->kind == SCHEMA_LIST)) {
        session_fail(session, API_ERROR_INVALID_ARGUMENTS, "%s %s", table->name,
                     key ? "has one row, without a key" : "has rows: name one");
        return;
    }
    struct arena *arena = arena_new();
    struct origin o = {.table = table, .set_by = arena_calloc(arena, table->field_count, sizeof *o.set_by)};
    const struct config_table *rows = config_resolve(head_tree(), &place, table->id, &o.level);
    o.key = key ? schema_key_fold(table, span_text(key), arena) : SPAN("");
    o.row = config_table_find(rows, o.key);
    if (o.row && o.level)
        head_walk_row(arena, o.level, o.row, settle, &o);
    if (o.row)
        session_done(session, json_pack("{s:s,s:o,s:o}", "table", table->name, "level",
                                        config_text_json(o.level), "settings", fields_json(&o, field)));
    else
        session_fail(session, API_ERROR_NOT_FOUND, "%s '%s'", table->row_noun, key);
    arena_free(arena);
}
