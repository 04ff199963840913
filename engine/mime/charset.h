/* Any character set to valid UTF-8, block by block.
 *
 * UTF-8 and ASCII are checked here; all others go through iconv, with a fixed list of converters that
 * mime_charsets_open() opens before the sandbox closes.  Nothing stops a conversion: bytes that are no
 * character become U+FFFD, or Latin-1 where no character set is declared.  NUL characters are left out.
 */
#ifndef MIME_CHARSET_H
#define MIME_CHARSET_H

#include <iconv.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/base/buf.h"
#include "engine/base/span.h"

/* Takes a run of valid UTF-8 that ends at the end of a character. */
typedef void mime_sink(void *context, struct span utf8);

struct mime_charset_stream {
    iconv_t converter;   /* (iconv_t)-1: the input is taken as UTF-8 */
    bool ascii_superset; /* blocks without high bytes need no conversion */
    bool latin1;         /* bytes that are not UTF-8 are Latin-1 */
    bool nul_seen;
    unsigned broken; /* sequences that are no character */
    char held[16];   /* the begin of a character that the last block cut */
    size_t held_size;
    mime_sink *sink;
    void *context;
    char out[512]; /* collects short runs */
    size_t out_size;
};

/* Starts a stream; false when name is given but unknown (the input is then taken as UTF-8 or Latin-1).
 * At most one stream per character set may be open at a time. */
bool mime_charset_begin(struct mime_charset_stream *stream, struct span name, mime_sink *sink, void *context);
void mime_charset_feed(struct mime_charset_stream *stream, struct span bytes);
void mime_charset_finish(struct mime_charset_stream *stream);

/* utf8 without a cut character at its end. */
struct span mime_utf8_trim(struct span utf8);

#endif
