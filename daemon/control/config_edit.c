/* The verbs of edits: rows are made, changed and deleted in a copy of the candidate. */
#include "daemon/control/config_edit.h"

#include <string.h>

#include "daemon/control/config_methods.h"
#include "daemon/control/feature_keys.h"
#include "engine/config/cluster.h"
#include "engine/schema/json.h"

enum { ROWS_MOST = 1000000, WARNINGS_MOST = 100 };

/* Values that need a feature key (R25). */
static const struct feature {
    enum schema_table_id table;
    unsigned field;
    const char *value, *key;
} features[] = {
    {SCHEMA_ANTISPAM, ANTISPAM_ENABLED, "on", "antispam"},
    {SCHEMA_INCOMING_POLICY, POLICY_ANTISPAM, "on", "antispam"},
    {SCHEMA_OUTGOING_POLICY, POLICY_ANTISPAM, "on", "antispam"},
    {SCHEMA_MULTISCAN, MULTISCAN_ENABLED, "on", "multiscan"},
    {SCHEMA_INCOMING_POLICY, POLICY_ENGINE, "multiscan", "multiscan"},
    {SCHEMA_OUTGOING_POLICY, POLICY_ENGINE, "multiscan", "multiscan"},
    {SCHEMA_GRAYMAIL, GRAYMAIL_ENABLED, "on", "graymail"},
    {SCHEMA_INCOMING_POLICY, POLICY_GRAYMAIL, "on", "graymail"},
    {SCHEMA_OUTGOING_POLICY, POLICY_GRAYMAIL, "on", "graymail"},
    {SCHEMA_GRAYMAIL, GRAYMAIL_SAFE_UNSUBSCRIBE, "on", "safe-unsubscribe"},
    {SCHEMA_INCOMING_POLICY, POLICY_SAFE_UNSUBSCRIBE, "on", "safe-unsubscribe"},
    {SCHEMA_OUTGOING_POLICY, POLICY_SAFE_UNSUBSCRIBE, "on", "safe-unsubscribe"},
};

bool edit_refuse(struct edit *e, enum api_error kind, const char *format, ...)
{
    struct buf text = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    error_set(&e->refusal.why, "%s", buf_text(&text));
    e->refusal.kind = kind;
    buf_free(&text);
    return false;
}

/* kind with "SMTP route 'x'", or "antispam". */
static bool refuse_row(struct edit *e, enum api_error kind, const struct row_edit *r, const char *what)
{
    if (r->table->kind == SCHEMA_SINGLE)
        return edit_refuse(e, kind, "%s%s", r->table->name, what);
    return edit_refuse(e, kind, "%s '%s'%s", r->table->row_noun, r->typed_key, what);
}

/* ---- the table in hand ---- */

const struct config_table *edit_table_now(const struct edit *e, const struct schema_table *table)
{
    if (e->taken && config_table_schema(e->taken) == table)
        return e->taken;
    return config_resolve(e->copy.mine, &e->place, table->id, NULL);
}

void edit_give_back(struct edit *e)
{
    if (e->taken)
        config_candidate_give(&e->copy, &e->place, config_table_schema(e->taken)->id, e->taken);
    e->taken = NULL;
}

/* Taken only for a change: a table that nothing changed in goes on being inherited. */
static struct config_table **table_to_change(struct edit *e, const struct schema_table *table)
{
    if (!e->taken || config_table_schema(e->taken) != table) {
        edit_give_back(e);
        e->taken = config_candidate_take(&e->copy, &e->place, table->id);
    }
    return &e->taken;
}

/* ---- the verbs ---- */

/* What was set while there was a key may stay: it is off without one. */
static bool has_keys_for(struct edit *e, const struct schema_row *before, const struct schema_row *row)
{
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++) {
        const struct feature *f = &features[i];
        if (f->table != row->table->id)
            continue;
        int64_t value = schema_row_number(row, f->field);
        bool is_new = !before || schema_row_number(before, f->field) != value;
        if (is_new && strcmp(row->table->fields[f->field].choices[value], f->value) == 0 &&
            !feature_keys_allow(f->key))
            return edit_refuse(e, API_ERROR_MISSING_KEY, "%s", f->key);
    }
    return true;
}

static struct schema_row *preset_row(struct edit *e, const struct row_edit *r)
{
    struct schema_value key;
    if (r->table->kind == SCHEMA_LIST &&
        !schema_value_parse(&r->table->fields[0], span_text(r->typed_key), &key, &e->refusal.why)) {
        e->refusal.kind = API_ERROR_INVALID_VALUE;
        return NULL;
    }
    return schema_row_preset(r->table, r->key);
}

/* `base` (taken over; NULL: it was refused) with the fields of the edit set. */
static struct schema_row *changed_row(struct edit *e, const struct row_edit *r, struct schema_row *base)
{
    if (!base)
        return NULL;
    struct schema_row *row = schema_row_from_json(r->table, base, r->fields, &e->refusal.why);
    schema_row_unref(base);
    e->refusal.kind = API_ERROR_INVALID_VALUE;
    if (row && !span_equal(schema_row_key(row), r->key)) {
        edit_refuse(e, API_ERROR_INVALID_ARGUMENTS, "'%s' cannot be changed", r->table->fields[0].name);
        schema_row_unref(row);
        return NULL;
    }
    return row;
}

static void add_warning(const char *sentence, void *context)
{
    struct edit *e = context;
    if (json_array_size(e->warnings) < WARNINGS_MOST)
        json_array_append_new(e->warnings, config_text_json(sentence));
}

/* What all machines of a cluster have in common is not set below its level. */
static bool is_right_level(struct edit *e, const struct schema_table *table)
{
    return !config_is_level_too_low(&e->place, table) || edit_refuse(e, API_ERROR_RESTRICTED, "cluster");
}

/* Puts a row in place of the present one; when they are equal nothing is done, so that reruns (R4) cost nothing.  row is
 * taken over; NULL: it was refused. */
static bool put_row(struct edit *e, const struct row_edit *r, struct schema_row *row)
{
    if (!row)
        return false;
    bool same = r->present && schema_row_equal(r->present, row);
    bool good = same || (is_right_level(e, r->table) && has_keys_for(e, r->present, row));
    if (good && !r->present && config_table_count(edit_table_now(e, r->table)) >= ROWS_MOST)
        good =
            edit_refuse(e, API_ERROR_FAILED, "%s has %d rows and takes no more", r->table->name, ROWS_MOST);
    if (good && !same) {
        schema_row_warn(r->present, row, add_warning, e);
        config_table_put(table_to_change(e, r->table), row);
    } else {
        schema_row_unref(row);
    }
    return good;
}

static bool edit_new(struct edit *e, const struct row_edit *r)
{
    struct schema_row *row = changed_row(e, r, preset_row(e, r));
    if (row && r->present && !schema_row_equal(row, r->present)) {
        schema_row_unref(row);
        return refuse_row(e, API_ERROR_EXISTS, r, "");
    }
    return put_row(e, r, row);
}

static bool edit_edit(struct edit *e, const struct row_edit *r)
{
    if (!r->present)
        return refuse_row(e, API_ERROR_NOT_FOUND, r, "");
    return put_row(e, r, changed_row(e, r, schema_row_ref(r->present)));
}

static bool edit_put(struct edit *e, const struct row_edit *r)
{
    struct schema_row *base = r->present ? schema_row_ref(r->present) : preset_row(e, r);
    return put_row(e, r, changed_row(e, r, base));
}

/* The row is exactly what the fields say, and what they do not say is the default: files. */
static bool edit_set(struct edit *e, const struct row_edit *r)
{
    return put_row(e, r, changed_row(e, r, preset_row(e, r)));
}

/* What belongs to a row goes with it. */
static void remove_owned(struct edit *e, const struct schema_table *owned, struct span owner)
{
    const struct schema_row *row;
    struct buf key = {0};
    while ((row = config_table_owned(edit_table_now(e, owned), owner))) {
        buf_clear(&key);
        buf_append_span(&key, schema_row_key(row));
        config_table_remove(table_to_change(e, owned), buf_span(&key));
    }
    buf_free(&key);
}

static bool edit_delete(struct edit *e, const struct row_edit *r)
{
    const char *fixed = r->table->fixed_key;
    if (!r->present)
        return refuse_row(e, API_ERROR_NOT_FOUND, r, "");
    if (fixed && span_equal(r->key, span_text(fixed)))
        return refuse_row(e, API_ERROR_WRONG_STATE, r, " cannot be deleted");
    config_table_remove(table_to_change(e, r->table), r->key);
    for (size_t id = 0; id < SCHEMA_TABLE_COUNT; id++)
        if (schema_tables[id].owner == r->table)
            remove_owned(e, &schema_tables[id], r->key);
    return true;
}

static void clear_table(struct edit *e, const struct schema_table *table)
{
    if (config_table_count(edit_table_now(e, table)) > (table->fixed_key ? 1 : 0))
        config_table_clear(table_to_change(e, table));
}

static bool edit_clear(struct edit *e, const struct row_edit *r)
{
    if (r->table->kind == SCHEMA_SINGLE)
        return edit_refuse(e, API_ERROR_WRONG_STATE, "%s cannot be cleared", r->table->name);
    if (r->typed_key) {
        remove_owned(e, r->table, span_text(r->typed_key));
        return true;
    }
    clear_table(e, r->table);
    for (size_t id = 0; id < SCHEMA_TABLE_COUNT; id++)
        if (schema_tables[id].owner == r->table)
            clear_table(e, &schema_tables[id]);
    return true;
}

static const struct edit_verb verbs[] = {
    {.name = "new", .run = edit_new, .key = true, .fields = true},
    {.name = "edit", .run = edit_edit, .key = true, .fields = true},
    {.name = "put", .run = edit_put, .key = true, .fields = true},
    {.name = "set", .run = edit_set, .key = true, .fields = true},
    {.name = "delete", .run = edit_delete, .key = true},
    {.name = "clear", .run = edit_clear, .may_name_owner = true},
};

const struct edit_verb *edit_verb_find(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}
