/* A message as it is sent after DATA: dot-stuffed, and ended by CRLF "." CRLF (RFC 5321 4.5.2). */
#ifndef SMTP_DATA_ENCODER_H
#define SMTP_DATA_ENCODER_H

#include <stdbool.h>

#include "engine/base/buf.h"

struct smtp_data_encoder {
    bool started;
    char last[2]; /* bytes of the message */
};

/* Appends the next piece of the message to out; zero-initialised is the start.  Messages in the queue have CRLF
 * throughout; should a bare LF ever get here, a dot behind it is stuffed too, and it does not count as the end of
 * the last line. */
void smtp_data_encode(struct smtp_data_encoder *e, struct span piece, struct buf *out);
/* Appends the end. */
void smtp_data_encode_end(struct smtp_data_encoder *e, struct buf *out);

#endif
