/* Growable byte arrays. */
#include "engine/base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/xalloc.h"

char *buf_reserve(struct buf *b, size_t size)
{
    if (b->cap - b->len < size) {
        size_t want = b->cap ? b->cap : 256;
        while (want - b->len < size)
            want *= 2;
        b->data = xreallocarray(b->data, want, 1);
        b->cap = want;
    }
    return b->data + b->len;
}

void buf_append(struct buf *b, const void *bytes, size_t size)
{
    if (size == 0)
        return;
    memcpy(buf_reserve(b, size), bytes, size);
    b->len += size;
}

void buf_append_span(struct buf *b, struct span s)
{
    buf_append(b, s.p, s.n);
}

void buf_append_char(struct buf *b, char c)
{
    *buf_reserve(b, 1) = c;
    b->len++;
}

void buf_vprintf(struct buf *b, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (size < 0)
        abort();
    vsnprintf(buf_reserve(b, (size_t)size + 1), (size_t)size + 1, format, args);
    b->len += (size_t)size;
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_vprintf(b, format, args);
    va_end(args);
}

void buf_consume(struct buf *b, size_t size)
{
    if (size >= b->len) {
        b->len = 0;
        return;
    }
    memmove(b->data, b->data + size, b->len - size);
    b->len -= size;
}

void buf_clear(struct buf *b)
{
    b->len = 0;
}

void buf_free(struct buf *b)
{
    free(b->data);
    *b = (struct buf){0};
}

const char *buf_text(struct buf *b)
{
    *buf_reserve(b, 1) = '\0';
    return b->data;
}
