/* One row of a level back through the stored revisions.
 *
 * A revision shares nearly all with the next one, by the hashes of its parts, and of what it does not share only the chunk
 * that has the row is read: the cost does not grow with the rows of the table.
 */
#ifndef CONTROL_STORED_ROW_H
#define CONTROL_STORED_ROW_H

#include "daemon/control/stored_tree.h"

struct stored_row {
    struct store_config *store;
    const char *level;
    const struct schema_row *like; /* any row of its table with its key */
    struct schema_row *row;        /* as it is in the revision of the latest step; NULL: not there */
    /* Of that revision; internal. */
    json_t *level_hash, *chunks; /* NULL: the table is not set at this level */
    size_t at;                   /* the chunk that has the row */
};

/* Goes to the revision with these levels.  False when it cannot be read. */
bool stored_row_step(struct stored_row *r, const json_t *levels, struct error *error);
void stored_row_end(struct stored_row *r);

#endif
