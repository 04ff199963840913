/* Encoded words "=?charset?B?...?=", read forgivingly: of any length, with blanks or folds inside. */
#include "engine/mime/words.h"

#include "engine/base/buf.h"
#include "engine/mime/charset.h"
#include "engine/mime/transfer.h"

struct word {
    struct span charset;
    enum mime_encoding encoding;
    struct span text;
    size_t size; /* of the whole, from "=?" to "?=" */
};

static void append(void *context, struct span utf8)
{
    buf_append_span(context, utf8);
}

/* Each of its parts ends at the next "?", so that failed attempts cannot add up to quadratic time. */
static bool parse_word(struct span s, struct word *word)
{
    struct span rest = span_slice(s, 2, s.n);
    size_t charset_size = span_find(rest, '?');
    struct span charset = span_slice(rest, 0, charset_size);
    rest = span_slice(rest, charset_size, rest.n);
    if (rest.n < 5 || rest.p[2] != '?')
        return false;
    char encoding = ascii_lower(rest.p[1]);
    if (encoding != 'b' && encoding != 'q')
        return false;
    rest = span_slice(rest, 3, rest.n);
    size_t text_size = span_find(rest, '?');
    if (text_size + 1 >= rest.n || rest.p[text_size + 1] != '=')
        return false;
    word->charset = span_slice(charset, 0, span_find(charset, '*')); /* RFC 2231: a language may follow */
    word->encoding = encoding == 'b' ? MIME_BASE64 : MIME_QUOTED_PRINTABLE;
    word->text = span_slice(rest, 0, text_size);
    word->size = (size_t)(rest.p + text_size + 2 - s.p);
    return true;
}

static bool is_white(struct span s)
{
    return span_trim(s).n == 0;
}

/* Decoding state: one character set stream runs on over adjacent words, since some mail programs cut
 * characters between words. */
struct words {
    struct buf *out;
    struct mime_charset_stream stream;
    struct span charset;
    bool open;
};

static void close_stream(struct words *w)
{
    if (w->open)
        mime_charset_finish(&w->stream);
    w->open = false;
}

static void put_word(struct words *w, const struct word *word)
{
    if (!w->open || !span_equal_nocase(w->charset, word->charset)) {
        close_stream(w);
        mime_charset_begin(&w->stream, word->charset, append, w->out);
        w->charset = word->charset;
        w->open = true;
    }
    struct mime_transfer transfer = {.encoding = word->encoding};
    struct span rest = word->text;
    while (rest.n) {
        char in[256], out[sizeof in + MIME_TRANSFER_SLACK];
        size_t size = rest.n < sizeof in ? rest.n : sizeof in;
        for (size_t i = 0; i < size; i++)
            in[i] = rest.p[i] == '_' ? ' ' : rest.p[i]; /* "_" is a blank in Q, and nothing in B */
        mime_charset_feed(&w->stream, mime_transfer_decode(&transfer, span_of(in, size), out));
        rest = span_slice(rest, size, rest.n);
    }
    char tail[MIME_TRANSFER_SLACK];
    mime_charset_feed(&w->stream, mime_transfer_finish(&transfer, tail));
}

/* Text between words: line ends go, the rest is made valid. */
static void put_literal(struct words *w, struct span text)
{
    close_stream(w);
    mime_charset_begin(&w->stream, (struct span){0}, append, w->out);
    while (text.n) {
        size_t run = 0;
        while (run < text.n && text.p[run] != '\r' && text.p[run] != '\n')
            run++;
        mime_charset_feed(&w->stream, span_slice(text, 0, run));
        text = span_slice(text, run + 1, text.n);
    }
    mime_charset_finish(&w->stream);
}

static void decode(struct span raw, struct buf *out)
{
    struct words w = {.out = out};
    bool after_word = false;
    size_t done = 0, pos = 0;
    for (;;) {
        pos += span_find_span(span_slice(raw, pos, raw.n), SPAN("=?"));
        if (pos >= raw.n)
            break;
        struct word word;
        if (!parse_word(span_slice(raw, pos, raw.n), &word)) {
            pos++;
            continue;
        }
        struct span between = span_slice(raw, done, pos - done);
        if (!after_word || !is_white(between))
            put_literal(&w, between);
        put_word(&w, &word);
        after_word = true;
        pos += word.size;
        done = pos;
    }
    put_literal(&w, span_slice(raw, done, raw.n));
}

/* Nothing to unfold, decode or mend? */
static bool is_plain(struct span s)
{
    unsigned char all = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '\0' || c == '\r' || c == '\n')
            return false;
        all |= c;
    }
    return all < 0x80 && span_find_span(s, SPAN("=?")) == s.n;
}

struct span mime_words_decode(struct span raw, struct arena *arena)
{
    raw = span_trim(raw);
    if (is_plain(raw))
        return raw;
    struct buf out = {0};
    decode(raw, &out);
    struct span decoded = arena_dup(arena, span_trim(buf_span(&out)));
    buf_free(&out);
    return decoded;
}
