/* Memory that dies together: a list of blocks, each twice the size of the one before up to a limit. */
#include "engine/base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/xalloc.h"

enum { FIRST_BLOCK = 8 * 1024, LARGEST_BLOCK = 1024 * 1024 };

struct block {
    struct block *next;
    size_t size;
    size_t used;
    alignas(max_align_t) char bytes[];
};

struct arena {
    struct block *blocks; /* the newest first; only this one is filled */
    size_t used;
};

static struct block *block_new(size_t size)
{
    struct block *b = xmalloc(sizeof *b + size);
    b->next = NULL;
    b->size = size;
    b->used = 0;
    return b;
}

struct arena *arena_new(void)
{
    struct arena *a = xcalloc(1, sizeof *a);
    a->blocks = block_new(FIRST_BLOCK);
    return a;
}

static void free_older(struct arena *a)
{
    struct block *b = a->blocks->next;
    while (b) {
        struct block *next = b->next;
        free(b);
        b = next;
    }
    a->blocks->next = NULL;
}

void arena_reset(struct arena *a)
{
    free_older(a);
    if (a->blocks->size > LARGEST_BLOCK) {
        free(a->blocks);
        a->blocks = block_new(FIRST_BLOCK);
    }
    a->blocks->used = 0;
    a->used = 0;
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    free_older(a);
    free(a->blocks);
    free(a);
}

static void add_block(struct arena *a, size_t least)
{
    size_t size = a->blocks->size * 2;
    if (size > LARGEST_BLOCK)
        size = LARGEST_BLOCK;
    if (size < least)
        size = least;
    struct block *b = block_new(size);
    b->next = a->blocks;
    a->blocks = b;
}

void *arena_alloc(struct arena *a, size_t size)
{
    const size_t align = alignof(max_align_t);
    if (size > SIZE_MAX / 2)
        abort();
    size = (size + align - 1) / align * align;
    if (a->blocks->size - a->blocks->used < size)
        add_block(a, size);
    void *memory = a->blocks->bytes + a->blocks->used;
    a->blocks->used += size;
    a->used += size;
    return memory;
}

void *arena_calloc(struct arena *a, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        abort();
    return memset(arena_alloc(a, count * size), 0, count * size);
}

struct span arena_dup(struct arena *a, struct span s)
{
    return (struct span){arena_text(a, s), s.n};
}

char *arena_text(struct arena *a, struct span s)
{
    char *copy = arena_alloc(a, s.n + 1);
    if (s.n)
        memcpy(copy, s.p, s.n);
    copy[s.n] = '\0';
    return copy;
}

struct span arena_printf(struct arena *a, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (size < 0)
        abort();
    char *text = arena_alloc(a, (size_t)size + 1);
    vsnprintf(text, (size_t)size + 1, format, args);
    va_end(args);
    return (struct span){text, (size_t)size};
}

size_t arena_used(const struct arena *a)
{
    return a->used;
}
