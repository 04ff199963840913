/* Base64 and quoted-printable, forgiving: what does not decode is skipped or taken as it is, and told. */
#include "engine/mime/transfer.h"

enum { SKIP = 64, PAD = 65, BAD = 66 };

#define BAD4 BAD, BAD, BAD, BAD
#define BAD16 BAD4, BAD4, BAD4, BAD4
static const uint8_t
    sextets[256] =
        {
            BAD4,  BAD4,  BAD,   SKIP,  SKIP,  BAD,   BAD,   SKIP,  BAD, BAD, BAD16,          /* controls */
            SKIP,  BAD,   BAD,   BAD,   BAD4,  BAD,   BAD,   BAD,   62,  BAD, BAD,   BAD, 63, /* blank + / */
            52,    53,    54,    55,    56,    57,    58,    59,    60,  61,  BAD,   BAD, BAD,
            PAD,   BAD,   BAD, /* digits = */
            BAD,   0,     1,     2,     3,     4,     5,     6,     7,   8,   9,     10,  11,
            12,    13,    14,    15,    16,    17,    18,    19,    20,  21,  22, /* A-W */
            23,    24,    25,    BAD,   BAD4,  BAD,   26,    27,    28,  29,  30,    31,  32,
            33,    34,    35,    36,    37,    38,    39,    40,                                /* X-Z a-o */
            41,    42,    43,    44,    45,    46,    47,    48,    49,  50,  51,    BAD, BAD4, /* p-z */
            BAD16, BAD16, BAD16, BAD16, BAD16, BAD16, BAD16, BAD16,
};

enum mime_encoding mime_encoding_of(struct span value)
{
    value = span_trim(value);
    if (span_starts_nocase(value, SPAN("base64")))
        return MIME_BASE64;
    if (span_starts_nocase(value, SPAN("quoted-printable")))
        return MIME_QUOTED_PRINTABLE;
    return MIME_IDENTITY;
}

static char *put_group(char *out, uint32_t bits)
{
    *out++ = (char)(bits >> 16);
    *out++ = (char)(bits >> 8);
    *out++ = (char)bits;
    return out;
}

/* Ends a group early: 2 sextets are one byte, 3 are two; a single one is nothing. */
static char *end_group(struct mime_transfer *t, char *out)
{
    if (t->held == 1)
        t->broken = true;
    if (t->held >= 2)
        *out++ = (char)(t->bits >> (6 * t->held - 8));
    if (t->held == 3)
        *out++ = (char)(t->bits >> 2);
    t->bits = 0;
    t->held = 0;
    return out;
}

static char *decode_sextet(struct mime_transfer *t, uint8_t value, char *out)
{
    if (value == SKIP)
        return out;
    if (value == PAD)
        return t->held ? end_group(t, out) : out;
    if (value == BAD) {
        t->broken = true;
        return out;
    }
    t->bits = t->bits << 6 | value;
    if (++t->held < 4)
        return out;
    out = put_group(out, t->bits);
    t->bits = 0;
    t->held = 0;
    return out;
}

static size_t decode_base64(struct mime_transfer *t, struct span in, char *out)
{
    const uint8_t *p = (const uint8_t *)in.p, *end = p + in.n;
    char *begin = out;
    while (p < end) {
        while (t->held == 0 && end - p >= 4) {
            uint8_t a = sextets[p[0]], b = sextets[p[1]], c = sextets[p[2]], d = sextets[p[3]];
            if ((a | b | c | d) >= SKIP)
                break;
            out = put_group(out, (uint32_t)a << 18 | (uint32_t)b << 12 | (uint32_t)c << 6 | d);
            p += 4;
        }
        if (p < end)
            out = decode_sextet(t, sextets[*p++], out);
    }
    return (size_t)(out - begin);
}

/* One character after "=": held is 1 after "=", 2 after "=X", 3 after "= " of a soft line break. */
static char *decode_escape(struct mime_transfer *t, char c, char *out)
{
    bool blank = c == ' ' || c == '\t' || c == '\r';
    if (t->held == 2) {
        t->held = 0;
        if (mime_hex_value(c) >= 0) {
            *out++ = (char)(mime_hex_value(t->first) * 16 + mime_hex_value(c));
            return out;
        }
        *out++ = '=';
        *out++ = t->first;
    } else if (c == '\n') {
        t->held = 0;
        return out;
    } else if (blank) {
        t->held = 3;
        return out;
    } else if (t->held == 1 && mime_hex_value(c) >= 0) {
        t->first = c;
        t->held = 2;
        return out;
    } else {
        t->held = 0;
        *out++ = '=';
    }
    t->broken = true;
    *out++ = c;
    return out;
}

static size_t decode_quoted_printable(struct mime_transfer *t, struct span in, char *out)
{
    const char *p = in.p, *end = p + in.n;
    char *begin = out;
    while (p < end) {
        if (t->held) {
            out = decode_escape(t, *p++, out);
            continue;
        }
        size_t run = span_find(span_of(p, (size_t)(end - p)), '=');
        memcpy(out, p, run);
        out += run;
        p += run;
        if (p < end) {
            t->held = 1;
            p++;
        }
    }
    return (size_t)(out - begin);
}

struct span mime_transfer_decode(struct mime_transfer *transfer, struct span in, char *out)
{
    switch (transfer->encoding) {
    case MIME_BASE64:
        return span_of(out, decode_base64(transfer, in, out));
    case MIME_QUOTED_PRINTABLE:
        return span_of(out, decode_quoted_printable(transfer, in, out));
    case MIME_IDENTITY:
        break;
    }
    return in;
}

struct span mime_transfer_finish(struct mime_transfer *transfer, char *out)
{
    if (transfer->encoding == MIME_BASE64)
        return span_of(out, (size_t)(end_group(transfer, out) - out));
    if (transfer->held == 2)
        transfer->broken = true;
    return span_of(out, 0);
}
