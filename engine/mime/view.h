/* The bounded, decoded view of a message that everything which judges mail looks at.
 *
 * One streaming pass makes it, without a tree and without recursion.  Whatever the message holds, time is linear
 * in its size and memory is bounded by the limits; a limit that was hit is told in the flags and the view then
 * holds what came before it (RFC 5322, 2045-2047, 2231, read forgivingly: malformed mail is judged as far as it
 * goes).
 */
#ifndef MIME_VIEW_H
#define MIME_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/span.h"

struct mime_limits {
    size_t depth;        /* nesting of multipart and message/rfc822 */
    size_t parts;        /* in all */
    size_t headers;      /* top-level header fields */
    size_t header_bytes; /* of the top-level header block */
    size_t text_bytes;   /* decoded text kept, all text parts together */
    size_t urls;         /* kept */
};

extern const struct mime_limits mime_default_limits; /* 64, 10000, 10000, 1 MiB, 64 KiB, 256 */

enum mime_flag {
    MIME_LIMIT_DEPTH = 1 << 0,
    MIME_LIMIT_PARTS = 1 << 1,
    MIME_LIMIT_HEADERS = 1 << 2,
    MIME_LIMIT_TEXT = 1 << 3,
    MIME_LIMIT_URLS = 1 << 4,
    MIME_LIMIT_BUDGET = 1 << 5,     /* the CPU budget ended the pass */
    MIME_BROKEN_ENCODING = 1 << 6,  /* base64 or quoted-printable that does not decode */
    MIME_BROKEN_STRUCTURE = 1 << 7, /* missing boundary, header without colon ... */
    MIME_UNKNOWN_CHARSET = 1 << 8,
    MIME_NUL_BYTES = 1 << 9,
};

/* One top-level header field.  All spans but `decoded` point into the message. */
struct mime_header {
    struct span name;
    struct span value;   /* raw: folded, undecoded, without the final line end */
    struct span decoded; /* unfolded, trimmed, RFC 2047 words decoded to UTF-8; in the arena or the message */
};

struct mime_url {
    /* The href of a or area, the action of a form, or a bare URL; entities decoded, at most 2 KiB. */
    struct span target;
    /* The visible text of an a[href], at most 256 bytes; else empty. */
    struct span text;
};

struct mime_attachment {
    struct span name; /* decoded; empty when it has none */
    struct span type; /* "application/pdf", lower case */
};

struct mime_view {
    struct mime_header *headers; /* in message order, after the skipped trace header */
    size_t header_count;
    size_t body_offset; /* where the body begins in the message; its size when there is none */

    /* Decoded visible text of all text parts in their order, each beginning a line: UTF-8 without NUL, lines
     * end with LF, at most limits.text_bytes.  The first part that has any is in it, however deep it lies and
     * whatever limit but the budget was hit before. */
    struct span text;
    struct span hidden; /* text that HTML hides (font size 0, display:none ...), at most 4 KiB */

    struct mime_url *urls;
    size_t url_count;
    struct mime_attachment *attachments; /* at most 64 */
    size_t attachment_count;

    /* facts of structure */
    uint32_t parts; /* the message itself and everything in it, containers too; at most limits.parts */
    uint32_t depth; /* of nesting; at most limits.depth */
    uint32_t html_parts, plain_parts;
    uint32_t images, forms, links, scripts; /* elements in HTML: img, form, a and area with href, script */
    uint64_t html_bytes, plain_bytes, attachment_bytes; /* decoded sizes */
    uint32_t mismatched_links;                          /* the text shows one host, the target is another */
    uint32_t flags;                                     /* enum mime_flag */
};

/* A budget that long work asks now and then; expired() returning true ends the pass early with
 * MIME_LIMIT_BUDGET.  May be NULL. */
struct mime_budget {
    bool (*expired)(void *context);
    void *context;
};

/* Opens the character set converters.  Must be called once before mime_view_build() in a process that will
 * forbid itself to open files; without it, charsets are opened when first met. */
void mime_charsets_open(void);

/* Makes the view of message.  The first skip bytes (the gateway's own trace header) are not looked at, but
 * offsets count from the start of message.  Everything lives in arena or points into message.  Never fails:
 * an empty or senseless message gives an empty view with flags. */
void mime_view_build(struct span message, size_t skip, const struct mime_limits *limits,
                     const struct mime_budget *budget, struct arena *arena, struct mime_view *view);

/* The first header of that name (case ignored), or NULL. */
const struct mime_header *mime_view_header(const struct mime_view *view, const char *name);

#endif
