/* A converted message as it leaves: what stays is copied, what changes is encoded (RFC 2045 6.7, 6.8). */
#include "engine/relay/seven_bit.h"

enum {
    QUOTED_LINE = 75,  /* and the '=' of a soft line break */
    BASE64_BYTES = 57, /* of a line of 76 characters */
};

static void put_quoted(struct seven_bit_reader *r, char c, bool literal, struct buf *out)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t width = literal ? 1 : 3;
    if (r->column + width > QUOTED_LINE) {
        buf_append_span(out, SPAN("=\r\n"));
        r->column = 0;
    }
    if (literal) {
        buf_append_char(out, c);
    } else {
        const char escape[] = {'=', hex[(unsigned char)c >> 4], hex[(unsigned char)c & 15]};
        buf_append(out, escape, sizeof escape);
    }
    r->column += width;
}

/* Encodes up to stop, or a byte more; a line end stays one, and a blank before it does not stay bare. */
static void put_quoted_printable(struct seven_bit_reader *r, size_t stop, size_t end, struct buf *out)
{
    const char *p = r->message.p;
    for (; r->pos < stop; r->pos++) {
        char c = p[r->pos], next = r->pos + 1 < end ? p[r->pos + 1] : '\r';
        if (c == '\r' && next == '\n' && r->pos + 1 < end) {
            buf_append_span(out, SPAN("\r\n"));
            r->column = 0;
            r->pos++;
        } else if (c == ' ' || c == '\t') {
            put_quoted(r, c, next != '\r' && next != '\n', out);
        } else {
            put_quoted(r, c, c > ' ' && c <= '~' && c != '=', out);
        }
    }
}

static void put_base64_line(struct span in, struct buf *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < in.n; i += 3) {
        struct span group = span_slice(in, i, 3);
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (k < group.n ? (unsigned char)group.p[k] : 0);
        for (size_t k = 0; k < 4; k++)
            buf_append_char(out, k <= group.n ? digits[bits >> (18 - 6 * k) & 63] : '=');
    }
    buf_append_span(out, SPAN("\r\n"));
}

/* Whole lines: up to stop, or some bytes more. */
static void put_base64(struct seven_bit_reader *r, size_t stop, size_t end, struct buf *out)
{
    while (r->pos < stop) {
        size_t size = end - r->pos < BASE64_BYTES ? end - r->pos : BASE64_BYTES;
        put_base64_line(span_slice(r->message, r->pos, size), out);
        r->pos += size;
    }
}

/* The change that begins where the reader is; it may take several turns. */
static void put_change(struct seven_bit_reader *r, size_t stop, struct buf *out)
{
    const struct seven_bit_change *c = &r->plan->changes[r->next];
    if (stop > c->end)
        stop = c->end;
    if (r->pos == c->begin)
        r->column = 0;
    if (c->encoding == MIME_QUOTED_PRINTABLE) {
        put_quoted_printable(r, stop, c->end, out);
    } else if (c->encoding == MIME_BASE64) {
        put_base64(r, stop, c->end, out);
    } else {
        buf_append_span(out, c->text);
        r->pos = c->end;
    }
    if (r->pos >= c->end)
        r->next++;
}

bool seven_bit_next(struct seven_bit_reader *r, size_t most, struct buf *out)
{
    size_t stop = r->message.n - r->pos < most ? r->message.n : r->pos + most;
    for (;;) {
        const struct seven_bit_change *c = r->next < r->plan->count ? &r->plan->changes[r->next] : NULL;
        if (c && c->begin <= r->pos) {
            put_change(r, stop, out);
        } else if (r->pos < stop) {
            size_t end = c && c->begin < stop ? c->begin : stop;
            buf_append_span(out, span_slice(r->message, r->pos, end - r->pos));
            r->pos = end;
        }
        bool due = r->next < r->plan->count && r->plan->changes[r->next].begin <= r->pos;
        if (r->pos >= stop && !(due && r->plan->changes[r->next].encoding == MIME_IDENTITY))
            return r->pos < r->message.n;
    }
}
