/* Typed put and get for messages between roles. */
#include "engine/wire/wire.h"

#include <stdlib.h>

static void put_number(struct buf *out, uint64_t value, size_t bytes)
{
    char *p = buf_reserve(out, bytes);
    for (size_t i = 0; i < bytes; i++)
        p[i] = (char)(value >> (8 * i));
    out->len += bytes;
}

void wire_put_u8(struct buf *out, uint8_t value)
{
    put_number(out, value, 1);
}

void wire_put_u16(struct buf *out, uint16_t value)
{
    put_number(out, value, 2);
}

void wire_put_u32(struct buf *out, uint32_t value)
{
    put_number(out, value, 4);
}

void wire_put_u64(struct buf *out, uint64_t value)
{
    put_number(out, value, 8);
}

void wire_put_i64(struct buf *out, int64_t value)
{
    put_number(out, (uint64_t)value, 8);
}

void wire_put_span(struct buf *out, struct span value)
{
    if (value.n > UINT32_MAX)
        abort();
    wire_put_u32(out, (uint32_t)value.n);
    buf_append_span(out, value);
}

struct wire_reader wire_reader_of(struct span message)
{
    return (struct wire_reader){.rest = message};
}

static struct span take(struct wire_reader *in, size_t size)
{
    if (in->failed || in->rest.n < size) {
        in->failed = true;
        return (struct span){0};
    }
    struct span taken = {in->rest.p, size};
    in->rest = span_slice(in->rest, size, in->rest.n);
    return taken;
}

static uint64_t get_number(struct wire_reader *in, size_t bytes)
{
    struct span s = take(in, bytes);
    uint64_t value = 0;
    for (size_t i = 0; i < s.n; i++)
        value |= (uint64_t)(unsigned char)s.p[i] << (8 * i);
    return value;
}

uint8_t wire_get_u8(struct wire_reader *in)
{
    return (uint8_t)get_number(in, 1);
}

uint16_t wire_get_u16(struct wire_reader *in)
{
    return (uint16_t)get_number(in, 2);
}

uint32_t wire_get_u32(struct wire_reader *in)
{
    return (uint32_t)get_number(in, 4);
}

uint64_t wire_get_u64(struct wire_reader *in)
{
    return get_number(in, 8);
}

int64_t wire_get_i64(struct wire_reader *in)
{
    return (int64_t)get_number(in, 8);
}

struct span wire_get_span(struct wire_reader *in)
{
    return take(in, wire_get_u32(in));
}

uint32_t wire_get_count(struct wire_reader *in, size_t least_size)
{
    uint32_t count = wire_get_u32(in);
    if (in->failed || (least_size && count > in->rest.n / least_size)) {
        in->failed = true;
        return 0;
    }
    return count;
}

bool wire_reader_done(const struct wire_reader *in)
{
    return !in->failed && in->rest.n == 0;
}
