/* Messages for an mbox file, in the form "mboxrd": every line that is "From " behind any number of '>' gets one more,
 * so that taking one off gives the message back.  CRLF becomes LF (RFC 4155).
 *
 * A message goes through in pieces of any size.
 */
#ifndef RELAY_MBOX_H
#define RELAY_MBOX_H

#include "engine/base/buf.h"

/* Zero-initialised is the begin of a message. */
struct mbox {
    enum { MBOX_LINE_BEGIN, MBOX_QUOTES, MBOX_TEXT } at;
    unsigned matched; /* bytes of "From " at the begin of the line, held back */
    bool cr;          /* a CR that may be half of a line end, held back */
};

/* The line before the message: sender without angle brackets (empty for <>), time in microseconds UTC. */
void mbox_put_from(struct buf *out, struct span sender, int64_t time_us);
/* Appends what the next piece of the message becomes. */
void mbox_put(struct mbox *m, struct span piece, struct buf *out);
/* Ends its last line, and the message by an empty one. */
void mbox_put_end(struct mbox *m, struct buf *out);

#endif
