/* Reading what was signed, byte by byte and within bounds. */
#include "engine/package/signed_text.h"

#include <string.h>

static const struct span SIGNATURE = {"signature ", 10};
enum { NAME_MAX_BYTES = 64, HEX_DIGITS = 2 * TRUST_SIGNATURE_BYTES };

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(struct span hex, unsigned char *bytes)
{
    for (size_t i = 0; i < hex.n; i += 2) {
        int high = digit_of(hex.p[i]), low = digit_of(hex.p[i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i / 2] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static bool take(struct span *from, struct span what)
{
    if (!span_equal(span_slice(*from, 0, what.n), what))
        return false;
    *from = span_slice(*from, what.n, from->n);
    return true;
}

bool signed_text_read(struct span file, struct span kind, struct signed_text *text, struct error *error)
{
    struct span head = span_slice(file, 0, SIGNED_TEXT_MAX), rest = file;
    if (!take(&rest, kind) || !take(&rest, SPAN("\n")))
        return error_set(error, "is not a file of the kind '%.*s'", (int)kind.n, kind.p);
    size_t end = span_find_span(head, SPAN("\n\n"));
    if (end == head.n)
        return error_set(error, "has no end of what is signed in its first %d bytes", SIGNED_TEXT_MAX);
    text->message = span_slice(file, 0, end + 2);
    text->lines = span_slice(file, kind.n + 1, end - kind.n);
    rest = span_slice(file, end + 2, file.n);
    struct span hex = span_slice(rest, SIGNATURE.n, HEX_DIGITS);
    if (!take(&rest, SIGNATURE) || hex.n != HEX_DIGITS || !read_hex(hex, text->signature))
        return error_set(error, "has no signature");
    rest = span_slice(rest, HEX_DIGITS, rest.n);
    if (!take(&rest, SPAN("\n")))
        return error_set(error, "has no signature");
    text->rest = rest;
    return true;
}

void signed_text_put_signature(struct buf *out, const unsigned char signature[TRUST_SIGNATURE_BYTES])
{
    buf_append_span(out, SIGNATURE);
    for (size_t i = 0; i < TRUST_SIGNATURE_BYTES; i++)
        buf_printf(out, "%02x", signature[i]);
    buf_append_char(out, '\n');
}

size_t signed_text_words(struct span *lines, struct span words[SIGNED_WORDS_MAX])
{
    size_t end = span_find(*lines, '\n'), count = 0;
    struct span line = span_slice(*lines, 0, end);
    *lines = span_slice(*lines, end + 1, lines->n);
    while (line.n) {
        if (count == SIGNED_WORDS_MAX)
            return 0;
        size_t blank = span_find(line, ' ');
        words[count++] = span_slice(line, 0, blank);
        line = span_slice(line, blank + 1, line.n);
    }
    return count;
}

bool signed_text_is_name(struct span text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    if (text.n == 0 || text.n > NAME_MAX_BYTES || strchr("._-", text.p[0]))
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == '\0' || !strchr(allowed, text.p[i]))
            return false;
    return true;
}
