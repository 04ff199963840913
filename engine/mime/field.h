/* Header fields as they come, one at a time (RFC 5322 section 2.2). */
#ifndef MIME_FIELD_H
#define MIME_FIELD_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/span.h"

enum mime_line {
    MIME_FIELD,    /* a field was read */
    MIME_NO_FIELD, /* a line without a name and a colon */
    MIME_END,      /* the empty line that ends a header */
};

struct mime_field {
    struct span name;
    struct span value; /* with its folds, without the final line end */
    bool folded;
};

/* Reads the line with its continuations at *pos and moves *pos behind it. */
enum mime_line mime_field_next(struct span message, size_t *pos, struct mime_field *field);

/* Offset behind the line end of the line at pos. */
size_t mime_line_after(struct span message, size_t pos);

#endif
