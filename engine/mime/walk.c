/* The walk through the parts of a message: no tree, only a stack of the boundaries that may come next. */
#include "engine/mime/entity.h"
#include "engine/mime/leaf.h"
#include "engine/mime/pass.h"
#include "engine/mime/words.h"

/* One open multipart, or an open message/rfc822, which has no boundary of its own. */
struct container {
    struct span boundary;
    uint32_t hash;
    bool digest;
};

struct walk {
    struct mime_pass *pass;
    struct container *stack;
    size_t depth;
};

/* A line that is a boundary of the container at level (0 is the outermost). */
struct delimiter {
    size_t begin, end; /* of the line, in the message */
    size_t level;
    bool closing;
};

static uint32_t hash_of(struct span s)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < s.n; i++)
        hash = (hash ^ (unsigned char)s.p[i]) * 16777619u;
    return hash;
}

static bool find_container(const struct walk *w, struct span boundary, size_t *level)
{
    uint32_t hash = hash_of(boundary);
    for (size_t i = w->depth; i > 0; i--) {
        const struct container *c = &w->stack[i - 1];
        if (c->hash == hash && c->boundary.n && span_equal(c->boundary, boundary)) {
            *level = i - 1;
            return true;
        }
    }
    return false;
}

/* Is the line from begin to end, which starts with "--", a delimiter (RFC 2046 section 5.1.1)? */
static bool match_delimiter(const struct walk *w, size_t begin, size_t end, struct delimiter *found)
{
    enum { LONGEST = 300 };
    struct span line = span_slice(w->pass->message, begin + 2, end - begin - 2);
    if (w->depth == 0 || line.n > LONGEST)
        return false;
    while (line.n && strchr(" \t\r\n", line.p[line.n - 1]))
        line.n--;
    *found = (struct delimiter){.begin = begin, .end = end};
    if (find_container(w, line, &found->level))
        return true;
    found->closing = line.n >= 2 && memcmp(line.p + line.n - 2, "--", 2) == 0;
    return found->closing && find_container(w, span_slice(line, 0, line.n - 2), &found->level);
}

static bool starts_with_dashes(struct span message, size_t pos)
{
    return message.n - pos >= 2 && message.p[pos] == '-' && message.p[pos + 1] == '-';
}

/* Looks for the next delimiter from pass->pos on, which is the start of a line. */
static bool find_delimiter(struct walk *w, struct delimiter *found)
{
    struct span message = w->pass->message;
    size_t pos = w->depth ? w->pass->pos : message.n;
    while (pos < message.n) {
        size_t end = mime_line_after(message, pos);
        if (starts_with_dashes(message, pos) && match_delimiter(w, pos, end, found))
            return true;
        if (mime_pass_spend(w->pass, end - pos))
            break;
        pos = end;
    }
    return false;
}

static void keep_header(struct mime_pass *pass, const struct mime_field *field)
{
    struct mime_view *view = pass->view;
    size_t begin = (size_t)(field->name.p - pass->message.p);
    size_t room = pass->limits->header_bytes;
    if (view->header_count >= pass->limits->headers || begin - pass->header_begin >= room) {
        view->flags |= MIME_LIMIT_HEADERS;
        return;
    }
    struct span value = field->value;
    size_t value_begin = (size_t)(value.p - pass->message.p) - pass->header_begin;
    if (value_begin + value.n > room) {
        value = span_slice(value, 0, value_begin < room ? room - value_begin : 0);
        view->flags |= MIME_LIMIT_HEADERS;
    }
    view->headers = mime_pass_grow(pass, view->headers, view->header_count, sizeof *view->headers);
    view->headers[view->header_count++] =
        (struct mime_header){field->name, value, mime_words_decode(value, pass->arena)};
}

/* A header that no empty line ended: where its first odd line is, the body of a part without parts began.  Only
 * there, since looking for boundaries in what was read as header would take quadratic time. */
static void end_without_empty_line(struct mime_pass *pass, const struct mime_entity *entity, size_t first_odd)
{
    if (entity->kind != MIME_MULTIPART && entity->kind != MIME_MESSAGE && first_odd < pass->pos)
        pass->pos = first_odd;
}

static bool at_delimiter(const struct walk *w, size_t pos)
{
    struct span message = w->pass->message;
    struct delimiter delimiter;
    return starts_with_dashes(message, pos) &&
           match_delimiter(w, pos, mime_line_after(message, pos), &delimiter);
}

/* Reads the header at pass->pos; the body follows it.  A header may also end at a delimiter. */
static void read_header(struct walk *w, bool top, struct mime_entity *entity)
{
    struct mime_pass *pass = w->pass;
    size_t first_odd = pass->message.n;
    while (pass->pos < pass->message.n && !at_delimiter(w, pass->pos)) {
        size_t begin = pass->pos;
        struct mime_field field;
        enum mime_line line = mime_field_next(pass->message, &pass->pos, &field);
        if (line == MIME_END || mime_pass_spend(pass, pass->pos - begin))
            return;
        if (line == MIME_FIELD) {
            mime_entity_take(entity, &field, pass->arena);
            if (top)
                keep_header(pass, &field);
            continue;
        }
        pass->view->flags |= MIME_BROKEN_STRUCTURE;
        if (first_odd == pass->message.n)
            first_odd = begin;
    }
    end_without_empty_line(pass, entity, first_odd);
}

static bool count_part(struct mime_pass *pass)
{
    if (pass->view->parts < pass->limits->parts) {
        pass->view->parts++;
        return true;
    }
    /* The first text is always found, however many empty parts are put before it. */
    pass->view->flags |= MIME_LIMIT_PARTS;
    return pass->text.size == 0;
}

/* Beyond the limit the innermost container gives way, so that text deeper inside is still found. */
static void push(struct walk *w, const struct mime_entity *entity)
{
    struct mime_pass *pass = w->pass;
    if (w->depth < pass->limits->depth) {
        w->depth++;
    } else {
        pass->view->flags |= MIME_LIMIT_DEPTH;
        if (w->depth == 0)
            return;
        if (entity->kind == MIME_MESSAGE) {
            w->stack[w->depth - 1].digest = false; /* what comes is this message's header, not another one */
            return;
        }
    }
    w->stack[w->depth - 1] = (struct container){
        .boundary = entity->boundary,
        .hash = hash_of(entity->boundary),
        .digest = span_starts_nocase(entity->type, SPAN("multipart/digest")),
    };
    if (pass->view->depth < w->depth)
        pass->view->depth = (uint32_t)w->depth;
}

/* The body up to the next delimiter or the end; pass->pos moves to the delimiter. */
static struct span take_body(struct walk *w, bool *more, struct delimiter *delimiter)
{
    struct mime_pass *pass = w->pass;
    size_t begin = pass->pos;
    *more = find_delimiter(w, delimiter);
    size_t end = *more ? delimiter->begin : pass->message.n;
    pass->pos = end;
    if (*more && end > begin) { /* the line end before a delimiter belongs to it */
        end--;
        if (end > begin && pass->message.p[end - 1] == '\r')
            end--;
    }
    return span_slice(pass->message, begin, end - begin);
}

static void check_end(struct walk *w)
{
    for (size_t i = 0; i < w->depth; i++)
        if (w->stack[i].boundary.n) /* its closing delimiter never came */
            w->pass->view->flags |= MIME_BROKEN_STRUCTURE;
}

/* A multipart or an embedded message that cannot be walked into is judged as what it looks like. */
static void settle_kind(struct mime_pass *pass, struct mime_entity *entity)
{
    if (entity->kind == MIME_MULTIPART && entity->boundary.n == 0) {
        pass->view->flags |= MIME_BROKEN_STRUCTURE;
        entity->kind = MIME_PLAIN;
    }
    if (entity->kind == MIME_MESSAGE && entity->encoding != MIME_IDENTITY)
        entity->kind = MIME_OTHER;
}

/* Handles the body of entity; false at the end of the message, else a part begins at pass->pos. */
static bool walk_body(struct walk *w, struct mime_entity *entity)
{
    struct mime_pass *pass = w->pass;
    struct delimiter delimiter;
    bool more;
    settle_kind(pass, entity);
    if (entity->kind == MIME_MESSAGE || entity->kind == MIME_MULTIPART)
        push(w, entity);
    if (entity->kind == MIME_MESSAGE)
        return pass->pos < pass->message.n;
    struct span body = take_body(w, &more, &delimiter);
    if (pass->stopped)
        return false;
    if (entity->kind == MIME_MULTIPART && (!more || delimiter.closing || delimiter.level + 1 < w->depth)) {
        pass->view->flags |= MIME_BROKEN_STRUCTURE; /* none of its parts ever came */
        *entity = (struct mime_entity){.kind = MIME_PLAIN};
    }
    if (entity->kind != MIME_MULTIPART)
        mime_leaf(pass, entity, body);
    while (more && delimiter.closing) { /* what follows is epilogue */
        w->depth = delimiter.level;
        pass->pos = delimiter.end;
        take_body(w, &more, &delimiter);
    }
    if (more) {
        w->depth = delimiter.level + 1;
        pass->pos = delimiter.end;
    } else {
        check_end(w);
    }
    return more;
}

void mime_walk(struct mime_pass *pass)
{
    struct walk w = {.pass = pass};
    w.stack = arena_alloc(pass->arena, (pass->limits->depth + 1) * sizeof *w.stack);
    bool top = true;
    while (!pass->stopped && count_part(pass)) {
        struct mime_entity entity;
        mime_entity_begin(&entity, w.depth && w.stack[w.depth - 1].digest);
        read_header(&w, top, &entity);
        if (top)
            pass->view->body_offset = pass->pos;
        top = false;
        if (pass->stopped || !walk_body(&w, &entity))
            break;
    }
}
