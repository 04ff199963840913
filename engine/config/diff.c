/* Where two tables differ.
 *
 * Both are walked side by side in the order of keys.  A chunk that both share is always met by both walks at its first
 * row at the same time, because no key is in a table twice: it is passed by without a look at its rows.
 */
#include "engine/config/table.h"

static const struct config_chunk *chunk_at(const struct config_cursor *c)
{
    return c->chunk < config_table_chunk_count(c->table) ? config_table_chunk(c->table, c->chunk) : NULL;
}

static const struct schema_row *row_at(const struct config_cursor *c)
{
    const struct config_chunk *chunk = chunk_at(c);
    return chunk ? chunk->rows[c->row] : NULL;
}

static bool same_chunk(const struct config_chunk *a, const struct config_chunk *b)
{
    return a == b || (a->hashed && b->hashed && memcmp(a->hash, b->hash, sizeof a->hash) == 0);
}

static bool pass_shared_chunk(struct config_cursor *a, struct config_cursor *b)
{
    const struct config_chunk *chunk_a = chunk_at(a), *chunk_b = chunk_at(b);
    if (!chunk_a || !chunk_b || a->row || b->row || !same_chunk(chunk_a, chunk_b))
        return false;
    a->chunk++;
    b->chunk++;
    return true;
}

struct difference {
    const struct schema_row *before, *after;
};

/* The next difference; false when there is none. */
static bool next_difference(struct config_cursor *before, struct config_cursor *after, struct difference *d)
{
    for (;;) {
        if (pass_shared_chunk(before, after))
            continue;
        *d = (struct difference){row_at(before), row_at(after)};
        if (!d->before && !d->after)
            return false;
        int order = !d->before ? 1 : !d->after ? -1 : config_key_compare(d->before, d->after);
        if (order <= 0)
            config_table_next(before);
        else
            d->before = NULL;
        if (order >= 0)
            config_table_next(after);
        else
            d->after = NULL;
        if (order != 0 || !schema_row_equal(d->before, d->after))
            return true;
    }
}

void config_table_diff(const struct config_table *before, const struct config_table *after,
                       void (*visit)(const struct schema_row *before, const struct schema_row *after,
                                     void *context),
                       void *context)
{
    struct config_cursor a = config_table_start(before), b = config_table_start(after);
    struct difference d;
    while (before != after && next_difference(&a, &b, &d))
        visit(d.before, d.after, context);
}

bool config_table_equal(const struct config_table *a, const struct config_table *b)
{
    struct config_cursor cursor_a = config_table_start(a), cursor_b = config_table_start(b);
    struct difference d;
    return a == b ||
           (config_table_count(a) == config_table_count(b) && !next_difference(&cursor_a, &cursor_b, &d));
}
