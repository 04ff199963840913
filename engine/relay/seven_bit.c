/* What is to be changed in a message so that it is 7-bit: a walk through its parts (RFC 2045, 2046). */
#include "engine/relay/seven_bit.h"

#include "engine/mime/entity.h"

enum { DEPTH_MOST = 20, CHANGES_MOST = 20000, CHANGES_FIRST = 16, DASHES = 2, LONGEST_REST = 300 };

struct walk {
    struct span message;
    struct arena *arena;
    struct seven_bit_plan *plan;
    unsigned depth;
};

/* The header of a message or of a part, and where its body is. */
struct part {
    size_t header, body, end; /* offsets */
    bool is_message;          /* a whole one, not a part of a multipart */
    bool has_version, has_type;
    bool ended; /* by an empty line, which begins at */
    size_t empty_line;
    size_t encoding, encoding_end; /* the field Content-Transfer-Encoding; both 0: none */
    bool is_8bit;                  /* says that field: 8bit or binary */
    bool is_encoded;               /* says that field: in some way, maybe one that we do not know */
    struct mime_entity entity;
};

static const char *walk_entity(struct walk *w, struct part p, bool in_digest);

static struct span range(const struct walk *w, size_t begin, size_t end)
{
    return span_slice(w->message, begin, end - begin);
}

static void add(struct walk *w, struct seven_bit_change change)
{
    struct seven_bit_plan *plan = w->plan;
    if (plan->count == plan->cap) {
        size_t cap = plan->cap ? plan->cap * 2 : CHANGES_FIRST;
        struct seven_bit_change *grown = arena_alloc(w->arena, cap * sizeof *grown);
        if (plan->count)
            memcpy(grown, plan->changes, plan->count * sizeof *grown);
        plan->changes = grown;
        plan->cap = cap;
    }
    plan->changes[plan->count++] = change;
}

static void take_encoding(struct part *p, struct span value)
{
    p->is_8bit = span_starts_nocase(value, SPAN("8bit")) || span_starts_nocase(value, SPAN("binary"));
    p->is_encoded = value.n && !p->is_8bit && !span_starts_nocase(value, SPAN("7bit"));
}

static void take_field(struct part *p, const struct mime_field *field, size_t begin, size_t end)
{
    if (span_equal_nocase(field->name, SPAN("MIME-Version"))) {
        p->has_version = true;
    } else if (span_equal_nocase(field->name, SPAN("Content-Type"))) {
        p->has_type = true;
    } else if (p->encoding_end == 0 && span_equal_nocase(field->name, SPAN("Content-Transfer-Encoding"))) {
        p->encoding = begin;
        p->encoding_end = end;
        take_encoding(p, span_trim(field->value));
    }
}

/* Lines that are no fields are left as they are. */
static void read_header(const struct walk *w, struct part *p, bool in_digest)
{
    struct span bounded = span_slice(w->message, 0, p->end);
    mime_entity_begin(&p->entity, in_digest);
    p->body = p->header;
    while (p->body < p->end && !p->ended) {
        struct mime_field field;
        size_t begin = p->body;
        enum mime_line line = mime_field_next(bounded, &p->body, &field);
        if (line == MIME_FIELD) {
            mime_entity_take(&p->entity, &field, w->arena);
            take_field(p, &field, begin, p->body);
        }
        p->ended = line == MIME_END;
        p->empty_line = begin;
    }
}

/* Replaces the Content-Transfer-Encoding, and makes the message MIME if it is not. */
static void relabel(struct walk *w, const struct part *p, struct span encoding)
{
    struct span field =
        arena_printf(w->arena, "Content-Transfer-Encoding: %.*s\r\n", (int)encoding.n, encoding.p);
    if (p->encoding_end)
        add(w, (struct seven_bit_change){.begin = p->encoding, .end = p->encoding_end, .text = field});
    struct span missing = arena_printf(
        w->arena, "%s%s%.*s", p->is_message && !p->has_version ? "MIME-Version: 1.0\r\n" : "",
        p->is_message && !p->has_type ? "Content-Type: text/plain; charset=unknown-8bit\r\n" : "",
        p->encoding_end ? 0 : (int)field.n, field.p);
    if (missing.n)
        add(w, (struct seven_bit_change){.begin = p->empty_line, .end = p->empty_line, .text = missing});
}

static const char *encode(struct walk *w, const struct part *p)
{
    bool text = p->entity.kind == MIME_PLAIN || p->entity.kind == MIME_HTML;
    if (!span_has_8bit(range(w, p->body, p->end))) {
        if (p->is_8bit)
            relabel(w, p, SPAN("7bit"));
        return NULL;
    }
    if (p->is_encoded || p->entity.encoding != MIME_IDENTITY)
        return "a part says that it is encoded, and holds 8-bit bytes";
    relabel(w, p, text ? SPAN("quoted-printable") : SPAN("base64"));
    add(w, (struct seven_bit_change){
               .begin = p->body, .end = p->end, .encoding = text ? MIME_QUOTED_PRINTABLE : MIME_BASE64});
    return NULL;
}

/* What lines that delimit the parts begin with; empty without a boundary, and with one that fits in no line. */
static struct span delimiter_of(const struct walk *w, struct span boundary)
{
    if (boundary.n == 0 || span_find(boundary, '\n') < boundary.n)
        return (struct span){0};
    char *text = arena_alloc(w->arena, DASHES + boundary.n);
    memcpy(text, "--", DASHES);
    memcpy(text + DASHES, boundary.p, boundary.n);
    return span_of(text, DASHES + boundary.n);
}

/* rest: of a line that begins as a delimiter does. */
static bool ends_delimiter(struct span rest, bool *closing)
{
    *closing = span_starts_nocase(rest, SPAN("--"));
    return rest.n <= LONGEST_REST && span_trim(span_slice(rest, *closing ? DASHES : 0, rest.n)).n == 0;
}

/* Finds the next delimiter from *pos on; *pos moves behind its line, *line is where that begins.  Nothing is read line by
 * line: each level of nested parts looks at all that is in it. */
static bool find_delimiter(const struct walk *w, struct span delimiter, size_t end, size_t *pos, size_t *line,
                           bool *closing)
{
    struct span bounded = span_slice(w->message, 0, end);
    for (size_t from = *pos; from < end; from = *line + 1) {
        *line = from + span_find_span(range(w, from, end), delimiter);
        if (*line == end)
            break;
        if (*line > 0 && w->message.p[*line - 1] != '\n')
            continue;
        *pos = mime_line_after(bounded, *line);
        if (ends_delimiter(range(w, *line + delimiter.n, *pos), closing))
            return true;
    }
    *pos = end;
    return false;
}

/* The line end before a delimiter belongs to it. */
static size_t before_delimiter(const struct walk *w, size_t begin, size_t line)
{
    bool has_crlf = line >= begin + 2 && w->message.p[line - 1] == '\n' && w->message.p[line - 2] == '\r';
    return has_crlf ? line - 2 : line;
}

static const char *walk_parts(struct walk *w, const struct part *p)
{
    const struct span delimiter = delimiter_of(w, p->entity.boundary);
    bool digest = span_starts_nocase(p->entity.type, SPAN("multipart/digest")), closing = false, more;
    size_t pos = p->body, line = p->body;
    more = delimiter.n && find_delimiter(w, delimiter, p->end, &pos, &line, &closing);
    size_t outside = p->body, outside_end = more ? line : p->end;
    while (more && !closing) {
        struct part child = {.header = pos};
        more = find_delimiter(w, delimiter, p->end, &pos, &line, &closing);
        child.end = more ? before_delimiter(w, child.header, line) : p->end;
        const char *wrong = walk_entity(w, child, digest);
        if (wrong)
            return wrong;
    }
    if (span_has_8bit(range(w, outside, outside_end)) || (closing && span_has_8bit(range(w, pos, p->end))))
        return "there are 8-bit bytes before or behind the parts of a multipart";
    return NULL;
}

static const char *walk_container(struct walk *w, const struct part *p, bool is_message)
{
    const char *wrong;
    if (w->depth == DEPTH_MOST)
        return span_has_8bit(range(w, p->body, p->end)) ? "its parts are nested too deeply" : NULL;
    if (p->is_8bit || (p->is_message && !p->has_version && span_has_8bit(range(w, p->body, p->end))))
        relabel(w, p, SPAN("7bit"));
    w->depth++;
    if (is_message)
        wrong = walk_entity(w, (struct part){.header = p->body, .end = p->end, .is_message = true}, false);
    else
        wrong = walk_parts(w, p);
    w->depth--;
    return wrong;
}

/* What must stay as it is, and cannot when it holds 8-bit bytes. */
static const char *leave(const struct walk *w, const struct part *p, const char *why)
{
    return span_has_8bit(range(w, p->body, p->end)) ? why : NULL;
}

static const char *walk_body(struct walk *w, const struct part *p)
{
    struct span type = p->entity.type;
    if (p->entity.kind == MIME_MULTIPART && span_starts_nocase(type, SPAN("multipart/signed")))
        return leave(w, p, "a part with 8-bit bytes is signed");
    if (p->entity.kind == MIME_MULTIPART)
        return walk_container(w, p, false);
    if (span_starts_nocase(type, SPAN("message/global")))
        return encode(w, p); /* RFC 6532 3.7: unlike its elder kin it may be encoded */
    if (p->entity.kind == MIME_MESSAGE && p->entity.encoding == MIME_IDENTITY)
        return walk_container(w, p, true);
    if (p->entity.kind == MIME_MESSAGE || span_starts_nocase(type, SPAN("message/")))
        return leave(w, p, "a part of a type that may not be encoded holds 8-bit bytes");
    return encode(w, p);
}

static const char *walk_entity(struct walk *w, struct part p, bool in_digest)
{
    read_header(w, &p, in_digest);
    if (span_has_8bit(range(w, p.header, p.body)))
        return "a header field holds 8-bit bytes";
    if (w->plan->count > CHANGES_MOST)
        return "it has too many parts";
    return p.ended ? walk_body(w, &p) : NULL;
}

const char *seven_bit_plan(struct span message, struct arena *arena, struct seven_bit_plan *plan)
{
    struct walk w = {.message = message, .arena = arena, .plan = plan};
    *plan = (struct seven_bit_plan){.count = 0};
    return walk_entity(&w, (struct part){.end = message.n, .is_message = true}, false);
}
