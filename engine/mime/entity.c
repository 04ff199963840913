/* Content-Type, Content-Transfer-Encoding and Content-Disposition. */
#include "engine/mime/entity.h"

#include "engine/mime/parameter.h"

enum { BOUNDARY_MOST = 256 }; /* RFC 2046 allows 70 */

/* The first prefix that fits decides. */
static const struct {
    const char *prefix;
    enum mime_kind kind;
} kinds[] = {
    {"text/html", MIME_HTML},
    {"application/xhtml+xml", MIME_HTML},
    {"text/", MIME_PLAIN},
    {"multipart/", MIME_MULTIPART},
    {"message/rfc822", MIME_MESSAGE},
    {"message/global", MIME_MESSAGE},
    {"message/delivery-status", MIME_PLAIN},
    {"message/disposition-notification", MIME_PLAIN},
};

void mime_entity_begin(struct mime_entity *entity, bool in_digest)
{
    *entity = (struct mime_entity){.kind = in_digest ? MIME_MESSAGE : MIME_PLAIN};
}

static enum mime_kind kind_of(struct span type)
{
    if (span_find(type, '/') == type.n)
        return MIME_PLAIN; /* no valid type counts as none */
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (span_starts_nocase(type, span_text(kinds[i].prefix)))
            return kinds[i].kind;
    return MIME_OTHER;
}

static struct span first_word(struct span value)
{
    value = span_trim(value);
    size_t end = 0;
    while (end < value.n && !strchr("; \t\r\n", value.p[end]))
        end++;
    return span_slice(value, 0, end);
}

static void take_type(struct mime_entity *entity, struct span value, struct arena *arena)
{
    entity->type = first_word(value);
    entity->kind = kind_of(entity->type);
    if (entity->kind == MIME_MULTIPART) {
        struct span boundary = span_trim(mime_parameter_token(value, SPAN("boundary"), arena));
        if (boundary.n <= BOUNDARY_MOST)
            entity->boundary = boundary;
    } else if (entity->kind == MIME_PLAIN || entity->kind == MIME_HTML) {
        entity->charset = mime_parameter_token(value, SPAN("charset"), arena);
    }
    if (entity->name.n == 0)
        entity->name = mime_parameter_text(value, SPAN("name"), arena);
}

static void take_disposition(struct mime_entity *entity, struct span value, struct arena *arena)
{
    entity->attachment = span_equal_nocase(first_word(value), SPAN("attachment"));
    struct span name = mime_parameter_text(value, SPAN("filename"), arena);
    if (name.n)
        entity->name = name;
}

void mime_entity_take(struct mime_entity *entity, const struct mime_field *field, struct arena *arena)
{
    const struct span content = SPAN("content-");
    if (!span_starts_nocase(field->name, content))
        return;
    struct span what = span_slice(field->name, content.n, field->name.n);
    bool is_typed = entity->type.n && (entity->kind != MIME_MULTIPART || entity->boundary.n);
    if (span_equal_nocase(what, SPAN("type")) && !is_typed)
        take_type(entity, field->value, arena);
    else if (span_equal_nocase(what, SPAN("transfer-encoding")) && entity->encoding == MIME_IDENTITY)
        entity->encoding = mime_encoding_of(field->value);
    else if (span_equal_nocase(what, SPAN("disposition")))
        take_disposition(entity, field->value, arena);
}
