/* What the undecoded body shows of its making: the headers of parts, and the tags of HTML.
 *
 * Read as it lies there, without a parser: a tag that a transfer encoding hides is not seen, and one that
 * quoted-printable breaks is seen broken.  That is enough for evidence, and the programs that make mail break it each
 * in their own way.
 */
#include "engine/scan/feature_sink.h"

enum {
    PART_BYTES = 64 * 1024, /* of the body, looked at for headers of parts */
    PART_HEADERS = 40,
    ONE_PART_HEADER_BYTES = 200,
    PART_HEADER_BEGIN = 60, /* so much is a feature as a whole */
    TAG_BYTES = 20000,      /* of the body, looked at for tags */
    ONE_TAG_BYTES = 300,
    NAME_BYTES = 12,
    VALUE_BYTES = 24,
};

static struct span cut(struct span s, size_t bytes)
{
    return span_slice(s, 0, bytes);
}

void feature_add_part_headers(struct feature_sink *sink)
{
    struct span rest = cut(sink->input->body, PART_BYTES);
    for (unsigned count = 0; rest.n && count < PART_HEADERS;) {
        size_t end = span_find(rest, '\n');
        struct span line = span_trim(cut(rest, end));
        rest = span_slice(rest, end + 1, rest.n);
        if (line.n >= ONE_PART_HEADER_BYTES || !span_starts_nocase(line, SPAN("Content-")))
            continue;
        struct span folded = feature_fold(line, sink->scratch);
        feature_add(sink, scan_hash_bytes(feature_seed(FEATURE_NAME, SCAN_PART_HEADERS),
                                          cut(folded, PART_HEADER_BEGIN)));
        feature_add_grams(sink, folded, feature_seed(FEATURE_GRAM, SCAN_PART_HEADERS));
        count++;
    }
}

static bool is_letter(char c)
{
    c = ascii_lower(c);
    return c >= 'a' && c <= 'z';
}

static bool is_name_byte(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9');
}

/* Takes a run of name bytes and '-' off the front. */
static struct span take_name(struct span *rest)
{
    size_t n = 0;
    while (n < rest->n && (is_name_byte(rest->p[n]) || rest->p[n] == '-'))
        n++;
    struct span name = cut(*rest, n);
    *rest = span_slice(*rest, n, rest->n);
    return name;
}

/* Takes what follows '=' off the front: quoted, or up to a blank or '>'. */
static struct span take_value(struct span *rest)
{
    if (span_starts_nocase(*rest, SPAN("3D"))) /* quoted-printable's way to write '=' */
        *rest = span_slice(*rest, 2, rest->n);
    char quote = rest->n ? rest->p[0] : 0;
    bool quoted = quote == '"' || quote == '\'';
    if (quoted)
        *rest = span_slice(*rest, 1, rest->n);
    size_t n = 0;
    while (n < rest->n && (quoted ? rest->p[n] != quote : rest->p[n] != ' ' && rest->p[n] != '>'))
        n++;
    struct span value = cut(*rest, n);
    *rest = span_slice(*rest, n + (quoted ? 1 : 0), rest->n);
    return value;
}

static void add_attribute(struct feature_sink *sink, uint64_t tag, struct span name, struct span value)
{
    char room[VALUE_BYTES + 2];
    feature_add(sink, scan_hash_bytes(tag + FEATURE_NAME, cut(name, NAME_BYTES)));
    struct span folded = feature_fold(cut(value, VALUE_BYTES), room);
    if (span_find(folded, FEATURE_FOREIGN) == folded.n)
        feature_add(sink, scan_hash_bytes(tag + FEATURE_VALUE, folded));
}

static struct span add_attributes(struct feature_sink *sink, uint64_t tag, struct span rest)
{
    while (rest.n && rest.p[0] != '>') {
        struct span name = take_name(&rest);
        if (name.n == 0) {
            rest = span_slice(rest, 1, rest.n);
        } else if (rest.n && rest.p[0] == '=') {
            rest = span_slice(rest, 1, rest.n);
            add_attribute(sink, tag, name, take_value(&rest));
        }
    }
    return rest;
}

/* rest begins behind a '<'.  Returns how much of it was a tag. */
static size_t add_tag(struct feature_sink *sink, struct span rest, uint64_t *previous)
{
    char room[NAME_BYTES + 2];
    size_t n = 0;
    while (n < rest.n && n < NAME_BYTES && (is_name_byte(rest.p[n]) || rest.p[n] == '!'))
        n++;
    if (n == 0 || !(is_letter(rest.p[0]) || rest.p[0] == '!') ||
        (n < rest.n && !memchr(" >\n\r\t/-", rest.p[n], 7)))
        return 0;
    /* Whether it is written in capitals tells the program. */
    uint64_t seed = feature_seed(FEATURE_WORD, SCAN_TAGS) << 1 | (rest.p[0] >= 'A' && rest.p[0] <= 'Z');
    uint64_t tag = scan_hash_bytes(seed, feature_fold(cut(rest, n), room));
    feature_add(sink, tag);
    if (*previous)
        feature_add(sink, scan_hash_mix(tag ^ *previous * 5));
    *previous = tag;
    struct span tail = add_attributes(sink, tag, span_slice(rest, n, ONE_TAG_BYTES));
    return (size_t)(tail.p - rest.p);
}

void feature_add_tags(struct feature_sink *sink)
{
    struct span body = cut(sink->input->body, TAG_BYTES);
    uint64_t previous = 0;
    size_t at = 0;
    while (at < body.n) {
        at += span_find(span_slice(body, at, body.n), '<') + 1;
        at += add_tag(sink, span_slice(body, at, body.n), &previous);
    }
}
