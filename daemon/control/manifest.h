/* A manifest as it is stored: canonical JSON (sorted, compact) with the hashes of its level trees. */
#ifndef CONTROL_MANIFEST_H
#define CONTROL_MANIFEST_H

#include <jansson.h>

#include "daemon/control/head.h"

/* Appends m; levels (borrowed) is what stored_tree_put() returned. */
void manifest_put(struct buf *out, const struct manifest *m, json_t *levels);
/* Texts go to arena.  levels may be NULL; else *levels is a new reference. */
bool manifest_get(struct span text, struct arena *arena, struct manifest *m, json_t **levels,
                  struct error *error);
/* With all texts in arena. */
struct manifest manifest_copy(const struct manifest *m, struct arena *arena);

#endif
