/* Character sets to UTF-8; charset.h says how. */
#include "engine/mime/charset.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "engine/base/text.h"
#include "engine/mime/charset_names.h"
#include "engine/mime/view.h"

/* After so many broken sequences the declared character set is no longer believed: each costs a call. */
enum { BROKEN_MOST = 10000 };

enum { CONVERTED_BLOCK = 2048, UTF8_MOST = 4 };

static const iconv_t no_converter = (iconv_t)-1;
static struct {
    iconv_t converter;
    bool tried;
} opened[MIME_CHARSETS];
static bool all_opened;

static iconv_t open_converter(enum mime_charset charset)
{
    if (opened[charset].tried || all_opened)
        return opened[charset].tried ? opened[charset].converter : no_converter;
    opened[charset].tried = true;
    opened[charset].converter = iconv_open("UTF-8", mime_charset_iconv_name(charset));
    return opened[charset].converter;
}

void mime_charsets_open(void)
{
    for (int c = MIME_CHARSET_FIRST_CONVERTED; c < MIME_CHARSETS; c++) {
        char in[] = "A", out[16], *from = in, *to = out;
        size_t in_left = 1, out_left = sizeof out;
        iconv_t converter = open_converter((enum mime_charset)c);
        if (converter != no_converter)
            iconv(converter, &from, &in_left, &to, &out_left); /* loads whatever is loaded late */
    }
    all_opened = true;
}

bool mime_charset_begin(struct mime_charset_stream *stream, struct span name, mime_sink *sink, void *context)
{
    stream->converter = no_converter;
    stream->ascii_superset = true;
    stream->latin1 = false;
    stream->nul_seen = false;
    stream->broken = 0;
    stream->held_size = 0;
    stream->out_size = 0;
    stream->sink = sink;
    stream->context = context;

    enum mime_charset charset = name.n ? mime_charset_find(name) : MIME_CHARSET_ASCII;
    if (charset >= MIME_CHARSET_FIRST_CONVERTED && charset < MIME_CHARSETS) {
        stream->converter = open_converter(charset);
        stream->ascii_superset = mime_charset_ascii_superset(charset);
    }
    if (stream->converter != no_converter)
        iconv(stream->converter, NULL, NULL, NULL, NULL);
    else
        stream->latin1 = charset != MIME_CHARSET_UTF8;
    return stream->converter != no_converter || charset < MIME_CHARSET_FIRST_CONVERTED;
}

static void flush(struct mime_charset_stream *s)
{
    if (s->out_size)
        s->sink(s->context, span_of(s->out, s->out_size));
    s->out_size = 0;
}

static void put(struct mime_charset_stream *s, struct span utf8)
{
    if (utf8.n > sizeof s->out - s->out_size)
        flush(s);
    if (utf8.n > sizeof s->out) {
        s->sink(s->context, utf8);
        return;
    }
    memcpy(s->out + s->out_size, utf8.p, utf8.n);
    s->out_size += utf8.n;
}

/* Length of the run of ASCII without NUL at the start of s. */
static size_t ascii_run(struct span s)
{
    const uint64_t ones = 0x0101010101010101u, highs = ones << 7;
    size_t i = 0;
    for (; i + 8 <= s.n; i += 8) {
        uint64_t word;
        memcpy(&word, s.p + i, sizeof word);
        if (((word - ones) | word) & highs)
            break;
    }
    while (i < s.n && s.p[i] > 0)
        i++;
    return i;
}

static size_t valid_run(struct span s)
{
    size_t i = 0;
    for (;;) {
        i += ascii_run(span_slice(s, i, s.n));
        size_t length = i < s.n && s.p[i] ? text_utf8_length(span_slice(s, i, 4)) : 0;
        if (length == 0)
            return i;
        i += length;
    }
}

struct span mime_utf8_trim(struct span utf8)
{
    for (size_t tail = 1; tail <= 3 && tail <= utf8.n; tail++) {
        struct span end = span_slice(utf8, utf8.n - tail, tail);
        if ((end.p[0] & 0xC0) == 0x80)
            continue;
        if (text_utf8_length(end) == 0)
            utf8.n -= tail;
        break;
    }
    return utf8;
}

static void put_invalid(struct mime_charset_stream *s, unsigned char c)
{
    char latin1[2] = {(char)(0xC0 | c >> 6), (char)(0x80 | (c & 0x3F))};
    s->broken++;
    put(s, s->latin1 ? span_of(latin1, 2) : SPAN("\xEF\xBF\xBD"));
}

static bool never_leads(unsigned char c)
{
    return c >= 0x80 && (c < 0xC2 || c > 0xF4);
}

/* Passes valid UTF-8 on and mends the rest; returns how much was used: unless last, what may be
 * a character cut at the end is left. */
static size_t clean(struct mime_charset_stream *s, struct span in, bool last)
{
    size_t used = 0;
    while (used < in.n) {
        struct span rest = span_slice(in, used, in.n);
        size_t run = valid_run(rest);
        put(s, span_slice(rest, 0, run));
        used += run;
        rest = span_slice(rest, run, rest.n);
        if (rest.n == 0 || (!last && rest.n < UTF8_MOST))
            break;
        if (*rest.p)
            put_invalid(s, (unsigned char)*rest.p);
        else
            s->nul_seen = true;
        for (used++; used < in.n && never_leads((unsigned char)in.p[used]); used++)
            put_invalid(s, (unsigned char)in.p[used]);
    }
    return used;
}

/* Some converters hold a letter back in case an accent follows. */
static void release_held_letter(struct mime_charset_stream *s)
{
    char block[16], *to = block;
    size_t room = sizeof block;
    iconv(s->converter, NULL, NULL, &to, &room);
    clean(s, span_of(block, sizeof block - room), true);
}

static size_t convert(struct mime_charset_stream *s, struct span in, bool last)
{
    char block[CONVERTED_BLOCK];
    char *from = (char *)in.p; /* iconv only reads */
    size_t left = in.n;
    while (left) {
        char *to = block;
        size_t room = sizeof block;
        size_t result = iconv(s->converter, &from, &left, &to, &room);
        int why = errno;
        clean(s, span_of(block, sizeof block - room), true);
        if (result != (size_t)-1 || (why == EINVAL && !last))
            break;
        if (why == E2BIG)
            continue;
        put(s, SPAN("\xEF\xBF\xBD"));
        from++;
        left--;
        if (++s->broken > BROKEN_MOST) {
            s->converter = no_converter;
            return in.n - left + clean(s, span_of(from, left), last);
        }
    }
    if (last || s->ascii_superset)
        release_held_letter(s);
    return in.n - left;
}

static size_t transform(struct mime_charset_stream *s, struct span in, bool last)
{
    if (in.n == 0)
        return 0;
    bool direct = s->converter == no_converter || (s->ascii_superset && ascii_run(in) == in.n);
    return direct ? clean(s, in, last) : convert(s, in, last);
}

/* Completes the character that the last block cut; returns what is left of bytes. */
static struct span join_held(struct mime_charset_stream *s, struct span bytes)
{
    size_t before = s->held_size;
    struct span more = span_slice(bytes, 0, sizeof s->held - before);
    memcpy(s->held + before, more.p, more.n);
    s->held_size += more.n;
    size_t used = transform(s, span_of(s->held, s->held_size), false);
    if (used < before && s->held_size == sizeof s->held) /* no character is that long */
        used += transform(s, span_slice(span_of(s->held, s->held_size), used, s->held_size), true);
    if (used >= before) {
        s->held_size = 0;
        return span_slice(bytes, used - before, bytes.n);
    }
    s->held_size -= used; /* still cut: bytes was very short */
    memmove(s->held, s->held + used, s->held_size);
    return (struct span){0};
}

void mime_charset_feed(struct mime_charset_stream *s, struct span bytes)
{
    if (s->held_size && bytes.n)
        bytes = join_held(s, bytes);
    if (bytes.n == 0)
        return;
    size_t used = transform(s, bytes, false);
    if (bytes.n - used > sizeof s->held / 2)
        used += transform(s, span_slice(bytes, used, bytes.n), true);
    struct span rest = span_slice(bytes, used, bytes.n);
    memcpy(s->held, rest.p, rest.n);
    s->held_size = rest.n;
}

void mime_charset_finish(struct mime_charset_stream *s)
{
    transform(s, span_of(s->held, s->held_size), true);
    s->held_size = 0;
    flush(s);
}
