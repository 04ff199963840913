/* What a client of the spamd protocol (versions 1.0 to 1.5) asks: the first line and the headers of a request.
 *
 * The message behind them is the caller's: as many bytes as the length says, or all up to the client's end.
 */
#ifndef ENGINE_SPAMD_REQUEST_H
#define ENGINE_SPAMD_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/base/span.h"

enum spamd_method {
    SPAMD_CHECK,
    SPAMD_SYMBOLS,
    SPAMD_REPORT,
    SPAMD_REPORT_IFSPAM,
    SPAMD_PROCESS,
    SPAMD_HEADERS,
    SPAMD_TELL,
    SPAMD_PING, /* neither this nor the next has headers or a message */
    SPAMD_SKIP, /* the client has changed its mind */
    SPAMD_METHOD_COUNT
};

/* What TELL says of a message, and whether it is to be remembered or forgotten here. */
enum spamd_class { SPAMD_CLASS_NONE, SPAMD_CLASS_HAM, SPAMD_CLASS_SPAM };

struct spamd_request {
    enum spamd_method method;
    unsigned version; /* 10 times: 12 is 1.2 */
    bool has_length;
    uint64_t length;  /* of the message */
    struct span user; /* on whose behalf, as sent; empty: not said.  Points into what was parsed */
    bool compressed;  /* the message is not as it is */
    enum spamd_class message_class;
    bool set_local, remove_local;
};

/* Bytes of first line and headers together; a longer request is wrong. */
enum { SPAMD_HEAD_MAX = 8192 };

enum spamd_parse { SPAMD_PARSE_MORE, SPAMD_PARSE_DONE, SPAMD_PARSE_WRONG };

/* Reads a request from the start of in, to be called again with more until it is done or wrong.  Lines end with CRLF or
 * LF.  Done: *used is where the message begins.  Wrong: the error says what, in printable US-ASCII. */
enum spamd_parse spamd_request_parse(struct span in, struct spamd_request *request, size_t *used,
                                     struct error *error);

/* "CHECK" */
const char *spamd_method_name(enum spamd_method method);

#endif
