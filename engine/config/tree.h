/* A whole configuration: for each level the tables that are set there.
 *
 * Levels are "cluster", "group/NAME" and "machine/NAME".  Which machine is in which group is part of the tree (cluster.h);
 * a standalone machine uses its machine level alone.  A table that a level does not have is inherited, which is not the
 * same as an empty one.
 */
#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

#include "engine/config/table.h"

#define CONFIG_CLUSTER "cluster"
#define CONFIG_GROUP "group/"
#define CONFIG_MACHINE "machine/"

struct config_tree; /* references are counted; shared ones are copied before a change */

struct config_tree *config_tree_new(void);
struct config_tree *config_tree_ref(struct config_tree *tree);
void config_tree_unref(struct config_tree *tree);

/* The table at this level, or NULL where it is inherited.  Valid as long as tree is. */
struct config_table *config_tree_table(const struct config_tree *tree, const char *level,
                                       enum schema_table_id id);
/* Sets (table taken over) or, with NULL, removes. */
void config_tree_set(struct config_tree **tree, const char *level, enum schema_table_id id,
                     struct config_table *table);
/* Takes the table out, so that the tree no longer shares it; NULL when there is none.  Set it (or NULL) afterwards. */
struct config_table *config_tree_take(struct config_tree **tree, const char *level, enum schema_table_id id);

/* Notes that somebody asked for the table that is set at this level: edits then leave it there whatever is in it (R12).
 * Lasts until it is removed; it is no part of what is compared or stored. */
void config_tree_ask(struct config_tree **tree, const char *level, enum schema_table_id id);
bool config_tree_is_asked(const struct config_tree *tree, const char *level, enum schema_table_id id);

/* Levels in the order of their names; NULL behind the last. */
const char *config_tree_level(const struct config_tree *tree, size_t index);

/* Who asks: a level.  What it does not set it inherits from the one above it. */
struct config_place {
    const char *level;
};

/* The level above, of those that set anything: a machine's group, a group's cluster; NULL above the cluster and for a
 * machine that is in none.  Valid as long as tree is. */
const char *config_level_above(const struct config_tree *tree, const char *level);

/* What is in force at place: the nearest level that has the table, else the built-in default (never NULL).  level,
 * when not NULL, is set to its name, or NULL for the built-in default. */
const struct config_table *config_resolve(const struct config_tree *tree, const struct config_place *place,
                                          enum schema_table_id id, const char **level);

/* What level inherits: what would be in force there if it did not have the table. */
const struct config_table *config_inherited(const struct config_tree *tree, const char *level,
                                            enum schema_table_id id);

/* Calls visit for each table of each level that is set in either tree (NULL where it is not) and not shared by both, in
 * the order of levels, until it returns false.  Returns whether it never did. */
bool config_tree_pairs(const struct config_tree *before, const struct config_tree *after,
                       bool (*visit)(const char *level, enum schema_table_id id, struct config_table *before,
                                     struct config_table *after, void *context),
                       void *context);

/* The same tables set at the same levels. */
bool config_tree_equal(const struct config_tree *a, const struct config_tree *b);

/* Calls visit for each row of each level's tables that differs.  A table that is set where it was inherited is
 * compared with what was inherited there. */
struct config_change {
    const char *level;
    const struct schema_table *table;
    const struct schema_row *before, *after; /* NULL: not there */
};
void config_tree_diff(const struct config_tree *before, const struct config_tree *after,
                      void (*visit)(const struct config_change *change, void *context), void *context);

#endif
