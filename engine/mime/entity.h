/* What the Content-* fields say about an entity: the message itself or one of its parts (RFC 2045, 2183). */
#ifndef MIME_ENTITY_H
#define MIME_ENTITY_H

#include <stdbool.h>

#include "engine/base/arena.h"
#include "engine/base/span.h"
#include "engine/mime/field.h"
#include "engine/mime/transfer.h"

enum mime_kind { MIME_PLAIN, MIME_HTML, MIME_MULTIPART, MIME_MESSAGE, MIME_OTHER };

struct mime_entity {
    enum mime_kind kind;
    enum mime_encoding encoding;
    struct span type;     /* as written: "Text/HTML"; empty when not declared */
    struct span charset;  /* empty when not declared */
    struct span boundary; /* of a multipart */
    struct span name;     /* file name, decoded */
    bool attachment;      /* Content-Disposition says so */
};

/* An entity without a Content-Type: text/plain, in a digest message/rfc822. */
void mime_entity_begin(struct mime_entity *entity, bool in_digest);

/* Takes what a header field says; other fields than Content-* are ignored, and of two the first that is of use counts. */
void mime_entity_take(struct mime_entity *entity, const struct mime_field *field, struct arena *arena);

#endif
