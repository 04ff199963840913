/* config.get and config.show: rows and whole configurations, as much at a time as the shell takes, so that a large
 * one neither fills memory nor holds up the other sessions. */
#include <stdlib.h>

#include "daemon/control/config_methods.h"
#include "daemon/control/head.h"
#include "daemon/control/methods.h"
#include "engine/base/xalloc.h"
#include "engine/config/cluster.h"
#include "engine/schema/json.h"

enum { ROWS_A_PART = 256, KEYS_MOST = 100 };

/* An answer that goes on.  The tree is a reference of our own: commits go on meanwhile. */
struct reading {
    uint64_t session, revision;
    struct config_tree *tree;
    /* What it is about: one table, or all of them in the order of tables.def. */
    enum schema_table_id table;
    const char *level;
    struct config_cursor cursor;
    char *owner; /* only rows that belong to it; NULL: all */
    bool begun;
    size_t count;                    /* rows of this table that have been shown */
    bool (*more)(struct reading *r); /* adds a part; false: that was the last */
};

static void end_reading(void *context)
{
    struct reading *r = context;
    config_tree_unref(r->tree);
    free(r->owner);
    free(r);
}

static void resume_reading(void *context)
{
    struct reading *r = context;
    while (!session_is_full(r->session))
        if (!r->more(r))
            return;
}

static void begin_reading(const struct reading *from)
{
    struct reading *r = xmalloc(sizeof *r);
    *r = *from;
    session_begin_work(r->session, &(struct session_work){resume_reading, end_reading, r});
    resume_reading(r);
}

static void open_table(struct reading *r)
{
    const struct config_place place = config_place_of(r->session);
    const struct config_table *table = config_resolve(r->tree, &place, r->table, &r->level);
    const struct schema_row *first = r->owner ? config_table_owned(table, span_text(r->owner)) : NULL;
    r->cursor = first ? config_table_from(table, schema_row_key(first)) : config_table_start(table);
    r->count = 0;
}

/* ---- config.get ---- */

static void finish_get(struct reading *r)
{
    session_done(r->session, json_pack("{s:o}", "level", config_text_json(r->level)));
    end_reading(r);
}

/* The next row that was asked for.  Rows of one owner stand together. */
static const struct schema_row *next_row(struct reading *r)
{
    const struct schema_row *row = config_table_next(&r->cursor);
    bool meant = row && (!r->owner || span_equal(schema_key_owner(schema_row_key(row)), span_text(r->owner)));
    return meant ? row : NULL;
}

static bool more_rows(struct reading *r)
{
    json_t *rows = json_array();
    const struct schema_row *row;
    while (json_array_size(rows) < ROWS_A_PART && (row = next_row(r)))
        json_array_append_new(rows, schema_row_to_json(row));
    bool last = json_array_size(rows) < ROWS_A_PART;
    if (json_array_size(rows))
        session_rows(r->session, rows);
    else
        json_decref(rows);
    if (last)
        finish_get(r);
    return !last;
}

static void get_row(struct reading *r, const struct schema_table *table, const char *key)
{
    struct arena *arena = arena_new();
    const struct config_place place = config_place_of(r->session);
    const struct config_table *rows = config_resolve(r->tree, &place, table->id, &r->level);
    struct span stored = schema_key_fold(table, span_text(key), arena);
    const struct schema_row *row = config_table_find(rows, stored);
    if (row) {
        session_rows(r->session, json_pack("[o]", schema_row_to_json(row)));
        session_done(r->session, json_pack("{s:o}", "level", config_text_json(r->level)));
    } else {
        session_fail(r->session, API_ERROR_NOT_FOUND, "%s '%s'", table->row_noun, key);
    }
    arena_free(arena);
}

/* No rows of a listener that is not there would look like a listener without rows. */
static bool owner_exists(struct reading *r, const struct schema_table *table, const char *owner)
{
    struct arena *arena = arena_new();
    const struct config_place place = config_place_of(r->session);
    const struct config_table *owners = config_resolve(r->tree, &place, table->owner->id, &r->level);
    bool exists = config_table_find(owners, schema_key_fold(table->owner, span_text(owner), arena));
    if (!exists)
        session_fail(r->session, API_ERROR_NOT_FOUND, "%s '%s'", table->owner->row_noun, owner);
    arena_free(arena);
    return exists;
}

void config_get(uint64_t session, json_t *request)
{
    const struct schema_table *table = config_table_of(session, request);
    if (!table)
        return;
    if (!config_level_takes(config_place_of(session).level, table)) {
        session_fail(session, API_ERROR_RESTRICTED, "machine");
        return;
    }
    bool running = json_is_true(json_object_get(request, "running"));
    const char *key = json_string_value(json_object_get(request, "key"));
    const char *owner = json_string_value(json_object_get(request, "owner"));
    struct config_tree *tree =
        running ? head_tree() : session_config_use(&session_info(session)->config)->mine;
    struct reading r = {.session = session, .tree = tree, .table = table->id, .more = more_rows};
    if (key && table->kind == SCHEMA_SINGLE) {
        session_fail(session, API_ERROR_INVALID_ARGUMENTS, "%s has one row, without a key", table->name);
        return;
    }
    if (owner && (key || !table->owner)) {
        session_fail(session, API_ERROR_INVALID_ARGUMENTS, "'owner' asks for all rows of one owner");
        return;
    }
    if (key) {
        get_row(&r, table, key);
        return;
    }
    if (owner && !owner_exists(&r, table, owner))
        return;
    config_tree_ref(tree);
    r.owner = owner ? xstrdup(owner) : NULL;
    open_table(&r);
    begin_reading(&r);
}

/* ---- config.keys ---- */

/* The keys that begin so, of one owner without it: for completion, so only as many as somebody reads. */
void config_keys(uint64_t session, json_t *request)
{
    const struct schema_table *table = config_table_of(session, request);
    if (!table)
        return;
    const char *owner = member_text(request, "owner"), *prefix = member_text(request, "prefix");
    struct buf from = {0};
    struct arena *arena = arena_new();
    const char *level;
    const struct config_place place = config_place_of(session);
    if (owner)
        buf_printf(&from, "%s/", owner);
    size_t hidden = from.len;
    buf_printf(&from, "%s", prefix ? prefix : "");
    struct span wanted = schema_key_fold(table, buf_span(&from), arena);
    const struct config_table *rows =
        config_resolve(session_config_use(&session_info(session)->config)->mine, &place, table->id, &level);
    struct config_cursor cursor = config_table_from(rows, wanted);
    json_t *keys = json_array();
    const struct schema_row *row;
    while (json_array_size(keys) < KEYS_MOST && (row = config_table_next(&cursor)) &&
           span_equal(span_slice(schema_row_key(row), 0, wanted.n), wanted)) {
        struct span key = schema_row_key(row);
        json_array_append_new(keys, json_stringn(key.p + hidden, key.n - hidden));
    }
    session_done(session, json_pack("{s:o}", "keys", keys));
    buf_free(&from);
    arena_free(arena);
}

/* ---- config.show ---- */

/* A row as an object, its lines indented by `indent` columns but for the first. */
static void put_row(struct buf *out, const struct schema_row *row, int indent)
{
    json_t *object = schema_row_to_json(row);
    const char *name;
    json_t *value;
    bool first = true;
    buf_append_char(out, '{');
    json_object_foreach (object, name, value) {
        char *text = json_dumps(value, JSON_ENCODE_ANY);
        buf_printf(out, "%s\n%*s\"%s\": %s", first ? "" : ",", indent + 2, "", name, text);
        free(text);
        first = false;
    }
    buf_printf(out, "\n%*s}", indent, "");
    json_decref(object);
}

/* Who is in the cluster is no setting: clusterconfig tells it. */
static bool is_shown(const struct reading *r)
{
    const struct schema_table *table = &schema_tables[r->table];
    return !table->is_shape && config_level_takes(config_place_of(r->session).level, table);
}

/* Goes on to the next table that is shown, the one in hand included; false behind the last. */
static bool find_shown(struct reading *r)
{
    while (r->table < SCHEMA_TABLE_COUNT && !is_shown(r))
        r->table++;
    return r->table < SCHEMA_TABLE_COUNT;
}

static void put_table_start(struct reading *r, struct buf *out)
{
    const struct schema_table *table = &schema_tables[r->table];
    open_table(r);
    buf_printf(out, "    \"%s\": %s", table->name, table->kind == SCHEMA_LIST ? "[" : "");
}

static void put_start(struct reading *r, struct buf *out)
{
    buf_printf(out, "{\n  \"revision\": %llu,\n  \"tables\": {\n", (unsigned long long)r->revision);
    find_shown(r); /* there always is one */
    put_table_start(r, out);
    r->begun = true;
}

static void put_list_row(struct reading *r, struct buf *out, const struct schema_row *row)
{
    buf_printf(out, "%s\n      ", r->count ? "," : "");
    put_row(out, row, 6);
}

/* Ends the table in hand; false behind the last. */
static bool put_table_end(struct reading *r, struct buf *out)
{
    if (schema_tables[r->table].kind == SCHEMA_LIST)
        buf_printf(out, r->count ? "\n    ]" : "]");
    r->table++;
    if (find_shown(r)) {
        buf_printf(out, ",\n");
        put_table_start(r, out);
        return true;
    }
    buf_printf(out, "\n  }\n}\n");
    return false;
}

static bool more_text(struct reading *r)
{
    struct buf out = {0};
    bool go_on = true;
    if (!r->begun)
        put_start(r, &out);
    for (int i = 0; i < ROWS_A_PART && go_on; i++) {
        const struct schema_row *row = config_table_next(&r->cursor);
        if (!row)
            go_on = put_table_end(r, &out);
        else if (row->table->kind == SCHEMA_LIST)
            put_list_row(r, &out, row);
        else
            put_row(&out, row, 4);
        r->count += row != NULL;
    }
    session_text(r->session, buf_span(&out));
    buf_free(&out);
    if (!go_on) {
        session_done(r->session, json_pack("{s:I}", "revision", (json_int_t)r->revision));
        end_reading(r);
    }
    return go_on;
}

void config_show(uint64_t session, json_t *request)
{
    const char *wanted = member_text(request, "revision");
    struct reading r = {.session = session, .more = more_text};
    if (!config_find_revision(session, wanted ? wanted : "running", &r.revision))
        return;
    struct error error;
    r.tree = r.revision == head_manifest()->revision ? config_tree_ref(head_tree())
                                                     : head_load_tree(r.revision, &error);
    if (!r.tree) {
        session_fail(session, API_ERROR_WRONG_STATE, "%s", error.text);
        return;
    }
    begin_reading(&r);
}
