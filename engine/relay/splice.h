/* Applying edits to a message as it leaves: the stored body never changes.
 *
 * A body goes through in chunks of any size, so that a message of any size needs no memory.
 */
#ifndef RELAY_SPLICE_H
#define RELAY_SPLICE_H

#include "engine/judge/judge.h"

struct splice {
    const struct judge_edit *edits; /* sorted, not overlapping, within the message; the caller's */
    uint32_t count;
    uint32_t next;     /* the first edit not yet begun */
    uint64_t position; /* in the stored message */
    uint64_t left_out; /* bytes that the edit at work still has to drop */
};

typedef void splice_emit(void *context, struct span piece);

void splice_begin(struct splice *s, const struct judge_edit *edits, uint32_t count);

/* Takes the next bytes of the stored message and emits the pieces of the edited one in order.  Call it at least
 * once, with an empty chunk for an empty message. */
void splice_feed(struct splice *s, struct span chunk, splice_emit *emit, void *context);

#endif
