/* The shape of a cluster: its name, its groups, and which machine is in which.
 *
 * It is kept in three tables at cluster level and is part of every revision.  Changes here leave what is in force on each
 * machine as it is, but for a machine that goes to another group.
 */
#ifndef CONFIG_CLUSTER_H
#define CONFIG_CLUSTER_H

#include "engine/base/error.h"
#include "engine/config/tree.h"

/* "" when there is none; valid as long as tree is. */
struct span config_cluster_name(const struct config_tree *tree);
/* Whether there is such a level: the cluster, a group of it, a machine of it. */
bool config_level_exists(const struct config_tree *tree, const char *level);
/* The same; a tree without a cluster has machines alone. */
bool config_level_may_have_settings(const struct config_tree *tree, const char *level);
/* Whether such a table can be set at a level of this name: one that is machine_only can at machines alone. */
bool config_level_takes(const char *level, const struct schema_table *table);
/* The group of a machine ("a", not "machine/a"), "" when it is in none. */
struct span config_group_of(const struct config_tree *tree, struct span machine);
/* Whether every level that sets something exists, and takes what it sets. */
bool config_check_levels(const struct config_tree *tree, struct error *error);

/* What clusterconfig can do.  Names have been checked against the schema.  False, with a sentence, when it is not possible;
 * what is so already is done. */
struct cluster_change {
    const char *machine; /* this one */
    const char *name, *other;
};
/* A cluster `name` with this machine in it, whose settings become those of the cluster, but for what is machine_only. */
bool config_cluster_new(struct config_tree **tree, const struct cluster_change *c, struct error *error);
bool config_cluster_rename(struct config_tree **tree, const struct cluster_change *c, struct error *error);
bool config_group_new(struct config_tree **tree, const struct cluster_change *c, struct error *error);
/* name becomes other. */
bool config_group_rename(struct config_tree **tree, const struct cluster_change *c, struct error *error);
/* With its settings; its machines go to the group other (NULL: there must be none). */
bool config_group_delete(struct config_tree **tree, const struct cluster_change *c, struct error *error);
/* The machine name goes to the group other. */
bool config_member_move(struct config_tree **tree, const struct cluster_change *c, struct error *error);
/* A machine that is to come, in the group other (NULL: the first one), so that settings can be made for it. */
bool config_member_prepare(struct config_tree **tree, const struct cluster_change *c, struct error *error);
/* This machine takes along what is in force for it, and the rest of the cluster is forgotten; another machine is forgotten
 * with its settings. */
bool config_member_remove(struct config_tree **tree, const struct cluster_change *c, struct error *error);

#endif
