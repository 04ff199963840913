/* Trees of levels: what is set where, what is in force at a place, where two trees differ. */
#include "engine/config/tree.h"

#include <stdlib.h>

#include "engine/base/xalloc.h"

struct level {
    char *name;
    struct config_table *tables[SCHEMA_TABLE_COUNT]; /* NULL: inherited */
    bool asked[SCHEMA_TABLE_COUNT];                  /* somebody asked for that table by name */
};

struct config_tree {
    unsigned references;
    size_t count;
    struct level *levels; /* sorted by name */
};

struct config_tree *config_tree_new(void)
{
    struct config_tree *tree = xcalloc(1, sizeof *tree);
    tree->references = 1;
    return tree;
}

struct config_tree *config_tree_ref(struct config_tree *tree)
{
    tree->references++;
    return tree;
}

void config_tree_unref(struct config_tree *tree)
{
    if (!tree || --tree->references)
        return;
    for (size_t i = 0; i < tree->count; i++) {
        for (size_t id = 0; id < SCHEMA_TABLE_COUNT; id++)
            config_table_unref(tree->levels[i].tables[id]);
        free(tree->levels[i].name);
    }
    free(tree->levels);
    free(tree);
}

const char *config_tree_level(const struct config_tree *tree, size_t index)
{
    return index < tree->count ? tree->levels[index].name : NULL;
}

/* The first level whose name is not before name; a tree has a handful. */
static size_t find_level(const struct config_tree *tree, const char *name, bool *found)
{
    size_t i = 0;
    while (i < tree->count && strcmp(tree->levels[i].name, name) < 0)
        i++;
    *found = i < tree->count && strcmp(tree->levels[i].name, name) == 0;
    return i;
}

struct config_table *config_tree_table(const struct config_tree *tree, const char *level,
                                       enum schema_table_id id)
{
    bool found;
    size_t index = find_level(tree, level, &found);
    return found ? tree->levels[index].tables[id] : NULL;
}

/* ---- changes ---- */

/* *tree, or when others hold it a copy with the same tables in its place. */
static struct config_tree *own_tree(struct config_tree **tree)
{
    struct config_tree *shared = *tree;
    if (shared->references == 1)
        return shared;
    struct config_tree *own = config_tree_new();
    own->count = shared->count;
    own->levels = xcalloc(shared->count + 1, sizeof *own->levels);
    for (size_t i = 0; i < shared->count; i++) {
        own->levels[i] = shared->levels[i];
        own->levels[i].name = xstrdup(shared->levels[i].name);
        for (size_t id = 0; id < SCHEMA_TABLE_COUNT; id++)
            if (own->levels[i].tables[id])
                config_table_ref(own->levels[i].tables[id]);
    }
    config_tree_unref(shared);
    *tree = own;
    return own;
}

static struct level *add_level(struct config_tree *tree, size_t index, const char *name)
{
    tree->levels = xreallocarray(tree->levels, tree->count + 1, sizeof *tree->levels);
    memmove(tree->levels + index + 1, tree->levels + index, (tree->count - index) * sizeof *tree->levels);
    tree->levels[index] = (struct level){.name = xstrdup(name)};
    tree->count++;
    return &tree->levels[index];
}

/* A level that sets nothing is none. */
static void drop_empty_level(struct config_tree *tree, size_t index)
{
    for (size_t id = 0; id < SCHEMA_TABLE_COUNT; id++)
        if (tree->levels[index].tables[id])
            return;
    free(tree->levels[index].name);
    tree->count--;
    memmove(tree->levels + index, tree->levels + index + 1, (tree->count - index) * sizeof *tree->levels);
}

void config_tree_set(struct config_tree **tree, const char *level, enum schema_table_id id,
                     struct config_table *table)
{
    config_table_unref(config_tree_take(tree, level, id));
    struct config_tree *own = own_tree(tree);
    bool found;
    size_t index = find_level(own, level, &found);
    if (table) {
        (found ? &own->levels[index] : add_level(own, index, level))->tables[id] = table;
    } else if (found) {
        own->levels[index].asked[id] = false;
        drop_empty_level(own, index);
    }
}

void config_tree_ask(struct config_tree **tree, const char *level, enum schema_table_id id)
{
    struct config_tree *own = own_tree(tree);
    bool found;
    size_t index = find_level(own, level, &found);
    if (found)
        own->levels[index].asked[id] = true;
}

bool config_tree_is_asked(const struct config_tree *tree, const char *level, enum schema_table_id id)
{
    bool found;
    size_t index = find_level(tree, level, &found);
    return found && tree->levels[index].asked[id];
}

struct config_table *config_tree_take(struct config_tree **tree, const char *level, enum schema_table_id id)
{
    if (!config_tree_table(*tree, level, id))
        return NULL;
    struct config_tree *own = own_tree(tree);
    bool found;
    struct config_table **slot = &own->levels[find_level(own, level, &found)].tables[id], *taken = *slot;
    *slot = NULL;
    return taken;
}

/* ---- what is in force ---- */

static const struct config_table *built_in(enum schema_table_id id)
{
    static struct config_table *presets[SCHEMA_TABLE_COUNT]; /* made once, kept to the end */
    if (!presets[id])
        presets[id] = config_table_preset(&schema_tables[id]);
    return presets[id];
}

static bool is_below(const char *level, const char *kind)
{
    return strncmp(level, kind, strlen(kind)) == 0;
}

/* A group that sets nothing has no level in the tree, and nothing is inherited from it. */
static const char *level_of_group(const struct config_tree *tree, struct span group)
{
    struct span name;
    for (size_t i = 0; i < tree->count; i++) {
        name = span_text(tree->levels[i].name);
        if (is_below(name.p, CONFIG_GROUP) &&
            span_equal(span_slice(name, strlen(CONFIG_GROUP), name.n), group))
            return name.p;
    }
    return CONFIG_CLUSTER;
}

const char *config_level_above(const struct config_tree *tree, const char *level)
{
    if (is_below(level, CONFIG_GROUP))
        return CONFIG_CLUSTER;
    const struct config_table *members = config_tree_table(tree, CONFIG_CLUSTER, SCHEMA_CLUSTER_MEMBERS);
    if (!members || !is_below(level, CONFIG_MACHINE))
        return NULL;
    const struct schema_row *member = config_table_find(members, span_text(level + strlen(CONFIG_MACHINE)));
    return member ? level_of_group(tree, schema_row_text(member, CLUSTER_MEMBERS_GROUP)) : NULL;
}

const struct config_table *config_resolve(const struct config_tree *tree, const struct config_place *place,
                                          enum schema_table_id id, const char **level)
{
    const char *at = place->level;
    const struct config_table *table = NULL;
    while (at && !(table = config_tree_table(tree, at, id)))
        at = config_level_above(tree, at);
    if (level)
        *level = at;
    return table ? table : built_in(id);
}

const struct config_table *config_inherited(const struct config_tree *tree, const char *level,
                                            enum schema_table_id id)
{
    const struct config_place above = {config_level_above(tree, level)};
    return config_resolve(tree, &above, id, NULL);
}

/* ---- differences ---- */

bool config_tree_pairs(const struct config_tree *before, const struct config_tree *after,
                       bool (*visit)(const char *level, enum schema_table_id id, struct config_table *before,
                                     struct config_table *after, void *context),
                       void *context)
{
    size_t b = 0, a = 0;
    while (b < before->count || a < after->count) {
        const struct level *old = b < before->count ? &before->levels[b] : NULL;
        const struct level *new = a < after->count ? &after->levels[a] : NULL;
        int order = !old ? 1 : !new ? -1 : strcmp(old->name, new->name);
        const char *name = order <= 0 ? old->name : new->name;
        b += order <= 0;
        a += order >= 0;
        for (size_t id = 0; id < SCHEMA_TABLE_COUNT; id++) {
            struct config_table *old_table = order <= 0 ? old->tables[id] : NULL;
            struct config_table *new_table = order >= 0 ? new->tables[id] : NULL;
            if (old_table != new_table &&
                !visit(name, (enum schema_table_id)id, old_table, new_table, context))
                return false;
        }
    }
    return true;
}

static bool is_equal(const char *level, enum schema_table_id id, struct config_table *before,
                     struct config_table *after, void *context)
{
    (void)level;
    (void)id;
    (void)context;
    return before && after && config_table_equal(before, after);
}

bool config_tree_equal(const struct config_tree *a, const struct config_tree *b)
{
    return a == b || config_tree_pairs(a, b, is_equal, NULL);
}

struct diff {
    const struct config_tree *before, *after;
    struct config_change change;
    void (*visit)(const struct config_change *change, void *context);
    void *context;
};

static void visit_row(const struct schema_row *before, const struct schema_row *after, void *context)
{
    struct diff *diff = context;
    diff->change.before = before;
    diff->change.after = after;
    diff->visit(&diff->change, diff->context);
}

static bool visit_table(const char *level, enum schema_table_id id, struct config_table *before,
                        struct config_table *after, void *context)
{
    struct diff *diff = context;
    diff->change = (struct config_change){.level = level, .table = &schema_tables[id]};
    config_table_diff(before ? before : config_inherited(diff->before, level, id),
                      after ? after : config_inherited(diff->after, level, id), visit_row, diff);
    return true;
}

void config_tree_diff(const struct config_tree *before, const struct config_tree *after,
                      void (*visit)(const struct config_change *change, void *context), void *context)
{
    struct diff diff = {.before = before, .after = after, .visit = visit, .context = context};
    config_tree_pairs(before, after, visit_table, &diff);
}
