/* A view of bytes that somebody else owns: not NUL-terminated, may hold any byte.
 *
 * Mail is handled as spans throughout, so that no parser copies or trusts a terminator.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
    const char *p;
    size_t n;
};

#define SPAN(literal) ((struct span){(literal), sizeof(literal) - 1})

static inline struct span span_of(const void *bytes, size_t size)
{
    return (struct span){bytes, size};
}

static inline struct span span_text(const char *text)
{
    return (struct span){text, text ? strlen(text) : 0};
}

static inline bool span_equal(struct span a, struct span b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* The part of s from offset on, at most count bytes; empty when offset is past the end. */
static inline struct span span_slice(struct span s, size_t offset, size_t count)
{
    if (offset > s.n)
        offset = s.n;
    size_t rest = s.n - offset;
    return (struct span){offset ? s.p + offset : s.p, count < rest ? count : rest}; /* p may be NULL */
}

/* Comparisons that ignore the case of ASCII letters, in every locale. */
bool span_starts_nocase(struct span s, struct span prefix);
static inline bool span_equal_nocase(struct span a, struct span b)
{
    return a.n == b.n && span_starts_nocase(a, b);
}

/* s without blanks, tabs, CR and LF at both ends. */
struct span span_trim(struct span s);

/* Index of the first byte c in s, or s.n. */
size_t span_find(struct span s, char c);
/* Index of the first occurrence of what in s, or s.n. */
size_t span_find_span(struct span s, struct span what);

/* Whether any byte is above 127. */
bool span_has_8bit(struct span s);

/* Decimal digits only, the whole span, no sign.  False when it is not a number or does not fit. */
bool span_parse_u64(struct span s, uint64_t *value);

static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

#endif
