/* Facts from the header of a message while it streams by: for the log and against mail loops.
 *
 * Bounded memory whatever comes.  The header is taken to end at the first empty line.
 */
#ifndef SMTP_HEADER_CAPTURE_H
#define SMTP_HEADER_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/buf.h"

enum { SMTP_CAPTURE_MAX = 1024, SMTP_CAPTURE_START = 16 };

/* Zero-initialised is the start. */
struct smtp_header_capture {
    struct buf
        message_id; /* of the first such field: unfolded, trimmed, cut at SMTP_CAPTURE_MAX bytes, not decoded */
    struct buf subject;
    uint32_t received_count;
    bool done;

    struct buf *field; /* where the value of the present line goes, or NULL */
    bool message_id_seen, subject_seen;
    bool classified; /* the start of the line is complete and was looked at */
    char start[SMTP_CAPTURE_START];
    uint8_t start_length;
};

/* The next decoded bytes. */
void smtp_header_capture_feed(struct smtp_header_capture *c, struct span in);
void smtp_header_capture_free(struct smtp_header_capture *c);

#endif
