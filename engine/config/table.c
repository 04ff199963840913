/* Tables of rows in shared chunks: look-up, change, and how many hold what.
 *
 * Whoever changes a table must be the only one to hold it: own_table() and own_chunk() copy what others hold too.
 */
#include "engine/config/table.h"

#include <stdlib.h>

#include "engine/base/xalloc.h"

enum {
    CHUNK_FULL = 2 * CONFIG_CHUNK_ROWS,
    CHUNK_SMALL = CONFIG_CHUNK_ROWS / 4, /* is joined to a neighbour */
    CHUNK_JOINED = CHUNK_FULL * 3 / 4,   /* unless that would soon be split again */
};

struct config_table {
    unsigned references;
    const struct schema_table *schema;
    size_t row_count, chunk_count, chunk_capacity;
    struct config_chunk **chunks; /* none is empty */
};

/* ---- chunks ---- */

struct config_chunk *config_chunk_new(void)
{
    struct config_chunk *chunk = xmalloc(sizeof *chunk);
    chunk->references = 1;
    chunk->hashed = false;
    chunk->count = 0;
    return chunk;
}

struct config_chunk *config_chunk_ref(struct config_chunk *chunk)
{
    chunk->references++;
    return chunk;
}

void config_chunk_unref(struct config_chunk *chunk)
{
    if (!chunk || --chunk->references)
        return;
    for (unsigned i = 0; i < chunk->count; i++)
        schema_row_unref(chunk->rows[i]);
    free(chunk);
}

/* Appends count rows of source, from `from` on, which must have room. */
static void chunk_add(struct config_chunk *chunk, const struct config_chunk *source, unsigned from,
                      unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        chunk->rows[chunk->count++] = schema_row_ref(source->rows[from + i]);
}

static int key_compare(struct span a, struct span b)
{
    size_t common = a.n < b.n ? a.n : b.n;
    int order = common ? memcmp(a.p, b.p, common) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

int config_key_compare(const struct schema_row *a, const struct schema_row *b)
{
    return key_compare(schema_row_key(a), schema_row_key(b));
}

/* The first row whose key is not below key; *found tells whether it is that key. */
static unsigned chunk_search(const struct config_chunk *chunk, struct span key, bool *found)
{
    unsigned low = 0, high = chunk->count;
    *found = false;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        int order = key_compare(schema_row_key(chunk->rows[middle]), key);
        *found |= order == 0;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- tables ---- */

struct config_table *config_table_new(const struct schema_table *schema)
{
    struct config_table *t = xcalloc(1, sizeof *t);
    t->references = 1;
    t->schema = schema;
    return t;
}

struct config_table *config_table_preset(const struct schema_table *schema)
{
    struct config_table *t = config_table_new(schema);
    for (const char *const *key = schema->preset_keys; *key; key++)
        config_table_put(&t, schema_row_preset(schema, span_text(*key)));
    return t;
}

struct config_table *config_table_ref(struct config_table *t)
{
    t->references++;
    return t;
}

void config_table_unref(struct config_table *t)
{
    if (!t || --t->references)
        return;
    for (size_t i = 0; i < t->chunk_count; i++)
        config_chunk_unref(t->chunks[i]);
    free(t->chunks);
    free(t);
}

const struct schema_table *config_table_schema(const struct config_table *t)
{
    return t->schema;
}

size_t config_table_count(const struct config_table *t)
{
    return t->row_count;
}

size_t config_table_chunk_count(const struct config_table *t)
{
    return t->chunk_count;
}

struct config_chunk *config_table_chunk(const struct config_table *t, size_t index)
{
    return t->chunks[index];
}

/* The chunk that holds key or would: the last one that does not begin behind it.  There must be one. */
static size_t table_search(const struct config_table *t, struct span key)
{
    size_t low = 0, high = t->chunk_count - 1;
    while (low < high) {
        size_t middle = low + (high - low + 1) / 2;
        if (key_compare(schema_row_key(t->chunks[middle]->rows[0]), key) <= 0)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

const struct schema_row *config_table_find(const struct config_table *t, struct span key)
{
    bool found = false;
    if (t->chunk_count == 0)
        return NULL;
    const struct config_chunk *chunk = t->chunks[table_search(t, key)];
    unsigned at = chunk_search(chunk, key, &found);
    return found ? chunk->rows[at] : NULL;
}

const struct schema_row *config_table_single(const struct config_table *t)
{
    return config_table_find(t, SPAN(""));
}

struct config_cursor config_table_start(const struct config_table *t)
{
    return (struct config_cursor){.table = t};
}

const struct schema_row *config_table_next(struct config_cursor *c)
{
    if (c->chunk == c->table->chunk_count)
        return NULL;
    const struct config_chunk *chunk = c->table->chunks[c->chunk];
    const struct schema_row *row = chunk->rows[c->row++];
    if (c->row == chunk->count) {
        c->chunk++;
        c->row = 0;
    }
    return row;
}

struct config_cursor config_table_from(const struct config_table *t, struct span key)
{
    struct config_cursor c = config_table_start(t);
    bool found;
    if (t->chunk_count == 0)
        return c;
    c.chunk = table_search(t, key);
    c.row = chunk_search(t->chunks[c.chunk], key, &found);
    if (c.row == t->chunks[c.chunk]->count) {
        c.chunk++;
        c.row = 0;
    }
    return c;
}

const struct schema_row *config_table_owned(const struct config_table *t, struct span owner)
{
    struct buf prefix = {0};
    buf_append_span(&prefix, owner);
    buf_append_char(&prefix, '/');
    struct config_cursor c = config_table_from(t, buf_span(&prefix));
    buf_free(&prefix);
    const struct schema_row *row = config_table_next(&c);
    return row && span_equal(schema_key_owner(schema_row_key(row)), owner) ? row : NULL;
}

/* ---- changes ---- */

/* Makes room for a chunk at index. */
static void insert_chunk(struct config_table *t, size_t index, struct config_chunk *chunk)
{
    if (t->chunk_count == t->chunk_capacity) {
        t->chunk_capacity = t->chunk_capacity ? 2 * t->chunk_capacity : 1;
        t->chunks = xreallocarray(t->chunks, t->chunk_capacity, sizeof *t->chunks);
    }
    memmove(t->chunks + index + 1, t->chunks + index, (t->chunk_count - index) * sizeof *t->chunks);
    t->chunks[index] = chunk;
    t->chunk_count++;
}

static void remove_chunk(struct config_table *t, size_t index)
{
    config_chunk_unref(t->chunks[index]);
    t->chunk_count--;
    memmove(t->chunks + index, t->chunks + index + 1, (t->chunk_count - index) * sizeof *t->chunks);
}

/* *t, or when others hold it a copy with the same chunks in its place. */
static struct config_table *own_table(struct config_table **t)
{
    struct config_table *shared = *t;
    if (shared->references == 1)
        return shared;
    struct config_table *own = config_table_new(shared->schema);
    own->row_count = shared->row_count;
    for (size_t i = 0; i < shared->chunk_count; i++)
        insert_chunk(own, i, config_chunk_ref(shared->chunks[i]));
    config_table_unref(shared);
    *t = own;
    return own;
}

/* The chunk at index, ready for a change. */
static struct config_chunk *own_chunk(struct config_table *t, size_t index)
{
    struct config_chunk *shared = t->chunks[index];
    if (shared->references == 1) {
        shared->hashed = false;
        return shared;
    }
    struct config_chunk *own = config_chunk_new();
    chunk_add(own, shared, 0, shared->count);
    config_chunk_unref(shared);
    t->chunks[index] = own;
    return own;
}

/* Splits a full chunk: its upper half becomes the next one. */
static void split_chunk(struct config_table *t, size_t index)
{
    struct config_chunk *lower = own_chunk(t, index), *upper = config_chunk_new();
    unsigned half = lower->count / 2;
    upper->count = lower->count - half;
    memcpy(upper->rows, lower->rows + half, upper->count * sizeof *upper->rows);
    lower->count = half;
    insert_chunk(t, index + 1, upper);
}

/* Joins a chunk that has become small to a neighbour that has room. */
static void join_chunk(struct config_table *t, size_t index)
{
    if (t->chunks[index]->count == 0) {
        remove_chunk(t, index);
        return;
    }
    if (t->chunks[index]->count >= CHUNK_SMALL)
        return;
    for (size_t left = index ? index - 1 : 0; left <= index && left + 1 < t->chunk_count; left++)
        if (t->chunks[left]->count + t->chunks[left + 1]->count <= CHUNK_JOINED) {
            chunk_add(own_chunk(t, left), t->chunks[left + 1], 0, t->chunks[left + 1]->count);
            remove_chunk(t, left + 1);
            return;
        }
}

void config_table_put(struct config_table **table, struct schema_row *row)
{
    struct config_table *t = own_table(table);
    struct span key = schema_row_key(row);
    if (t->chunk_count == 0)
        insert_chunk(t, 0, config_chunk_new());
    size_t index = table_search(t, key);
    bool found;
    unsigned at = chunk_search(t->chunks[index], key, &found);
    if (!found && t->chunks[index]->count == CHUNK_FULL) {
        split_chunk(t, index);
        if (at > t->chunks[index]->count)
            at -= t->chunks[index++]->count;
    }
    struct config_chunk *chunk = own_chunk(t, index);
    if (found) {
        schema_row_unref(chunk->rows[at]);
    } else {
        memmove(chunk->rows + at + 1, chunk->rows + at, (chunk->count - at) * sizeof chunk->rows[0]);
        chunk->count++;
        t->row_count++;
    }
    chunk->rows[at] = row;
}

bool config_table_remove(struct config_table **table, struct span key)
{
    if (!config_table_find(*table, key))
        return false;
    struct config_table *t = own_table(table);
    size_t index = table_search(t, key);
    struct config_chunk *chunk = own_chunk(t, index);
    bool found;
    unsigned at = chunk_search(chunk, key, &found);
    schema_row_unref(chunk->rows[at]);
    chunk->count--;
    t->row_count--;
    memmove(chunk->rows + at, chunk->rows + at + 1, (chunk->count - at) * sizeof chunk->rows[0]);
    join_chunk(t, index);
    return true;
}

void config_table_clear(struct config_table **table)
{
    const struct schema_table *schema = (*table)->schema;
    const struct schema_row *fixed =
        schema->fixed_key ? config_table_find(*table, span_text(schema->fixed_key)) : NULL;
    struct config_table *cleared = config_table_new(schema);
    if (fixed)
        config_table_put(&cleared, schema_row_ref(fixed));
    config_table_unref(*table);
    *table = cleared;
}

/* Whether the rows are of this table and in the order of their keys, all of them behind `last` (NULL: any). */
static bool chunk_is_sorted(const struct schema_table *schema, const struct config_chunk *chunk,
                            const struct schema_row *last)
{
    for (unsigned i = 0; i < chunk->count; i++) {
        if (chunk->rows[i]->table != schema || (last && config_key_compare(last, chunk->rows[i]) >= 0))
            return false;
        last = chunk->rows[i];
    }
    return chunk->count > 0;
}

bool config_table_append(struct config_table *t, struct config_chunk *chunk)
{
    const struct config_chunk *tail = t->chunk_count ? t->chunks[t->chunk_count - 1] : NULL;
    if (!chunk_is_sorted(t->schema, chunk, tail ? tail->rows[tail->count - 1] : NULL)) {
        config_chunk_unref(chunk);
        return false;
    }
    t->row_count += chunk->count;
    insert_chunk(t, t->chunk_count, chunk);
    return true;
}

void config_chunk_put_json(struct buf *out, const struct config_chunk *chunk)
{
    buf_append_span(out, SPAN("{\"rows\":["));
    for (unsigned i = 0; i < chunk->count; i++) {
        if (i)
            buf_append_char(out, ',');
        schema_row_put_json(out, chunk->rows[i]);
    }
    buf_printf(out, "],\"version\":%d}", CONFIG_CHUNK_VERSION);
}
