/* One row back through the stored revisions. */
#include "daemon/control/stored_row.h"

/* A JSON array without elements: what is not set. */
static size_t count_of(const json_t *chunks)
{
    return chunks ? json_array_size(chunks) : 0;
}

/* The chunk that had the row is there still: so is the row.  Looked for from where it was. */
static bool is_shared(struct stored_row *r, const json_t *chunks)
{
    const json_t *holder = r->row ? json_array_get(r->chunks, r->at) : NULL;
    size_t count = count_of(chunks);
    for (size_t i = 0; holder && i < count; i++) {
        size_t at = (r->at + i) % count;
        if (json_equal(json_array_get(chunks, at), holder)) {
            r->at = at;
            return true;
        }
    }
    return false;
}

/* 0 when the chunk has the row, or a gap in its place; else where to look for it. */
static int compare(const struct schema_row *row, const struct config_chunk *chunk)
{
    if (config_key_compare(row, chunk->rows[0]) < 0)
        return -1;
    return config_key_compare(row, chunk->rows[chunk->count - 1]) > 0;
}

static void take_from(struct stored_row *r, const struct config_chunk *chunk)
{
    for (unsigned i = 0; i < chunk->count; i++)
        if (config_key_compare(r->like, chunk->rows[i]) == 0)
            r->row = schema_row_ref(chunk->rows[i]);
}

/* By halves; the first guess is where it was. */
static bool search(struct stored_row *r, const json_t *chunks, struct error *error)
{
    size_t low = 0, high = count_of(chunks), at = r->at < high ? r->at : high / 2;
    for (int order = 1; low < high && order; at = low + (high - low) / 2) {
        struct config_chunk *chunk =
            stored_chunk_get(r->store, r->like->table, json_array_get(chunks, at), error);
        if (!chunk)
            return false;
        order = chunk->count ? compare(r->like, chunk) : 1;
        if (order < 0)
            high = at;
        else
            low = at + 1;
        if (order == 0) {
            take_from(r, chunk);
            r->at = at;
        }
        config_chunk_unref(chunk);
    }
    return true;
}

static bool step_to(struct stored_row *r, json_t *chunks, struct error *error)
{
    bool good = true;
    if (!json_equal(r->chunks, chunks) && !is_shared(r, chunks)) {
        schema_row_unref(r->row);
        r->row = NULL;
        good = search(r, chunks, error);
    }
    json_decref(r->chunks);
    r->chunks = json_incref(chunks);
    return good;
}

bool stored_row_step(struct stored_row *r, const json_t *levels, struct error *error)
{
    json_t *name = json_object_get(levels, r->level), *tables = NULL;
    if (name && json_equal(r->level_hash, name))
        return true;
    if (name && !(tables = stored_level_get(r->store, name, error)))
        return false;
    bool good = step_to(r, json_object_get(tables, r->like->table->name), error);
    json_decref(tables);
    json_decref(r->level_hash);
    r->level_hash = json_incref(name);
    return good;
}

void stored_row_end(struct stored_row *r)
{
    schema_row_unref(r->row);
    json_decref(r->level_hash);
    json_decref(r->chunks);
}
