/* A growable array of bytes that the caller owns.  Zero-initialised is empty and valid. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "engine/base/span.h"

struct buf {
    char *data;
    size_t len;
    size_t cap;
};

/* Makes room for size more bytes and returns where they go; the caller adds to len what it wrote. */
char *buf_reserve(struct buf *b, size_t size);
void buf_append(struct buf *b, const void *bytes, size_t size);
void buf_append_span(struct buf *b, struct span s);
void buf_append_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
/* Drops the first size bytes. */
void buf_consume(struct buf *b, size_t size);
/* Empty again, memory kept. */
void buf_clear(struct buf *b);
void buf_free(struct buf *b);
/* Appends a NUL that is not counted, so that data can be read as a C string. */
const char *buf_text(struct buf *b);

static inline struct span buf_span(const struct buf *b)
{
    return (struct span){b->data, b->len};
}

#endif
