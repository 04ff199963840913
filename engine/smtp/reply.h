/* Replies of an SMTP server, line by line (RFC 5321 4.2, RFC 2034), and what its EHLO reply offers. */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/buf.h"

enum {
    SMTP_REPLY_LINE_MAX = 2048, /* bytes; RFC 5321 4.5.3.1.5 says 512, some servers say more */
    SMTP_REPLY_LINES_MAX = 200,
    SMTP_REPLY_TEXT_MAX = 4096,
    SMTP_ENHANCED_MAX = 12, /* "5.999.999" and a NUL */
};

/* Zero-initialised is the start of a reply. */
struct smtp_reply {
    uint16_t code;
    char enhanced[SMTP_ENHANCED_MAX]; /* as sent, or made from the code; set when the reply is complete */
    bool said;                        /* it was sent */
    struct buf text;                  /* without codes; lines joined by '\n', cut at SMTP_REPLY_TEXT_MAX */
    unsigned lines;
};

enum smtp_reply_status { SMTP_REPLY_MORE, SMTP_REPLY_DONE, SMTP_REPLY_BAD };

/* The next line, with or without its line end.  SMTP_REPLY_BAD: this is not SMTP. */
enum smtp_reply_status smtp_reply_line(struct smtp_reply *r, struct span line);
/* Ready for the next reply, memory kept. */
void smtp_reply_clear(struct smtp_reply *r);
void smtp_reply_free(struct smtp_reply *r);

struct smtp_extensions {
    bool pipelining, size, body_8bit, starttls, dsn, utf8;
};

/* text: of a complete reply to EHLO. */
struct smtp_extensions smtp_extensions_parse(struct span text);

/* Length of the enhanced status code (RFC 3463) of the class of code at the start of s, or 0. */
size_t smtp_enhanced_length(struct span s, uint16_t code);

#endif
