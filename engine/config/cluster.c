/* The shape of a cluster, and the changes that clusterconfig makes to it. */
#include "engine/config/cluster.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/xalloc.h"

enum { LEVEL_NAME_MAX = 300 };

static const struct config_table *shape(const struct config_tree *tree, enum schema_table_id id)
{
    const struct config_place cluster = {CONFIG_CLUSTER};
    return config_resolve(tree, &cluster, id, NULL);
}

static bool has(const struct config_tree *tree, enum schema_table_id id, struct span key)
{
    return config_table_find(shape(tree, id), key) != NULL;
}

struct span config_cluster_name(const struct config_tree *tree)
{
    const struct config_table *table = config_tree_table(tree, CONFIG_CLUSTER, SCHEMA_CLUSTER);
    return table ? schema_row_text(config_table_single(table), CLUSTER_NAME) : SPAN("");
}

struct span config_group_of(const struct config_tree *tree, struct span machine)
{
    const struct schema_row *row = config_table_find(shape(tree, SCHEMA_CLUSTER_MEMBERS), machine);
    return row ? schema_row_text(row, CLUSTER_MEMBERS_GROUP) : SPAN("");
}

/* Cuts the kind off the level; false when it is of another kind. */
static bool is_of(struct span level, const char *kind, struct span *name)
{
    struct span prefix = span_text(kind);
    if (!span_equal(span_slice(level, 0, prefix.n), prefix))
        return false;
    *name = span_slice(level, prefix.n, level.n);
    return true;
}

bool config_level_exists(const struct config_tree *tree, const char *level)
{
    struct span name, text = span_text(level);
    if (!config_cluster_name(tree).n)
        return false;
    if (is_of(text, CONFIG_GROUP, &name))
        return has(tree, SCHEMA_CLUSTER_GROUPS, name);
    if (is_of(text, CONFIG_MACHINE, &name))
        return has(tree, SCHEMA_CLUSTER_MEMBERS, name);
    return strcmp(level, CONFIG_CLUSTER) == 0;
}

bool config_level_may_have_settings(const struct config_tree *tree, const char *level)
{
    struct span ignored;
    return config_cluster_name(tree).n ? config_level_exists(tree, level)
                                       : is_of(span_text(level), CONFIG_MACHINE, &ignored);
}

bool config_level_takes(const char *level, const struct schema_table *table)
{
    struct span ignored;
    return !table->machine_only || is_of(span_text(level), CONFIG_MACHINE, &ignored);
}

static bool check_tables(const struct config_tree *tree, const char *level, struct error *error)
{
    for (int id = 0; id < SCHEMA_TABLE_COUNT; id++)
        if (config_tree_table(tree, level, id) && !config_level_takes(level, &schema_tables[id]))
            return error_set(error, "%s is set at %.200s, but each machine has its own",
                             schema_tables[id].name, level);
    return true;
}

bool config_check_levels(const struct config_tree *tree, struct error *error)
{
    const char *level;
    for (size_t i = 0; (level = config_tree_level(tree, i)); i++) {
        if (!config_level_may_have_settings(tree, level))
            return error_set(error,
                             "there are settings at %.200s, which does not exist (any more); "
                             "commit rebase keep theirs drops them",
                             level);
        if (!check_tables(tree, level, error))
            return false;
    }
    return true;
}

/* ---- rows of the shape ---- */

static void put_text(struct schema_value *values, unsigned field, const char *text)
{
    if (text)
        values[field].text = span_text(text);
}

/* Makes or changes the row of this key: its second field becomes value (NULL: as it is). */
static void put_row(struct config_tree **tree, enum schema_table_id id, const char *key, const char *value,
                    bool joined)
{
    const struct schema_table *schema = &schema_tables[id];
    struct config_table *table = config_tree_take(tree, CONFIG_CLUSTER, id);
    if (!table)
        table = config_table_new(schema);
    struct schema_row *start =
        schema_row_preset(schema, schema->kind == SCHEMA_LIST ? span_text(key) : SPAN(""));
    struct schema_value *values = xcalloc(schema->field_count, sizeof *values);
    memcpy(values, start->values, schema->field_count * sizeof *values);
    put_text(values, 0, key);
    if (id == SCHEMA_CLUSTER_MEMBERS) {
        put_text(values, CLUSTER_MEMBERS_GROUP, value);
        values[CLUSTER_MEMBERS_JOINED].number = joined;
    }
    config_table_put(&table, schema_row_new(schema, values));
    config_tree_set(tree, CONFIG_CLUSTER, id, table);
    free(values);
    schema_row_unref(start);
}

static void remove_row(struct config_tree **tree, enum schema_table_id id, struct span key)
{
    struct config_table *table = config_tree_take(tree, CONFIG_CLUSTER, id);
    config_table_remove(&table, key);
    config_tree_set(tree, CONFIG_CLUSTER, id, table);
}

/* The tables that `from` sets go to `to` (NULL: nowhere), but for those that `to` does not take. */
static void move_tables(struct config_tree **tree, const char *from, const char *to)
{
    for (int id = 0; id < SCHEMA_TABLE_COUNT; id++) {
        if (to && !config_level_takes(to, &schema_tables[id]))
            continue;
        struct config_table *table = config_tree_take(tree, from, id);
        if (!table)
            continue;
        config_tree_set(tree, from, id, NULL);
        if (to)
            config_tree_set(tree, to, id, table);
        else
            config_table_unref(table);
    }
}

static void level_name(char level[LEVEL_NAME_MAX], const char *kind, const char *name)
{
    snprintf(level, LEVEL_NAME_MAX, "%s%s", kind, name);
}

static bool needs_group(const struct config_tree *tree, const char *name, struct error *error)
{
    return has(tree, SCHEMA_CLUSTER_GROUPS, span_text(name)) ||
           error_set(error, "group '%s' does not exist", name);
}

static bool needs_machine(const struct config_tree *tree, const char *name, struct error *error)
{
    return has(tree, SCHEMA_CLUSTER_MEMBERS, span_text(name)) ||
           error_set(error, "machine '%s' is not in the cluster", name);
}

/* ---- the cluster ---- */

bool config_cluster_new(struct config_tree **tree, const struct cluster_change *c, struct error *error)
{
    char machine[LEVEL_NAME_MAX];
    struct span present = config_cluster_name(*tree);
    if (present.n)
        return span_equal(present, span_text(c->name)) ||
               error_set(error, "this machine is in the cluster %.*s already", (int)present.n, present.p);
    level_name(machine, CONFIG_MACHINE, c->machine);
    move_tables(tree, machine, CONFIG_CLUSTER);
    put_row(tree, SCHEMA_CLUSTER, c->name, NULL, true);
    put_row(tree, SCHEMA_CLUSTER_GROUPS, CLUSTER_FIRST_GROUP, NULL, true);
    put_row(tree, SCHEMA_CLUSTER_MEMBERS, c->machine, CLUSTER_FIRST_GROUP, true);
    return true;
}

bool config_cluster_rename(struct config_tree **tree, const struct cluster_change *c, struct error *error)
{
    (void)error;
    put_row(tree, SCHEMA_CLUSTER, c->name, NULL, true);
    return true;
}

/* ---- groups ---- */

bool config_group_new(struct config_tree **tree, const struct cluster_change *c, struct error *error)
{
    (void)error;
    put_row(tree, SCHEMA_CLUSTER_GROUPS, c->name, NULL, true);
    return true;
}

/* All machines of the group `from` go to `to`; their number. */
static size_t move_members(struct config_tree **tree, const char *from, const char *to)
{
    size_t count = 0;
    struct config_table *before =
        config_table_ref((struct config_table *)shape(*tree, SCHEMA_CLUSTER_MEMBERS));
    struct config_cursor cursor = config_table_start(before);
    for (const struct schema_row *row; (row = config_table_next(&cursor));) {
        if (!span_equal(schema_row_text(row, CLUSTER_MEMBERS_GROUP), span_text(from)))
            continue;
        count++;
        struct span machine = schema_row_key(row);
        char *name = xmemdup0(machine.p, machine.n);
        if (to)
            put_row(tree, SCHEMA_CLUSTER_MEMBERS, name, to, schema_row_number(row, CLUSTER_MEMBERS_JOINED));
        free(name);
    }
    config_table_unref(before);
    return count;
}

bool config_group_rename(struct config_tree **tree, const struct cluster_change *c, struct error *error)
{
    char from[LEVEL_NAME_MAX], to[LEVEL_NAME_MAX];
    if (!needs_group(*tree, c->name, error))
        return false;
    if (strcmp(c->name, c->other) == 0)
        return true;
    if (has(*tree, SCHEMA_CLUSTER_GROUPS, span_text(c->other)))
        return error_set(error, "group '%s' exists already", c->other);
    level_name(from, CONFIG_GROUP, c->name);
    level_name(to, CONFIG_GROUP, c->other);
    put_row(tree, SCHEMA_CLUSTER_GROUPS, c->other, NULL, true);
    move_members(tree, c->name, c->other);
    move_tables(tree, from, to);
    remove_row(tree, SCHEMA_CLUSTER_GROUPS, span_text(c->name));
    return true;
}

bool config_group_delete(struct config_tree **tree, const struct cluster_change *c, struct error *error)
{
    char level[LEVEL_NAME_MAX];
    if (!needs_group(*tree, c->name, error) || (c->other && !needs_group(*tree, c->other, error)))
        return false;
    if (c->other && strcmp(c->name, c->other) == 0)
        return error_set(error, "its machines cannot go to the group that is deleted");
    if (config_table_count(shape(*tree, SCHEMA_CLUSTER_GROUPS)) == 1)
        return error_set(error, "a cluster has at least one group");
    if (move_members(tree, c->name, c->other) && !c->other)
        return error_set(error, "there are machines in group '%s'; name the group that they are to go to",
                         c->name);
    level_name(level, CONFIG_GROUP, c->name);
    move_tables(tree, level, NULL);
    remove_row(tree, SCHEMA_CLUSTER_GROUPS, span_text(c->name));
    return true;
}

/* ---- machines ---- */

bool config_member_move(struct config_tree **tree, const struct cluster_change *c, struct error *error)
{
    if (!needs_machine(*tree, c->name, error) || !needs_group(*tree, c->other, error))
        return false;
    const struct schema_row *row =
        config_table_find(shape(*tree, SCHEMA_CLUSTER_MEMBERS), span_text(c->name));
    put_row(tree, SCHEMA_CLUSTER_MEMBERS, c->name, c->other, schema_row_number(row, CLUSTER_MEMBERS_JOINED));
    return true;
}

bool config_member_prepare(struct config_tree **tree, const struct cluster_change *c, struct error *error)
{
    struct span group = config_group_of(*tree, span_text(c->name));
    if (c->other && !needs_group(*tree, c->other, error))
        return false;
    if (group.n)
        return !c->other || span_equal(group, span_text(c->other)) ||
               error_set(error, "machine '%s' is in another group; see clusterconfig setgroup", c->name);
    struct config_cursor first = config_table_start(shape(*tree, SCHEMA_CLUSTER_GROUPS));
    group = schema_row_key(config_table_next(&first));
    char *name = c->other ? xstrdup(c->other) : xmemdup0(group.p, group.n);
    put_row(tree, SCHEMA_CLUSTER_MEMBERS, c->name, name, false);
    free(name);
    return true;
}

/* A tree with what is in force at this level, and nothing else. */
static struct config_tree *flattened(const struct config_tree *tree, const char *level)
{
    struct config_tree *flat = config_tree_new();
    const struct config_place place = {level};
    for (int id = 0; id < SCHEMA_TABLE_COUNT; id++) {
        const char *set_at;
        const struct config_table *table = config_resolve(tree, &place, id, &set_at);
        if (set_at && !schema_tables[id].is_shape)
            config_tree_set(&flat, level, id, config_table_ref((struct config_table *)table));
    }
    return flat;
}

bool config_member_remove(struct config_tree **tree, const struct cluster_change *c, struct error *error)
{
    char level[LEVEL_NAME_MAX];
    if (!needs_machine(*tree, c->name, error))
        return false;
    level_name(level, CONFIG_MACHINE, c->name);
    if (strcmp(c->name, c->machine) == 0) {
        struct config_tree *flat = flattened(*tree, level);
        config_tree_unref(*tree);
        *tree = flat;
        return true;
    }
    move_tables(tree, level, NULL);
    remove_row(tree, SCHEMA_CLUSTER_MEMBERS, span_text(c->name));
    return true;
}
