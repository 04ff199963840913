/* The rows of one table: a persistent sorted sequence in chunks of about 256 rows.
 *
 * Tables share chunks: a copy is a reference, and a change copies the one chunk that it touches unless nobody else
 * has it.  So a candidate, the revisions in use and what a role runs with cost only what differs between them.
 */
#ifndef CONFIG_TABLE_H
#define CONFIG_TABLE_H

#include <stddef.h>

#include "engine/schema/schema.h"

enum {
    CONFIG_CHUNK_ROWS = 256
}; /* a chunk is split in two at twice this and joined to its neighbour below a quarter */

enum {
    CONFIG_HASH_BYTES = 32,
    CONFIG_CHUNK_VERSION = 1, /* of its JSON */
};

struct config_chunk {
    unsigned references;
    bool hashed;
    unsigned char hash[CONFIG_HASH_BYTES]; /* of its canonical JSON; filled in by whoever stores it */
    unsigned count;
    const struct schema_row *rows[2 * CONFIG_CHUNK_ROWS];
};

/* Chunks are made by tables and by config_chunk_from_json(); these are for whoever keeps some by their hash. */
struct config_chunk *config_chunk_new(void); /* empty */
struct config_chunk *config_chunk_ref(struct config_chunk *chunk);
void config_chunk_unref(struct config_chunk *chunk);

/* The order of rows in a table: that of the bytes of their keys. */
int config_key_compare(const struct schema_row *a, const struct schema_row *b);

struct config_table; /* references are counted */

struct config_table *config_table_new(const struct schema_table *schema); /* empty */
/* The built-in default. */
struct config_table *config_table_preset(const struct schema_table *schema);
struct config_table *config_table_ref(struct config_table *t);
void config_table_unref(struct config_table *t);
const struct schema_table *config_table_schema(const struct config_table *t);
size_t config_table_count(const struct config_table *t);

/* The row with this key as stored, or NULL; O(log n). Valid as long as t is. */
const struct schema_row *config_table_find(const struct config_table *t, struct span key);
/* The one row of a single table. */
const struct schema_row *config_table_single(const struct config_table *t);

/* *t becomes a table with row in it, in place of one with the same key; the row is taken over.  When *t is shared it
 * is copied first and the shared one is left as it is. */
void config_table_put(struct config_table **t, struct schema_row *row);
/* False when there is no such row. */
bool config_table_remove(struct config_table **t, struct span key);
/* Removes all rows but the fixed one. */
void config_table_clear(struct config_table **t);

/* Rows in the order of their keys: for (c = config_table_start(t); (row = config_table_next(&c));) */
struct config_cursor {
    const struct config_table *table;
    size_t chunk;
    unsigned row;
};
struct config_cursor config_table_start(const struct config_table *t);
const struct schema_row *config_table_next(struct config_cursor *c);
/* From the first row whose key is this one or behind it; O(log n). */
struct config_cursor config_table_from(const struct config_table *t, struct span key);
/* The first row that belongs to this row of the table's owner, or NULL; O(log n). */
const struct schema_row *config_table_owned(const struct config_table *t, struct span owner);

/* Chunks, for the store. */
size_t config_table_chunk_count(const struct config_table *t);
struct config_chunk *config_table_chunk(const struct config_table *t, size_t index);
/* Appends the chunk as canonical JSON {"rows":[...],"version":1}. */
void config_chunk_put_json(struct buf *out, const struct config_chunk *chunk);
/* Adds a chunk behind the last one; taken over, also when it is refused.  It must have rows, with their keys in order
 * and behind all others: false otherwise. */
bool config_table_append(struct config_table *t, struct config_chunk *chunk);
/* From its JSON (engine/config/chunk_json.c); NULL on error.  A missing field gets its default: it is younger than the
 * chunk.  A version that is not known is refused with advice. */
struct config_chunk *config_chunk_from_json(const struct schema_table *schema, struct span json,
                                            struct error *error);

/* Calls visit for each row that differs, in the order of keys: before is NULL for a new row, after for a removed one.
 * Costs what differs: chunks that both share are passed by. */
void config_table_diff(const struct config_table *before, const struct config_table *after,
                       void (*visit)(const struct schema_row *before, const struct schema_row *after,
                                     void *context),
                       void *context);
bool config_table_equal(const struct config_table *a, const struct config_table *b);

#endif
