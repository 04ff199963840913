/* Bytes with a count of who needs them. */
#include "daemon/scan/learned_set.h"

#include <stdlib.h>

#include "engine/base/xalloc.h"

struct learned_set {
    unsigned references;
    uint32_t count;
    struct buf bytes;
};

struct learned_set *learned_set_new(uint32_t count, struct buf *bytes)
{
    struct learned_set *set = xcalloc(1, sizeof *set);
    *set = (struct learned_set){.references = 1, .count = count, .bytes = *bytes};
    *bytes = (struct buf){0};
    return set;
}

struct learned_set *learned_set_ref(struct learned_set *set)
{
    if (set)
        set->references++;
    return set;
}

void learned_set_unref(struct learned_set *set)
{
    if (!set || --set->references)
        return;
    buf_free(&set->bytes);
    free(set);
}

struct span learned_set_bytes(const struct learned_set *set)
{
    return set ? buf_span(&set->bytes) : (struct span){0};
}

uint32_t learned_set_count(const struct learned_set *set)
{
    return set ? set->count : 0;
}
