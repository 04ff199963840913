/* Lists of known senders: reading them, and looking for them in a message. */
#include "engine/scan/known_senders.h"

#include <stdlib.h>

#include "engine/base/text.h"
#include "engine/base/xalloc.h"
#include "engine/scan/rule_text.h"

enum { ROWS_MAX = 10000, LINKS_LOOKED_AT = 64, HEADERS_LOOKED_AT = 64, HEADER_BYTES = 1024 };

enum mark { DOMAIN, HEADER };

struct row {
    enum known_sender_kind kind;
    enum mark mark;
    struct span value, name;
};

struct known_senders {
    struct row *rows;
    size_t count, capacity;
};

static const char *const kinds[] = {[KNOWN_SERVICE] = "service", [KNOWN_SOCIAL] = "social"};
static const char *const marks[] = {[DOMAIN] = "domain", [HEADER] = "header"};

const char *known_sender_kind(enum known_sender_kind kind)
{
    return kinds[kind];
}

/* ---- reading ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct span next_word(struct span *rest)
{
    size_t begin = 0;
    while (begin < rest->n && is_blank(rest->p[begin]))
        begin++;
    size_t end = begin;
    while (end < rest->n && !is_blank(rest->p[end]))
        end++;
    struct span word = span_slice(*rest, begin, end - begin);
    *rest = span_slice(*rest, end, rest->n);
    return word;
}

/* The index of word, or -1. */
static int index_of(struct span word, const char *const *words, int count)
{
    for (int i = 0; i < count; i++)
        if (span_equal(word, span_text(words[i])))
            return i;
    return -1;
}

static void keep(struct known_senders *list, struct row row)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 128;
        list->rows = xreallocarray(list->rows, list->capacity, sizeof *list->rows);
    }
    list->rows[list->count++] = row;
}

static void read_row(struct known_senders *list, struct rule_place place, struct span line,
                     struct scan_rule_complaints *complaints)
{
    struct span kind = next_word(&line), mark = next_word(&line), value = next_word(&line);
    struct row row = {.value = value, .name = span_trim(line)};
    int k = index_of(kind, kinds, KNOWN_SENDER_KINDS), m = index_of(mark, marks, 2);
    bool good = k >= 0 && m >= 0 && row.name.n && (m == HEADER || span_find(value, '.') < value.n);
    if (!good || list->count == ROWS_MAX) {
        rule_complain(complaints, place,
                      good ? "a list has at most %d rows"
                           : "a row is: service or social, domain or header, the domain "
                             "or the name of the header, and a name to show",
                      ROWS_MAX);
        return;
    }
    row.kind = (enum known_sender_kind)k;
    row.mark = (enum mark)m;
    keep(list, row);
}

void known_senders_read(struct known_senders **list, const char *file, struct span text,
                        struct scan_rule_complaints *complaints)
{
    struct rule_place place = {file, 0, 1};
    if (!*list)
        *list = xcalloc(1, sizeof **list);
    while (text.n) {
        size_t end = span_find(text, '\n');
        struct span line = span_trim(span_slice(text, 0, end));
        place.line++;
        text = span_slice(text, end + 1, text.n);
        if (line.n && line.p[0] != '#')
            read_row(*list, place, line, complaints);
    }
}

static int compare_values(struct span a, struct span b)
{
    for (size_t i = 0; i < a.n && i < b.n; i++) {
        int difference = ascii_lower(a.p[i]) - ascii_lower(b.p[i]);
        if (difference)
            return difference;
    }
    return (a.n > b.n) - (a.n < b.n);
}

static int compare_rows(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    int difference = (int)x->mark - (int)y->mark;
    return difference ? difference : compare_values(x->value, y->value);
}

void known_senders_sort(struct known_senders *list)
{
    if (list && list->count)
        qsort(list->rows, list->count, sizeof *list->rows, compare_rows);
}

void known_senders_free(struct known_senders *list)
{
    if (list)
        free(list->rows);
    free(list);
}

/* ---- looking ---- */

struct search {
    const struct known_senders *list;
    struct known_sender *found;
    size_t count;
    unsigned headers; /* looked at for domains */
};

static void add(struct search *s, const struct row *row, const char *where)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->found[i].kind == row->kind && s->found[i].where == where &&
            span_equal(s->found[i].name, row->name))
            return;
    if (s->count < KNOWN_SENDERS_FOUND_MAX)
        s->found[s->count++] = (struct known_sender){row->kind, where, row->name};
}

static void look_up(struct search *s, enum mark mark, struct span value, const char *where)
{
    const struct row key = {.mark = mark, .value = value};
    const struct row *row = bsearch(&key, s->list->rows, s->list->count, sizeof *s->list->rows, compare_rows);
    if (row)
        add(s, row, where);
}

/* The domain, and all that it is in. */
static void look_up_domain(struct search *s, struct span domain, const char *where)
{
    for (size_t i = 0; i < domain.n; i++)
        if (i == 0 || domain.p[i - 1] == '.')
            look_up(s, DOMAIN, span_slice(domain, i, domain.n), where);
}

static bool is_domain_byte(char c)
{
    char l = ascii_lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

/* Everything in the text that looks like a domain. */
static void look_up_domains(struct search *s, struct span text, const char *where)
{
    text = span_slice(text, 0, HEADER_BYTES);
    for (size_t i = 0; i < text.n; i++) {
        size_t begin = i;
        while (i < text.n && is_domain_byte(text.p[i]))
            i++;
        struct span word = span_slice(text, begin, i - begin);
        if (span_find(word, '.') < word.n)
            look_up_domain(s, word, where);
    }
}

/* Headers whose domains tell who sends. */
static const struct {
    const char *name, *where;
} headers[] = {
    {"From", "from"},        {"Sender", "envelope"},       {"Return-Path", "envelope"},
    {"List-Id", "list"},     {"List-Unsubscribe", "list"}, {"DKIM-Signature", "signature"},
    {"Feedback-ID", "list"},
};

/* Of a DKIM signature only the domain that signs (RFC 6376 3.5); of the rest, which is names and hashes, nothing. */
static struct span signing_domain(struct span value)
{
    const struct span tag = SPAN("d=");
    for (size_t i = 0; i + tag.n < value.n; i++)
        if (span_equal(span_slice(value, i, tag.n), tag) && (i == 0 || memchr("; \t\n", value.p[i - 1], 4))) {
            struct span rest = span_slice(value, i + tag.n, value.n);
            return span_slice(rest, 0, span_find(rest, ';'));
        }
    return (struct span){0};
}

static void look_at_header(struct search *s, const struct mime_header *h)
{
    look_up(s, HEADER, h->name, "header");
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        if (!span_equal_nocase(h->name, span_text(headers[i].name)) || s->headers++ >= HEADERS_LOOKED_AT)
            continue;
        bool signs = span_equal(span_text(headers[i].where), SPAN("signature"));
        look_up_domains(s, signs ? signing_domain(h->decoded) : h->decoded, headers[i].where);
    }
}

static struct span host_of(struct span url)
{
    size_t scheme = span_find_span(url, SPAN("//"));
    struct span rest = scheme < url.n ? span_slice(url, scheme + 2, url.n) : (struct span){0};
    size_t end = 0;
    while (end < rest.n && is_domain_byte(rest.p[end]))
        end++;
    return span_slice(rest, 0, end);
}

size_t known_senders_find(const struct known_senders *list, const struct mime_view *view, struct span sender,
                          struct known_sender found[KNOWN_SENDERS_FOUND_MAX])
{
    struct search s = {.list = list, .found = found};
    if (!list || !list->count)
        return 0;
    look_up_domains(&s, sender, "envelope");
    for (size_t i = 0; i < view->header_count; i++)
        look_at_header(&s, &view->headers[i]);
    for (size_t i = 0; i < view->url_count && i < LINKS_LOOKED_AT; i++)
        look_up_domain(&s, host_of(view->urls[i].target), "link");
    return s.count;
}
