/* What the queue reads from the header of a message itself. */
#ifndef QUEUE_HEADER_H
#define QUEUE_HEADER_H

#include <stdbool.h>

#include "engine/base/arena.h"
#include "engine/base/span.h"

/* The value of the first Message-ID field (RFC 5322 3.6.4) in the header that head begins with: one line, at
 * most 998 bytes, empty when there is none. */
struct span header_message_id(struct span head);

/* The first Subject field for people to read: unfolded, its encoded words (RFC 2047) decoded, valid UTF-8 that may hold
 * control characters; at most 998 bytes, part of head or in arena. */
struct span header_subject(struct span head, struct arena *arena);

/* The header alone: up to the empty line, or all of it when there is none. */
struct span header_block(struct span head);

/* The field that begins at *at, with its folds and its line end; *at moves behind it.  False at the end of the header. */
bool header_next_field(struct span head, size_t *at, struct span *field);

#endif
