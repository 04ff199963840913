/* config.edit: rows of the candidate are made, changed and deleted; all edits of a request or none. */
#include <string.h>

#include "daemon/control/config_methods.h"
#include "daemon/control/config_secrets.h"
#include "daemon/control/feature_keys.h"
#include "daemon/control/head.h"
#include "daemon/control/methods.h"
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

struct refusal {
    enum api_error kind;
    struct error why; /* the detail of its phrase */
};

/* One request at work on a copy of the candidate. */
struct edit {
    struct config_candidate copy;
    struct config_place place;  /* the level that is edited */
    struct config_table *taken; /* the table that the latest edits changed; NULL: none */
    struct arena *arena;
    enum permit_role role;
    json_t *warnings;
    bool whole; /* the request is a file, which is checked at its end: rows may come before their owner */
    const json_t *secrets; /* of the request: which key they are encrypted with; NULL: none is */
    struct config_secrets opened;
    bool is_open;
    struct refusal refusal;
};

/* One of its edits. */
struct row_edit {
    const struct schema_table *table;
    const char *typed_key; /* NULL: none */
    struct span key;       /* as stored */
    const json_t *fields;
    const struct schema_row *present; /* NULL: there is none */
};

static bool refuse(struct edit *e, enum api_error kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool refuse(struct edit *e, enum api_error kind, const char *format, ...)
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
        return refuse(e, kind, "%s%s", r->table->name, what);
    return refuse(e, kind, "%s '%s'%s", r->table->row_noun, r->typed_key, what);
}

/* ---- the table in hand ---- */

static const struct config_table *table_now(const struct edit *e, const struct schema_table *table)
{
    if (e->taken && config_table_schema(e->taken) == table)
        return e->taken;
    return config_resolve(e->copy.mine, &e->place, table->id, NULL);
}

static void give_back(struct edit *e)
{
    if (e->taken)
        config_candidate_give(&e->copy, &e->place, config_table_schema(e->taken)->id, e->taken);
    e->taken = NULL;
}

/* Taken only for a change: a table that nothing changed in goes on being inherited. */
static struct config_table **table_to_change(struct edit *e, const struct schema_table *table)
{
    if (!e->taken || config_table_schema(e->taken) != table) {
        give_back(e);
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
            return refuse(e, API_ERROR_MISSING_KEY, "%s", f->key);
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
        refuse(e, API_ERROR_INVALID_ARGUMENTS, "'%s' cannot be changed", r->table->fields[0].name);
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
    return !config_is_level_too_low(&e->place, table) || refuse(e, API_ERROR_RESTRICTED, "cluster");
}

/* Puts a row in place of the present one; when they are equal nothing is done, so that reruns (R4) cost nothing.  row is
 * taken over; NULL: it was refused. */
static bool put_row(struct edit *e, const struct row_edit *r, struct schema_row *row)
{
    if (!row)
        return false;
    bool same = r->present && schema_row_equal(r->present, row);
    bool good = same || (is_right_level(e, r->table) && has_keys_for(e, r->present, row));
    if (good && !r->present && config_table_count(table_now(e, r->table)) >= ROWS_MOST)
        good = refuse(e, API_ERROR_FAILED, "%s has %d rows and takes no more", r->table->name, ROWS_MOST);
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
    while ((row = config_table_owned(table_now(e, owned), owner))) {
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
    if (config_table_count(table_now(e, table)) > (table->fixed_key ? 1 : 0))
        config_table_clear(table_to_change(e, table));
}

static bool edit_clear(struct edit *e, const struct row_edit *r)
{
    if (r->table->kind == SCHEMA_SINGLE)
        return refuse(e, API_ERROR_WRONG_STATE, "%s cannot be cleared", r->table->name);
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

static const struct edit_verb {
    const char *name;
    bool (*run)(struct edit *e, const struct row_edit *r);
    bool key, fields; /* whether it has a key (of a list table) and fields */
} verbs[] = {
    {"new", edit_new, true, true}, {"edit", edit_edit, true, true},      {"put", edit_put, true, true},
    {"set", edit_set, true, true}, {"delete", edit_delete, true, false}, {"clear", edit_clear, false, false},
};

/* ---- a request ---- */

static const struct edit_verb *find_verb(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

/* Whether key and fields are there where the verb wants them, and only there. */
static bool check_shape(struct edit *e, const struct row_edit *r, const struct edit_verb *verb)
{
    bool wants_key = verb->key && r->table->kind == SCHEMA_LIST;
    if (verb->run == edit_clear && r->table->owner)
        wants_key = r->typed_key != NULL; /* as one likes: the owner whose rows are meant */
    if (wants_key != (r->typed_key != NULL))
        return refuse(e, API_ERROR_INVALID_ARGUMENTS, "'%s' of %s takes %s key", verb->name, r->table->name,
                      wants_key ? "a" : "no");
    if (verb->fields != (r->fields != NULL))
        return refuse(e, API_ERROR_INVALID_ARGUMENTS, "'%s' takes %s fields", verb->name,
                      verb->fields ? "an object of" : "no");
    return true;
}

/* The key is looked for once a request, at the first secret that needs it. */
static bool open_secrets(struct edit *e)
{
    if (!e->secrets)
        return refuse(e, API_ERROR_INVALID_ARGUMENTS, "nothing says which key secrets are encrypted with");
    e->refusal.kind = API_ERROR_INVALID_VALUE;
    if (!e->is_open && !config_secrets_find(&e->opened, e->secrets, &e->refusal.why))
        return false;
    e->is_open = true;
    return true;
}

/* Puts the secret itself in place of {"encrypted": TEXT}. */
static bool open_secret(struct edit *e, const struct row_edit *r, const char *name, const char *sealed)
{
    int field = schema_field_find(r->table, name);
    struct buf text = {0};
    if (field < 0 || !r->table->fields[field].secret)
        return refuse(e, API_ERROR_INVALID_VALUE, "%s is no secret and cannot be encrypted", name);
    if (!open_secrets(e))
        return false;
    bool good =
        config_secrets_unseal(&e->opened, r->table, &r->table->fields[field], span_text(sealed), &text);
    if (good)
        json_object_set_new((json_t *)r->fields, name, json_stringn(buf_text(&text), text.len));
    buf_free(&text);
    return good || refuse(e, API_ERROR_INVALID_VALUE, "%s: it was changed after it had been encrypted", name);
}

static bool open_sealed(struct edit *e, const struct row_edit *r)
{
    for (unsigned i = 0; r->fields && i < r->table->field_count; i++) {
        const char *name = r->table->fields[i].name;
        const char *sealed = member_text(json_object_get(r->fields, name), "encrypted");
        if (sealed && !open_secret(e, r, name, sealed))
            return false;
    }
    return true;
}

/* Whether the row is there that this one, or for `clear` these, belong to: the listener of a recipient.  A key that names
 * none is refused for its form. */
static bool check_owner(struct edit *e, const struct row_edit *r, const struct edit_verb *verb)
{
    if (!r->table->owner || !r->typed_key || e->whole)
        return true;
    struct span owner = schema_key_owner(r->key);
    if ((owner.n == r->key.n && verb->key) || config_table_find(table_now(e, r->table->owner), owner))
        return true;
    return refuse(e, API_ERROR_NOT_FOUND, "%s '%.*s'", r->table->owner->row_noun, (int)owner.n,
                  owner.n ? owner.p : "");
}

static bool run_edit(struct edit *e, json_t *edit)
{
    static const struct member members[] = {{"table", MEMBER_TEXT, true, 1, 64},
                                            {"verb", MEMBER_TEXT, true, 1, 16},
                                            {"key", MEMBER_TEXT, false, 0, 1024},
                                            {"fields", MEMBER_OBJECT, false, 0, 0},
                                            {0}};
    if (!json_is_object(edit))
        return refuse(e, API_ERROR_BAD_REQUEST, "an edit must be an object");
    e->refusal.kind = API_ERROR_BAD_REQUEST;
    if (!members_check(members, edit, &e->refusal.why))
        return false;
    const struct edit_verb *verb = find_verb(member_text(edit, "verb"));
    struct row_edit r = {.table = schema_table_find(member_text(edit, "table")),
                         .typed_key = member_text(edit, "key"),
                         .fields = json_object_get(edit, "fields")};
    if (!r.table)
        return refuse(e, API_ERROR_INVALID_ARGUMENTS, "there is no table '%s'", member_text(edit, "table"));
    if (!verb)
        return refuse(e, API_ERROR_INVALID_ARGUMENTS, "there is no verb '%s'", member_text(edit, "verb"));
    if (r.table->is_shape)
        return refuse(e, API_ERROR_INVALID_ARGUMENTS, "%s is changed by clusterconfig", r.table->name);
    if (!config_level_takes(e->place.level, r.table))
        return refuse(e, API_ERROR_REFUSED, CONFIG_MACHINE_ONLY, r.table->name);
    if (!permit_allows(e->role, "config.edit", r.table->name, verb->name))
        return refuse(e, API_ERROR_REFUSED, "the role %s may not change %s", permit_role_name(e->role),
                      r.table->name);
    if (!check_shape(e, &r, verb) || !open_sealed(e, &r))
        return false;
    if (r.typed_key)
        r.key = schema_key_fold(r.table, span_text(r.typed_key), e->arena);
    if (!check_owner(e, &r, verb))
        return false;
    r.present = r.table->kind == SCHEMA_SINGLE ? config_table_single(table_now(e, r.table))
                : r.typed_key                  ? config_table_find(table_now(e, r.table), r.key)
                                               : NULL;
    return verb->run(e, &r);
}

static bool run_edits(struct edit *e, const json_t *edits, size_t *failed)
{
    for (*failed = 0; *failed < json_array_size(edits); ++*failed) {
        bool good = run_edit(e, json_array_get(edits, *failed));
        arena_reset(e->arena);
        if (!good)
            break;
    }
    give_back(e);
    return *failed == json_array_size(edits);
}

/* The copy's tree becomes the candidate's, or waits for the next piece. */
static void keep(struct session_config *c, struct config_tree *tree, bool more)
{
    session_config_drop_pieces(c);
    if (more) {
        c->pieces = tree;
        return;
    }
    if (c->rollback_of && !config_tree_equal(tree, c->candidate.mine))
        c->rollback_of = 0;
    config_tree_unref(c->candidate.mine);
    c->candidate.mine = tree;
}

static void tell_warnings(uint64_t session, const json_t *warnings)
{
    size_t i;
    json_t *warning;
    json_array_foreach(warnings, i, warning) session_add(session, "warnings", json_incref(warning));
}

/* Whether the whole could be committed, as far as control can tell. */
static bool check_whole(struct edit *e, const struct config_tree *tree)
{
    e->refusal.kind = API_ERROR_INVALID_CONFIG;
    return config_check(tree, head_tree(), head_place(), NULL, NULL, &e->refusal.why);
}

void config_edit(uint64_t session, json_t *request)
{
    struct session_info *info = session_info(session);
    struct session_config *c = &info->config;
    struct config_candidate *candidate = session_config_use(c);
    struct edit e = {.copy = *candidate,
                     .place = config_place_of(session),
                     .arena = arena_new(),
                     .role = info->role,
                     .warnings = json_array(),
                     .whole = json_is_true(json_object_get(request, "check")),
                     .secrets = json_object_get(request, "secrets")};
    size_t failed;
    e.copy.mine = config_tree_ref(c->pieces ? c->pieces : candidate->mine);
    bool more = json_is_true(json_object_get(request, "more")), check = e.whole && !more;
    if (run_edits(&e, json_object_get(request, "edits"), &failed) &&
        (!check || check_whole(&e, e.copy.mine))) {
        bool changed = check && !config_tree_equal(e.copy.mine, head_tree());
        keep(c, e.copy.mine, more);
        tell_warnings(session, e.warnings);
        session_done(session, check ? json_pack("{s:b}", "changed", (int)changed) : NULL);
    } else {
        config_tree_unref(e.copy.mine);
        session_config_drop_pieces(c);
        session_fail_with(session, e.refusal.kind, json_pack("{s:I}", "edit", (json_int_t)failed), "%s",
                          e.refusal.why.text);
    }
    secret_key_forget(&e.opened.key);
    json_decref(e.warnings);
    arena_free(e.arena);
}
