/* Header text: unfolding and encoded words (RFC 5322 section 2.2.3, RFC 2047). */
#ifndef MIME_WORDS_H
#define MIME_WORDS_H

#include "engine/base/arena.h"
#include "engine/base/span.h"

/* The readable form of a raw header value: unfolded, trimmed, encoded words decoded, valid UTF-8.
 * It is part of raw when nothing had to be changed, else in arena. */
struct span mime_words_decode(struct span raw, struct arena *arena);

#endif
