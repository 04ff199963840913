/* What a sender wants to be told about his message (RFC 3461). */
#include "engine/smtp/dsn.h"

#include "engine/base/text.h"

static const struct {
    const char *word;
    uint8_t bit;
} notify_words[] = {
    {"NEVER", SMTP_NOTIFY_NEVER},
    {"SUCCESS", SMTP_NOTIFY_SUCCESS},
    {"FAILURE", SMTP_NOTIFY_FAILURE},
    {"DELAY", SMTP_NOTIFY_DELAY},
};
enum { NOTIFY_WORDS = sizeof notify_words / sizeof notify_words[0] };

static uint8_t notify_bit(struct span word)
{
    for (int i = 0; i < NOTIFY_WORDS; i++)
        if (span_equal_nocase(word, span_text(notify_words[i].word)))
            return notify_words[i].bit;
    return 0;
}

bool smtp_notify_parse(struct span value, uint8_t *notify)
{
    *notify = 0;
    for (;;) {
        size_t comma = span_find(value, ',');
        uint8_t bit = notify_bit(span_slice(value, 0, comma));
        if (!bit || (*notify & bit))
            return false;
        *notify |= bit;
        if (comma == value.n)
            break;
        value = span_slice(value, comma + 1, value.n);
    }
    return !(*notify & SMTP_NOTIFY_NEVER) || *notify == SMTP_NOTIFY_NEVER;
}

void smtp_notify_put(struct buf *out, uint8_t notify)
{
    const char *comma = "";
    for (int i = 0; i < NOTIFY_WORDS; i++) {
        if (!(notify & notify_words[i].bit))
            continue;
        buf_printf(out, "%s%s", comma, notify_words[i].word);
        comma = ",";
    }
}

bool smtp_return_parse(struct span value, uint8_t *returns)
{
    bool full = span_equal_nocase(value, SPAN("FULL"));
    *returns = full ? SMTP_RETURN_FULL : SMTP_RETURN_HEADERS;
    return full || span_equal_nocase(value, SPAN("HDRS"));
}

/* xtext has upper-case digits only. */
static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte at *i, which moves behind it; -1 when there is none. */
static int xtext_next(struct span s, size_t *i)
{
    int c = (unsigned char)s.p[(*i)++];
    if (c != '+')
        return c > ' ' && c <= '~' && c != '=' ? c : -1;
    int high = *i < s.n ? hex_value(s.p[*i]) : -1, low = *i + 1 < s.n ? hex_value(s.p[*i + 1]) : -1;
    *i += 2;
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* True when s is xtext of printable ASCII, blanks included. */
static bool is_printable_xtext(struct span s)
{
    for (size_t i = 0; i < s.n;) {
        int c = xtext_next(s, &i);
        if (c < ' ' || c > '~')
            return false;
    }
    return s.n > 0;
}

bool smtp_envelope_id_is_valid(struct span value)
{
    return value.n <= SMTP_ENVELOPE_ID_MAX && is_printable_xtext(value);
}

/* An atom of RFC 822, as the registry of address types has them. */
static bool is_address_type(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        char l = ascii_lower(s.p[i]);
        if (!(l >= 'a' && l <= 'z') && !(l >= '0' && l <= '9') && l != '-')
            return false;
    }
    return s.n > 0;
}

/* The pieces between characters beyond ASCII are xtext, so that these stand in no escape. */
static bool is_utf8_xtext(struct span s)
{
    while (s.n) {
        size_t ascii = 0;
        while (ascii < s.n && (unsigned char)s.p[ascii] < 0x80)
            ascii++;
        if (ascii && !is_printable_xtext(span_slice(s, 0, ascii)))
            return false;
        s = span_slice(s, ascii, s.n);
        size_t wide = s.n ? text_utf8_length(s) : 0;
        if (s.n &&
            (wide == 0 || (wide == 2 && (unsigned char)s.p[0] == 0xc2 && (unsigned char)s.p[1] < 0xa0)))
            return false;
        s = span_slice(s, wide, s.n);
    }
    return true;
}

static bool is_original(struct span value, bool utf8)
{
    struct span type = span_slice(value, 0, span_find(value, ';'));
    struct span address = span_slice(value, type.n + 1, value.n);
    utf8 &= span_equal_nocase(type, SPAN("utf-8"));
    return value.n <= SMTP_ORIGINAL_MAX && is_address_type(type) &&
           (is_printable_xtext(address) || (utf8 && address.n && is_utf8_xtext(address)));
}

bool smtp_original_is_valid(struct span value)
{
    return is_original(value, false);
}

bool smtp_original_is_valid_utf8(struct span value)
{
    return is_original(value, true);
}

static uint32_t code_point(struct span utf8)
{
    if (utf8.n == 1)
        return (unsigned char)utf8.p[0];
    uint32_t code = (unsigned char)utf8.p[0] & (0xffu >> (utf8.n + 1));
    for (size_t i = 1; i < utf8.n; i++)
        code = code << 6 | ((unsigned char)utf8.p[i] & 0x3f);
    return code;
}

void smtp_utf8_put_ascii(struct buf *out, struct span s, const char *special)
{
    while (s.n) {
        size_t n = text_utf8_length(s);
        if (n > 1 || (n == 1 && s.p[0] && strchr(special, s.p[0])))
            buf_printf(out, "\\x{%X}", code_point(span_slice(s, 0, n)));
        else
            buf_append_char(out, n == 1 && (unsigned char)s.p[0] < 0x80 ? s.p[0] : '?');
        s = span_slice(s, n ? n : 1, s.n);
    }
}

void smtp_xtext_decode(struct buf *out, struct span xtext)
{
    for (size_t i = 0; i < xtext.n;) {
        bool wide = (unsigned char)xtext.p[i] > 127; /* of smtp_original_is_valid_utf8() */
        buf_append_char(out, wide ? xtext.p[i++] : (char)xtext_next(xtext, &i));
    }
}
