/* Content transfer encodings, decoded block by block (RFC 2045 section 6). */
#ifndef MIME_TRANSFER_H
#define MIME_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/span.h"

enum mime_encoding { MIME_IDENTITY, MIME_BASE64, MIME_QUOTED_PRINTABLE };

/* Zero-initialised but for encoding is the beginning. */
struct mime_transfer {
    enum mime_encoding encoding;
    uint32_t bits; /* base64: the sextets of an unfinished group */
    unsigned held; /* base64: how many of them; quoted-printable: characters of an escape seen */
    char first;    /* quoted-printable: first digit of the escape */
    bool broken;   /* something did not decode and was skipped or taken literally */
};

/* What a Content-Transfer-Encoding says; unknown ones count as identity. */
enum mime_encoding mime_encoding_of(struct span value);

/* Bytes that mime_transfer_decode() may write beyond the size of its input. */
enum { MIME_TRANSFER_SLACK = 4 };

/* Decodes in; the result is in itself or lies in out, which has room for in.n + MIME_TRANSFER_SLACK. */
struct span mime_transfer_decode(struct mime_transfer *transfer, struct span in, char *out);

/* What is left after the last block, in out; from then on broken is final. */
struct span mime_transfer_finish(struct mime_transfer *transfer, char *out);

/* Value of a hexadecimal digit, or -1. */
static inline int mime_hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
