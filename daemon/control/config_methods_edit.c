/* config.edit: all edits of a request or none. */
#include "daemon/control/config_edit.h"
#include "daemon/control/config_methods.h"
#include "daemon/control/head.h"
#include "daemon/control/methods.h"
#include "engine/config/cluster.h"

/* Whether key and fields are there where the verb wants them, and only there. */
static bool check_shape(struct edit *e, const struct row_edit *r, const struct edit_verb *verb)
{
    bool wants_key = verb->key && r->table->kind == SCHEMA_LIST;
    if (verb->may_name_owner && r->table->owner)
        wants_key = r->typed_key != NULL; /* as one likes */
    if (wants_key != (r->typed_key != NULL))
        return edit_refuse(e, API_ERROR_INVALID_ARGUMENTS, "'%s' of %s takes %s key", verb->name,
                           r->table->name, wants_key ? "a" : "no");
    if (verb->fields != (r->fields != NULL))
        return edit_refuse(e, API_ERROR_INVALID_ARGUMENTS, "'%s' takes %s fields", verb->name,
                           verb->fields ? "an object of" : "no");
    return true;
}

/* The key is looked for once a request, at the first secret that needs it. */
static bool open_secrets(struct edit *e)
{
    if (!e->secrets)
        return edit_refuse(e, API_ERROR_INVALID_ARGUMENTS,
                           "nothing says which key secrets are encrypted with");
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
        return edit_refuse(e, API_ERROR_INVALID_VALUE, "%s is no secret and cannot be encrypted", name);
    if (!open_secrets(e))
        return false;
    bool good =
        config_secrets_unseal(&e->opened, r->table, &r->table->fields[field], span_text(sealed), &text);
    if (good)
        json_object_set_new((json_t *)r->fields, name, json_stringn(buf_text(&text), text.len));
    buf_free(&text);
    return good ||
           edit_refuse(e, API_ERROR_INVALID_VALUE, "%s: it was changed after it had been encrypted", name);
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
    if ((owner.n == r->key.n && verb->key) || config_table_find(edit_table_now(e, r->table->owner), owner))
        return true;
    return edit_refuse(e, API_ERROR_NOT_FOUND, "%s '%.*s'", r->table->owner->row_noun, (int)owner.n,
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
        return edit_refuse(e, API_ERROR_BAD_REQUEST, "an edit must be an object");
    e->refusal.kind = API_ERROR_BAD_REQUEST;
    if (!members_check(members, edit, &e->refusal.why))
        return false;
    const struct edit_verb *verb = edit_verb_find(member_text(edit, "verb"));
    struct row_edit r = {.table = schema_table_find(member_text(edit, "table")),
                         .typed_key = member_text(edit, "key"),
                         .fields = json_object_get(edit, "fields")};
    if (!r.table)
        return edit_refuse(e, API_ERROR_INVALID_ARGUMENTS, "there is no table '%s'",
                           member_text(edit, "table"));
    if (!verb)
        return edit_refuse(e, API_ERROR_INVALID_ARGUMENTS, "there is no verb '%s'",
                           member_text(edit, "verb"));
    if (r.table->is_shape)
        return edit_refuse(e, API_ERROR_INVALID_ARGUMENTS, "%s is changed by clusterconfig", r.table->name);
    if (!config_level_takes(e->place.level, r.table))
        return edit_refuse(e, API_ERROR_REFUSED, CONFIG_MACHINE_ONLY, r.table->name);
    if (!permit_allows(e->role, "config.edit", r.table->name, verb->name))
        return edit_refuse(e, API_ERROR_REFUSED, "the role %s may not change %s", permit_role_name(e->role),
                           r.table->name);
    if (!check_shape(e, &r, verb) || !open_sealed(e, &r))
        return false;
    if (r.typed_key)
        r.key = schema_key_fold(r.table, span_text(r.typed_key), e->arena);
    if (!check_owner(e, &r, verb))
        return false;
    r.present = r.table->kind == SCHEMA_SINGLE ? config_table_single(edit_table_now(e, r.table))
                : r.typed_key                  ? config_table_find(edit_table_now(e, r.table), r.key)
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
    edit_give_back(e);
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
