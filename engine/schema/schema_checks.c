/* Texts that are names, parts of headers, or PEM.  As with all checks, one that fails is answered by what would be right. */
#include "engine/schema/schema.h"

static bool is_letter_or_digit(char c)
{
    char l = ascii_lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9');
}

static bool is_ascii(struct span text)
{
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] > '~')
            return false;
    return true;
}

bool schema_check_name(struct span text, struct error *error)
{
    for (size_t i = 0; i < text.n; i++)
        if (!is_letter_or_digit(text.p[i]) && !memchr("_.-", text.p[i], 3))
            return error_set(error, "a name of letters, digits, '_', '.' and '-'");
    return true;
}

bool schema_check_registration_id(struct span text, struct error *error)
{
    struct error ignored;
    return schema_check_name(text, &ignored) || error_set(error, "1 to 64 letters, digits, '.', '_' and '-'");
}

/* As useradd and directories of accounts name them. */
bool schema_check_account(struct span text, struct error *error)
{
    bool good = text.n && text.p[0] != '-';
    for (size_t i = 0; i < text.n; i++)
        good = good && (is_letter_or_digit(text.p[i]) || memchr("_.-@$\\", text.p[i], 6));
    return good ||
           error_set(error, "the name of an account: letters, digits, '_', '.', '-', '@', '$' and '\\'");
}

bool schema_check_subject(struct span text, struct error *error)
{
    struct span prepend = SPAN("prepend:"), append = SPAN("append:");
    bool ok = span_equal(text, SPAN("none")) ||
              (text.n > prepend.n && span_equal(span_slice(text, 0, prepend.n), prepend)) ||
              (text.n > append.n && span_equal(span_slice(text, 0, append.n), append));
    if (!ok || !is_ascii(text))
        return error_set(error, "none, prepend:TEXT or append:TEXT in US-ASCII");
    return true;
}

/* RFC 5322 2.2: a name of printable characters but the colon. */
bool schema_check_header(struct span text, struct error *error)
{
    size_t name = span_find(text, ':');
    bool ok = text.n == 0 || (name > 0 && name < text.n && span_find(text, ' ') > name && is_ascii(text) &&
                              span_trim(span_slice(text, name + 1, text.n)).n > 0);
    return ok || error_set(error, "\"NAME: VALUE\" in US-ASCII");
}

/* RFC 5322 3.6.8 */
bool schema_check_header_name(struct span text, struct error *error)
{
    struct span name = schema_header_name(text);
    bool good = (name.n || !text.n) && !span_equal_nocase(name, SPAN("Received")) &&
                !span_equal_nocase(name, SPAN("Subject")) && !span_equal_nocase(name, SPAN("Message-ID"));
    for (size_t i = 0; i < name.n; i++)
        good = good && name.p[i] > ' ' && name.p[i] <= '~' && name.p[i] != ':';
    return good ||
           error_set(error, "the name of a header of the relay's own (not Received, Subject or Message-ID)");
}

struct span schema_header_name(struct span text)
{
    return text.n && text.p[text.n - 1] == ':' ? span_slice(text, 0, text.n - 1) : text;
}

bool schema_check_log_name(struct span text, struct error *error)
{
    bool good = text.n && text.p[0] >= 'a' && text.p[0] <= 'z' && !span_equal(text, SPAN("all"));
    for (size_t i = 0; i < text.n; i++)
        good = good && (is_letter_or_digit(text.p[i]) || text.p[i] == '_' || text.p[i] == '-') &&
               text.p[i] == ascii_lower(text.p[i]);
    return good ||
           error_set(error, "a name of a-z, 0-9, '_' and '-' that begins with a letter ('all' is none)");
}

bool schema_pem_next(struct span *text, struct span *label, struct span *block)
{
    const struct span begin = SPAN("-----BEGIN "), dashes = SPAN("-----"), end = SPAN("\n-----END ");
    size_t start = span_find_span(*text, begin);
    struct span rest = span_slice(*text, start, text->n);
    struct span first = span_slice(rest, 0, span_find(rest, '\n'));
    if (start == text->n || first.n < begin.n + dashes.n)
        return false;
    *label = span_slice(first, begin.n, first.n - begin.n - dashes.n);
    size_t last = span_find_span(rest, end);
    if (last == rest.n)
        return false;
    struct span tail = span_slice(rest, last + 1, rest.n);
    *block = span_slice(rest, 0, last + 1 + span_find(tail, '\n'));
    *text = span_slice(rest, block->n, rest.n);
    return true;
}

/* How many blocks a text has when the labels of all end with this one and nothing follows them, else 0. */
static size_t count_blocks(struct span text, struct span wanted)
{
    struct span label, block;
    size_t count = 0;
    for (; schema_pem_next(&text, &label, &block); count++) {
        size_t cut = label.n > wanted.n ? label.n - wanted.n : 0;
        if (!span_equal(span_slice(label, cut, label.n), wanted))
            return 0;
    }
    return span_trim(text).n == 0 ? count : 0;
}

bool schema_check_certificate(struct span text, struct error *error)
{
    return count_blocks(text, SPAN("CERTIFICATE")) > 0 || error_set(error, "one or more certificates in PEM");
}

bool schema_check_certificates(struct span text, struct error *error)
{
    return text.n == 0 || schema_check_certificate(text, error);
}

bool schema_check_private_key(struct span text, struct error *error)
{
    bool encrypted = span_find_span(text, SPAN("ENCRYPTED")) < text.n;
    return (count_blocks(text, SPAN("PRIVATE KEY")) == 1 && !encrypted) ||
           error_set(error, "one private key in PEM without a passphrase");
}
