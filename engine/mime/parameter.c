/* Reading parameters; each look-up is one pass over the value. */
#include "engine/mime/parameter.h"

#include "engine/base/buf.h"
#include "engine/mime/charset.h"
#include "engine/mime/transfer.h"
#include "engine/mime/words.h"

enum { SECTIONS_MOST = 64, TEXT_MOST = 1024 };

struct parameter {
    struct span name;
    struct span value; /* without the quotes, escapes still in it */
    bool quoted;
    bool encoded; /* percent encoding may be in it */
};

static bool is_separator(char c)
{
    return c == ';' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span take_quoted(struct span *rest)
{
    size_t end = 1;
    while (end < rest->n && rest->p[end] != '"')
        end += rest->p[end] == '\\' ? 2 : 1;
    struct span value = span_slice(*rest, 1, (end < rest->n ? end : rest->n) - 1);
    *rest = span_slice(*rest, end + 1, rest->n);
    return value;
}

static struct span take_unquoted(struct span *rest)
{
    size_t end = 0;
    while (end < rest->n && rest->p[end] != ';' && rest->p[end] != '\n')
        end++;
    struct span value = span_trim(span_slice(*rest, 0, end));
    *rest = span_slice(*rest, end, rest->n);
    return value;
}

/* The next "name=value"; words without "=" are skipped, a missing ";" is forgiven. */
static bool next_parameter(struct span *rest, struct parameter *parameter)
{
    while (rest->n) {
        size_t end = 0;
        while (end < rest->n && !is_separator(rest->p[end]) && rest->p[end] != '=')
            end++;
        parameter->name = span_slice(*rest, 0, end);
        while (end < rest->n && (rest->p[end] == ' ' || rest->p[end] == '\t'))
            end++;
        if (end == rest->n || rest->p[end] != '=') {
            *rest = span_slice(*rest, end ? end : 1, rest->n);
            continue;
        }
        *rest = span_slice(*rest, end + 1, rest->n);
        while (rest->n && (*rest->p == ' ' || *rest->p == '\t' || *rest->p == '\r' || *rest->p == '\n'))
            *rest = span_slice(*rest, 1, rest->n);
        parameter->quoted = rest->n && *rest->p == '"';
        parameter->value = parameter->quoted ? take_quoted(rest) : take_unquoted(rest);
        parameter->encoded = false;
        return true;
    }
    return false;
}

/* All that belongs to one name: the simple form, and the numbered sections of RFC 2231. */
struct found {
    struct parameter simple;
    struct parameter sections[SECTIONS_MOST];
    bool has_simple, has_section[SECTIONS_MOST];
};

static void keep_section(struct found *found, const struct parameter *parameter, struct span mark)
{
    uint64_t number = 0;
    bool encoded = mark.n == 0 || mark.p[mark.n - 1] == '*';
    if (encoded && mark.n)
        mark.n--;
    if (mark.n && !span_parse_u64(mark, &number))
        return;
    if (number >= SECTIONS_MOST || found->has_section[number])
        return;
    found->has_section[number] = true;
    found->sections[number] = *parameter;
    found->sections[number].encoded = encoded;
}

static void find(struct span value, struct span name, struct found *found)
{
    struct parameter parameter;
    found->has_simple = false;
    memset(found->has_section, 0, sizeof found->has_section);
    struct span rest = span_slice(value, span_find(value, ';'), value.n);
    if (rest.n == 0) /* "text/plain charset=utf-8" */
        rest = value;
    while (next_parameter(&rest, &parameter)) {
        if (!span_starts_nocase(parameter.name, name))
            continue;
        struct span mark = span_slice(parameter.name, name.n, parameter.name.n);
        if (mark.n && *mark.p == '*') {
            keep_section(found, &parameter, span_slice(mark, 1, mark.n));
        } else if (mark.n == 0 && !found->has_simple) {
            found->has_simple = true;
            found->simple = parameter;
        }
    }
}

/* Appends the bytes that a value stands for: without escapes, folds and percent encoding. */
static void append_value(struct buf *out, const struct parameter *parameter)
{
    struct span v = parameter->value;
    for (size_t i = 0; i < v.n && out->len < TEXT_MOST; i++) {
        char c = v.p[i];
        if (c == '\r' || c == '\n')
            continue;
        if (parameter->quoted && c == '\\' && i + 1 < v.n)
            c = v.p[++i];
        if (parameter->encoded && c == '%' && i + 2 < v.n && mime_hex_value(v.p[i + 1]) >= 0 &&
            mime_hex_value(v.p[i + 2]) >= 0) {
            c = (char)(mime_hex_value(v.p[i + 1]) * 16 + mime_hex_value(v.p[i + 2]));
            i += 2;
        }
        buf_append_char(out, c);
    }
}

/* Takes "charset'language'" off the value. */
static struct span take_charset(struct parameter *parameter)
{
    struct span v = parameter->value, charset = {0};
    size_t first = span_find(v, '\'');
    size_t second = first + 1 + span_find(span_slice(v, first + 1, v.n), '\'');
    if (second < v.n) {
        charset = span_slice(v, 0, first);
        parameter->value = span_slice(v, second + 1, v.n);
    }
    return charset;
}

/* The sections from 0 up to the first that is missing. */
static struct span join_sections(struct found *found, struct buf *out)
{
    struct span charset = {0};
    if (found->sections[0].encoded)
        charset = take_charset(&found->sections[0]);
    for (size_t i = 0; i < SECTIONS_MOST && found->has_section[i]; i++)
        append_value(out, &found->sections[i]);
    return charset;
}

struct span mime_parameter_token(struct span value, struct span name, struct arena *arena)
{
    struct found found;
    struct buf out = {0};
    find(value, name, &found);
    if (found.has_simple && !found.simple.quoted) {
        struct span v = found.simple.value;
        size_t end = 0;
        while (end < v.n && !is_separator(v.p[end]))
            end++;
        return span_slice(v, 0, end);
    }
    if (found.has_simple)
        append_value(&out, &found.simple);
    else if (found.has_section[0])
        join_sections(&found, &out);
    struct span token = out.len ? arena_dup(arena, buf_span(&out)) : (struct span){0};
    buf_free(&out);
    return token;
}

static void append(void *context, struct span utf8)
{
    buf_append_span(context, utf8);
}

static struct span cut_text(struct span text)
{
    return mime_utf8_trim(span_slice(text, 0, TEXT_MOST));
}

struct span mime_parameter_text(struct span value, struct span name, struct arena *arena)
{
    struct found found;
    struct buf bytes = {0}, text = {0};
    struct span result = {0};
    find(value, name, &found);
    if (found.has_section[0]) {
        struct mime_charset_stream stream;
        struct span charset = join_sections(&found, &bytes);
        mime_charset_begin(&stream, charset, append, &text);
        mime_charset_feed(&stream, buf_span(&bytes));
        mime_charset_finish(&stream);
        result = arena_dup(arena, cut_text(buf_span(&text)));
    } else if (found.has_simple) {
        append_value(&bytes, &found.simple);
        struct span copy = arena_dup(arena, buf_span(&bytes));
        result = cut_text(mime_words_decode(copy, arena));
    }
    buf_free(&bytes);
    buf_free(&text);
    return result;
}
