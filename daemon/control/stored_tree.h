/* Configuration trees in the store: each chunk of rows once, by its hash; a level tree names the chunks of each table.
 *
 * A tree is named by its levels: a JSON object {"machine/a": hash of the level tree}, as a manifest has it.
 */
#ifndef CONTROL_STORED_TREE_H
#define CONTROL_STORED_TREE_H

#include <jansson.h>

#include "daemon/control/store_config.h"
#include "engine/config/tree.h"

/* Stores what is not stored yet and returns the levels, or NULL.  Chunks that stored (a tree in the store, or NULL)
 * has too are passed by. */
json_t *stored_tree_put(struct store_config *s, const struct config_tree *tree,
                        const struct config_tree *stored, struct error *error);
/* Chunks that `like` (or NULL) has too are shared with it instead of read.  NULL on error. */
struct config_tree *stored_tree_get(struct store_config *s, const json_t *levels,
                                    const struct config_tree *like, struct error *error);
/* Names all its blobs by store_config_use_blob(). */
bool stored_tree_use(struct store_config *s, const json_t *levels, struct error *error);

/* The tables of a level by its hash: {"smtproutes": [hashes of its chunks], ...}, a new reference, or NULL. */
json_t *stored_level_get(struct store_config *s, const json_t *name, struct error *error);
/* A chunk by its hash: a new reference, or NULL. */
struct config_chunk *stored_chunk_get(struct store_config *s, const struct schema_table *schema,
                                      const json_t *name, struct error *error);

#endif
