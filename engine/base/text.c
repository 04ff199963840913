/* Bytes from the wire made safe to show. */
#include "engine/base/text.h"

static bool is_continuation(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

size_t text_utf8_length(struct span s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    if (s.n == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xC2 && p[0] <= 0xDF)
        return s.n >= 2 && is_continuation(p[1]) ? 2 : 0;
    if ((p[0] & 0xF0) == 0xE0) {
        if (s.n < 3 || !is_continuation(p[1]) || !is_continuation(p[2]))
            return 0;
        if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F))
            return 0;
        return 3;
    }
    if (p[0] >= 0xF0 && p[0] <= 0xF4) {
        if (s.n < 4 || !is_continuation(p[1]) || !is_continuation(p[2]) || !is_continuation(p[3]))
            return 0;
        if ((p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
            return 0;
        return 4;
    }
    return 0;
}

static bool is_control(struct span s, size_t length)
{
    unsigned char c = (unsigned char)s.p[0];
    if (length == 1)
        return c < 0x20 || c == 0x7F;
    return length == 2 && c == 0xC2 && (unsigned char)s.p[1] < 0xA0;
}

void text_from_wire(struct buf *out, struct span wire, size_t limit)
{
    static const char hex[] = "0123456789abcdef";
    struct span rest = span_slice(wire, 0, limit);
    while (rest.n) {
        size_t length = text_utf8_length(rest);
        if (length && !is_control(rest, length)) {
            buf_append(out, rest.p, length);
        } else {
            unsigned char c = (unsigned char)rest.p[0];
            char escaped[4] = {'\\', 'x', hex[c >> 4], hex[c & 15]};
            buf_append(out, escaped, sizeof escaped);
            length = 1;
        }
        rest = span_slice(rest, length, rest.n);
    }
    if (wire.n > limit)
        buf_append(out, "...", 3);
}
