/* config.level and config.levels: at which levels tables are set, and changing that in the candidate. */
#include <string.h>

#include "daemon/control/config_methods.h"
#include "daemon/control/head.h"
#include "daemon/control/methods.h"
#include "engine/config/cluster.h"

enum { TABLES_MOST = SCHEMA_TABLE_COUNT };

/* The tables of the request; false after the session was told. */
static bool read_tables(uint64_t session, const json_t *request,
                        const struct schema_table *tables[TABLES_MOST], size_t *count)
{
    json_t *name, *names = json_object_get(request, "tables");
    size_t i;
    *count = 0;
    json_array_foreach(names, i, name)
    {
        const char *text = json_string_value(name);
        const struct schema_table *table = text ? schema_table_find(text) : NULL;
        if (!table || table->is_shape || *count == TABLES_MOST) {
            session_fail(session, API_ERROR_INVALID_ARGUMENTS, "there is no table '%s'", text ? text : "");
            return false;
        }
        tables[(*count)++] = table;
    }
    if (!config_cluster_name(head_tree()).n) {
        session_fail(session, API_ERROR_NOT_CLUSTERED, "%s", "clusterset");
        return false;
    }
    return true;
}

/* ---- where they are set ---- */

static json_t *levels_of(const struct config_tree *tree, const struct config_place *place,
                         const struct schema_table *table)
{
    json_t *list = json_array();
    const char *level, *in_force;
    config_resolve(tree, place, table->id, &in_force);
    for (size_t i = 0; (level = config_tree_level(tree, i)); i++)
        if (config_tree_table(tree, level, table->id))
            json_array_append_new(list, json_pack("{s:s,s:s,s:b}", "table", table->name, "level", level,
                                                  "in_force", in_force && strcmp(level, in_force) == 0));
    if (!in_force)
        json_array_append_new(list, json_pack("{s:s,s:n,s:b}", "table", table->name, "level", "in_force", 1));
    return list;
}

void config_levels(uint64_t session, json_t *request)
{
    const struct schema_table *tables[TABLES_MOST];
    size_t count;
    if (!read_tables(session, request, tables, &count))
        return;
    const struct config_place place = config_place_of(session);
    const struct config_tree *tree = session_config_use(&session_info(session)->config)->mine;
    json_t *all = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *some = levels_of(tree, &place, tables[i]);
        json_array_extend(all, some);
        json_decref(some);
    }
    session_done(session, json_pack("{s:o}", "levels", all));
}

/* ---- placing them ---- */

/* One request at work on a copy of the candidate. */
struct placing {
    struct config_tree *tree;
    const char *level, *to; /* to: of copy and move */
    bool defaults;
};

static struct config_table *own_table(const struct placing *p, const struct schema_table *table)
{
    return config_tree_table(p->tree, p->level, table->id);
}

/* As a rerun finds it, it stays. */
static void place_new(struct placing *p, const struct schema_table *table)
{
    if (!own_table(p, table)) {
        const struct config_table *inherited = config_inherited(p->tree, p->level, table->id);
        config_tree_set(&p->tree, p->level, table->id,
                        p->defaults ? config_table_preset(table)
                                    : config_table_ref((struct config_table *)inherited));
    }
    config_tree_ask(&p->tree, p->level, table->id);
}

static void place_delete(struct placing *p, const struct schema_table *table)
{
    config_tree_set(&p->tree, p->level, table->id, NULL);
}

static void place_copy(struct placing *p, const struct schema_table *table)
{
    struct config_table *own = own_table(p, table);
    if (!own)
        return;
    config_tree_set(&p->tree, p->to, table->id, config_table_ref(own));
    config_tree_ask(&p->tree, p->to, table->id);
}

static void place_move(struct placing *p, const struct schema_table *table)
{
    place_copy(p, table);
    place_delete(p, table);
}

static const struct operation {
    const char *name;
    void (*run)(struct placing *p, const struct schema_table *table);
    bool has_target;
} operations[] = {
    {"new", place_new, false},
    {"delete", place_delete, false},
    {"copy", place_copy, true},
    {"move", place_move, true},
};

static const struct operation *find_operation(uint64_t session, const json_t *request)
{
    const char *name = member_text(request, "operation");
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        const struct operation *o = &operations[i];
        if (strcmp(o->name, name) == 0 && o->has_target == (member_text(request, "to") != NULL))
            return o;
    }
    session_fail(session, API_ERROR_INVALID_ARGUMENTS, "new, delete, copy or move to a level, not '%s'",
                 name);
    return NULL;
}

/* Whether the operation would make settings at a level that may not have them. */
static bool is_too_low(const struct placing *p, const struct operation *o, const struct schema_table *table)
{
    const struct config_place place = {o->has_target ? p->to : p->level};
    return o->run != place_delete && config_is_level_too_low(&place, table);
}

/* Whether all that are to be copied exist, and the role may change every one. */
static bool may_place(uint64_t session, const struct placing *p, const struct operation *o,
                      const struct schema_table *const *tables, size_t count)
{
    bool some = false;
    const struct session_info *info = session_info(session);
    for (size_t i = 0; i < count; i++) {
        some |= own_table(p, tables[i]) != NULL;
        if (tables[i]->machine_only) {
            session_fail(session, API_ERROR_REFUSED, CONFIG_MACHINE_ONLY, tables[i]->name);
            return false;
        }
        if (!permit_allows(info->role, "config.edit", tables[i]->name, "edit")) {
            session_fail(session, API_ERROR_REFUSED, "the role %s may not change %s",
                         permit_role_name(info->role), tables[i]->name);
            return false;
        }
        if (is_too_low(p, o, tables[i])) {
            session_fail(session, API_ERROR_RESTRICTED, "cluster");
            return false;
        }
    }
    if (!o->has_target)
        return true;
    if (strcmp(p->level, p->to) == 0)
        session_fail(session, API_ERROR_INVALID_ARGUMENTS, "the settings are at %s", p->to);
    else if (!some)
        session_fail(session, API_ERROR_WRONG_STATE, "%s has no settings of its own here", p->level);
    else
        return config_check_level(session, p->to);
    return false;
}

void config_level(uint64_t session, json_t *request)
{
    const struct schema_table *tables[TABLES_MOST];
    size_t count;
    const struct operation *o = find_operation(session, request);
    if (!o || !read_tables(session, request, tables, &count))
        return;
    struct session_config *c = &session_info(session)->config;
    struct config_candidate *candidate = session_config_use(c);
    const struct config_place place = config_place_of(session);
    struct placing p = {candidate->mine, place.level, member_text(request, "to"),
                        json_is_true(json_object_get(request, "defaults"))};
    if (!may_place(session, &p, o, tables, count))
        return;
    for (size_t i = 0; i < count; i++)
        o->run(&p, tables[i]);
    candidate->mine = p.tree;
    c->rollback_of = 0;
    session_done(session, NULL);
}
