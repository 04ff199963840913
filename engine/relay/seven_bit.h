/* A message with 8-bit bytes for a next hop that takes 7-bit ones only (RFC 6152 3): its parts are encoded as it leaves.
 *
 * One pass over the message says what is to be changed, then it goes out in pieces; nothing is copied as a whole.  What
 * programs decode from it is, byte for byte, what they would have decoded before.
 */
#ifndef RELAY_SEVEN_BIT_H
#define RELAY_SEVEN_BIT_H

#include "engine/base/arena.h"
#include "engine/base/buf.h"
#include "engine/mime/transfer.h"

/* A range of the message that is replaced: by text, or by itself in an encoding. */
struct seven_bit_change {
    size_t begin, end;
    struct span text;
    enum mime_encoding encoding; /* MIME_IDENTITY: by text */
};

struct seven_bit_plan {
    struct seven_bit_change *changes; /* in their order */
    size_t count, cap;
};

/* What is to be changed in a message with CRLF line ends; the plan lives in arena.  NULL, or why it cannot be converted:
 * words for the sender.  Text with 8-bit bytes becomes quoted-printable, anything else base64; mail that is no MIME
 * becomes text of an unknown charset (RFC 1428). */
const char *seven_bit_plan(struct span message, struct arena *arena, struct seven_bit_plan *plan);

/* The converted message as it leaves; initialised with message and plan. */
struct seven_bit_reader {
    struct span message;
    const struct seven_bit_plan *plan;
    size_t pos;    /* in the message: what comes before it is done */
    size_t next;   /* the first change that is not done */
    size_t column; /* of the line of quoted-printable at work */
};

/* Appends the next piece, from about `most` bytes of the message; false when nothing is left behind it. */
bool seven_bit_next(struct seven_bit_reader *r, size_t most, struct buf *out);

#endif
