/* Facts from the header of a message while it streams by: for the log and against mail loops.
 *
 * Bounded memory whatever comes.  The header is taken to end at the first empty line.
 */
#ifndef SMTP_HEADER_CAPTURE_H
#define SMTP_HEADER_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/buf.h"

enum { SMTP_CAPTURE_MAX = 1024, SMTP_CAPTURE_START = 72 /* the longest name of a field, and more */ };

/* Zero-initialised is the start. */
struct smtp_header_capture {
    struct buf
        message_id; /* of the first such field: unfolded, trimmed, cut at SMTP_CAPTURE_MAX bytes, not decoded */
    struct buf subject;
    uint32_t received_count;
    /* One field more, if a name is set: "Received:", in the form of message_id.  The name lives as long as this. */
    struct span wanted_name;
    uint32_t wanted_nth; /* of the fields of this name, from the top; 1: the first */
    struct buf wanted;
    bool wanted_found;
    bool done;

    struct buf *field; /* where the value of the present line goes, or NULL */
    bool message_id_seen, subject_seen;
    uint32_t wanted_count; /* fields of that name so far */
    bool classified;       /* the start of the line is complete and was looked at */
    char start[SMTP_CAPTURE_START];
    uint8_t start_length;
};

/* The next decoded bytes. */
void smtp_header_capture_feed(struct smtp_header_capture *c, struct span in);
void smtp_header_capture_free(struct smtp_header_capture *c);

#endif
