/* The answer of a server of the spamd protocol (SPAMC/1.5) to PING, CHECK or SYMBOLS:
 *
 *     SPAMD/1.1 0 EX_OK
 *     Content-length: 17
 *     Spam: True ; 15.2 / 5.0
 *
 *     DEAR_FRIEND,URIBL
 */
#ifndef SPAMD_SPAMD_RESPONSE_H
#define SPAMD_SPAMD_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/span.h"

enum {
    SPAMD_RESPONSE_MOST = 2 * 1024 * 1024, /* bytes of one, all in all */
    SPAMD_POINTS_MOST = 1000 * 1000,       /* thousandths: what is beyond a thousand points is a thousand */
};

enum spamd_response_state {
    SPAMD_RESPONSE_PART, /* good so far; there is more to come */
    SPAMD_RESPONSE_WHOLE,
    SPAMD_RESPONSE_BAD,
};

struct spamd_response {
    unsigned code; /* 0: done; else why not (sysexits.h) */
    bool has_verdict, spam;
    int32_t points, required; /* thousandths */
    struct span body;         /* of the bytes that were read; there once it is whole */
    /* How far it was read */
    size_t line;     /* where the next line begins, or the body */
    size_t searched; /* from where on its end is looked for */
    unsigned lines;
    bool in_body, has_length;
    uint64_t length;
};

/* bytes: all that have come so far, of which it reads what is new since the last call; *r is zero before the first.
 * Without a Content-length the end of the connection (ended) is the end. */
enum spamd_response_state spamd_response_parse(struct span bytes, bool ended, struct spamd_response *r);

#endif
