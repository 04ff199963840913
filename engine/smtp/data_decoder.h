/* The data of a message as it arrives: finds its end, takes dot-stuffing away and refuses what is not CRLF.
 *
 * Only CRLF "." CRLF ends the data (RFC 5321 2.3.8, 4.1.1.4).  A bare CR or LF never counts as a line end: it is
 * a fault of the whole message, which is read to its real end and thrown away, so that no other mail server can
 * see two messages where this one saw one.
 */
#ifndef SMTP_DATA_DECODER_H
#define SMTP_DATA_DECODER_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/smtp/answer.h"

struct smtp_data_decoder {
    uint64_t size_max; /* bytes of decoded data */
    uint64_t line_max; /* bytes of a line with its CRLF */
    /* The first thing that was wrong; the caller may set one of its own.  Nothing is decoded from then on. */
    enum smtp_answer fault;
    bool ended;
    uint64_t size; /* decoded so far */

    enum { SMTP_DATA_LINE_START, SMTP_DATA_DOT, SMTP_DATA_DOT_CR, SMTP_DATA_TEXT, SMTP_DATA_TEXT_CR } state;
    uint64_t line; /* bytes of the present line so far */
};

void smtp_data_decoder_init(struct smtp_data_decoder *d, uint64_t size_max, uint64_t line_max);

/* Decodes in and appends the result to out.  Returns how much of in was used: all, unless the data ended. */
size_t smtp_data_decode(struct smtp_data_decoder *d, struct span in, struct buf *out);

#endif
