/* The decoders under the view, each by itself: the first byte chooses one, the second where its input is cut in two.
 *
 * Beyond memory safety: what comes in pieces reads as in one, what is shown is valid UTF-8, what is found lies within. */
#include <stdint.h>
#include <stdlib.h>

#include "engine/base/text.h"
#include "engine/mime/charset.h"
#include "engine/mime/html_entity.h"
#include "engine/mime/html_token.h"
#include "engine/mime/parameter.h"
#include "engine/mime/transfer.h"
#include "engine/mime/url.h"
#include "engine/mime/view.h"
#include "engine/mime/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct arena *arena;

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void require_utf8(struct span s)
{
    for (size_t length; s.n; s = span_slice(s, length, s.n))
        require((length = text_utf8_length(s)) > 0);
}

static void require_within(struct span inner, struct span outer)
{
    require(inner.n == 0 || (inner.p >= outer.p && inner.p + inner.n <= outer.p + outer.n));
}

static void require_same(struct buf *a, struct buf *b)
{
    require(span_equal(buf_span(a), buf_span(b)));
    buf_free(a);
    buf_free(b);
}

static void append(void *context, struct span utf8)
{
    buf_append_span(context, utf8);
}

static void convert(struct span name, struct span in, size_t cut, struct buf *out)
{
    struct mime_charset_stream stream;
    mime_charset_begin(&stream, name, append, out);
    mime_charset_feed(&stream, span_slice(in, 0, cut));
    mime_charset_feed(&stream, span_slice(in, cut, in.n));
    mime_charset_finish(&stream);
}

/* Up to the first blank the name of a character set, behind it text in it. */
static void fuzz_charset(struct span in, size_t cut)
{
    struct buf whole = {0}, parts = {0};
    struct span name = span_slice(in, 0, span_find(in, ' '));
    struct span text = span_slice(in, name.n + 1, in.n);
    convert(name, text, text.n, &whole);
    convert(name, text, cut < text.n ? cut : text.n, &parts);
    require_utf8(buf_span(&whole));
    require_same(&whole, &parts);
}

static void record_text(void *context, struct span utf8)
{
    require_utf8(utf8);
    append(context, utf8);
}

static void record_tag(void *context, const struct html_tag *tag)
{
    require(tag->element && tag->name[HTML_NAME_MOST] == '\0');
    buf_printf(context, "<%s%s", tag->closing ? "/" : "", tag->name);
    for (unsigned i = 0; i < HTML_ATTRIBUTES; i++) {
        if (!tag->has[i])
            continue;
        require(tag->value[i].n <= HTML_VALUE_MOST);
        require_utf8(tag->value[i]);
        buf_printf(context, " %u=", i);
        append(context, tag->value[i]);
    }
}

static void tokenize(struct span utf8, size_t cut, struct buf *out)
{
    static struct html_tokenizer t;
    html_begin(&t, (struct html_handler){record_text, record_tag, out});
    html_feed(&t, span_slice(utf8, 0, cut));
    html_feed(&t, span_slice(utf8, cut, utf8.n));
    html_finish(&t);
}

static void fuzz_html(struct span in, size_t cut)
{
    struct buf utf8 = {0}, whole = {0}, parts = {0};
    convert(SPAN("utf-8"), in, in.n, &utf8);
    struct span text = buf_span(&utf8);
    tokenize(text, text.n, &whole);
    tokenize(text, mime_utf8_trim(span_slice(text, 0, cut)).n, &parts);
    require_same(&whole, &parts);
    utf8.len = html_entities_decode(utf8.data, utf8.len);
    require(utf8.len <= text.n);
    require_utf8(buf_span(&utf8));
    buf_free(&utf8);
}

static void transfer(enum mime_encoding encoding, struct span in, size_t cut, struct buf *out)
{
    struct mime_transfer t = {.encoding = encoding};
    char *room = arena_alloc(arena, in.n + MIME_TRANSFER_SLACK);
    buf_append_span(out, mime_transfer_decode(&t, span_slice(in, 0, cut), room));
    buf_append_span(out, mime_transfer_decode(&t, span_slice(in, cut, in.n), room));
    buf_append_span(out, mime_transfer_finish(&t, room));
    buf_append_char(out, t.broken ? '!' : '.');
}

static void fuzz_transfer(struct span in, size_t cut)
{
    for (unsigned encoding = MIME_IDENTITY; encoding <= MIME_QUOTED_PRINTABLE; encoding++) {
        struct buf whole = {0}, parts = {0};
        transfer(encoding, in, in.n, &whole);
        transfer(encoding, in, cut, &parts);
        require_same(&whole, &parts);
    }
    mime_encoding_of(in);
}

static void fuzz_words(struct span in, size_t cut)
{
    (void)cut;
    require_utf8(mime_words_decode(in, arena));
}

static void fuzz_parameter(struct span in, size_t cut)
{
    static const struct span names[] = {{"name", 4}, {"filename", 8}, {"charset", 7}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct span text = mime_parameter_text(in, names[i], arena);
        require(text.n <= 1024);
        require_utf8(text);
        require(mime_parameter_token(in, names[i], arena).n <= in.n);
    }
    (void)cut;
}

static void fuzz_url(struct span in, size_t cut)
{
    struct span rest = in, url;
    while (url_next(&rest, &url)) {
        require(url.n > 0 && (rest.n == 0 || rest.p == url.p + url.n));
        require_within(url, in);
        require_within(url_host(url), url);
        require(!url_text_misleads(url, url));
    }
    url_text_misleads(span_slice(in, 0, cut), span_slice(in, cut, in.n));
    require_within(url_host(in), in);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    mime_charsets_open();
    arena = arena_new();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(struct span in, size_t cut) = {
        fuzz_charset, fuzz_html, fuzz_transfer, fuzz_words, fuzz_parameter, fuzz_url,
    };
    if (size < 2)
        return 0;
    struct span in = span_of(data + 2, size - 2);
    targets[data[0] % (sizeof targets / sizeof targets[0])](in, data[1] < in.n ? data[1] : in.n);
    arena_reset(arena);
    return 0;
}
