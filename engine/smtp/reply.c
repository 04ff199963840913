/* Replies of an SMTP server. */
#include "engine/smtp/reply.h"

#include <stdio.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Moves *i over one to three digits. */
static bool skip_number(struct span s, size_t *i)
{
    size_t start = *i;
    while (*i < s.n && *i - start < 3 && is_digit(s.p[*i]))
        (*i)++;
    return *i > start;
}

size_t smtp_enhanced_length(struct span s, uint16_t code)
{
    size_t i = 2;
    if (s.n < 5 || s.p[0] != (char)('0' + code / 100) || s.p[1] != '.' || !skip_number(s, &i))
        return 0;
    if (i == s.n || s.p[i++] != '.' || !skip_number(s, &i))
        return 0;
    return i == s.n || s.p[i] == ' ' ? i : 0;
}

static void keep_text(struct smtp_reply *r, struct span text)
{
    size_t enhanced = smtp_enhanced_length(text, r->code);
    if (enhanced && !r->enhanced[0]) {
        memcpy(r->enhanced, text.p, enhanced);
        r->enhanced[enhanced] = '\0';
        r->said = true;
    }
    if (r->lines > 1 && r->text.len < SMTP_REPLY_TEXT_MAX)
        buf_append_char(&r->text, '\n');
    text = span_trim(span_slice(text, enhanced, text.n));
    buf_append_span(&r->text, span_slice(text, 0, SMTP_REPLY_TEXT_MAX - r->text.len));
}

/* Code and separator of one line; false when it has none. */
static bool parse_code(struct span line, uint16_t *code, bool *last)
{
    if (line.n < 3 || line.p[0] < '2' || line.p[0] > '5' || !is_digit(line.p[1]) || !is_digit(line.p[2]))
        return false;
    *code = (uint16_t)((line.p[0] - '0') * 100 + (line.p[1] - '0') * 10 + (line.p[2] - '0'));
    *last = line.n == 3 || line.p[3] == ' ';
    return *last || line.p[3] == '-';
}

enum smtp_reply_status smtp_reply_line(struct smtp_reply *r, struct span line)
{
    uint16_t code;
    bool last;
    if (line.n && line.p[line.n - 1] == '\n')
        line.n--;
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    if (!parse_code(line, &code, &last) || (r->lines > 0 && code != r->code) ||
        r->lines == SMTP_REPLY_LINES_MAX)
        return SMTP_REPLY_BAD;
    r->code = code;
    r->lines++;
    keep_text(r, span_slice(line, 4, line.n));
    if (!last)
        return SMTP_REPLY_MORE;
    if (!r->enhanced[0])
        snprintf(r->enhanced, sizeof r->enhanced, "%u.0.0", code / 100);
    return SMTP_REPLY_DONE;
}

void smtp_reply_clear(struct smtp_reply *r)
{
    buf_clear(&r->text);
    r->code = 0;
    r->enhanced[0] = '\0';
    r->said = false;
    r->lines = 0;
}

void smtp_reply_free(struct smtp_reply *r)
{
    buf_free(&r->text);
    *r = (struct smtp_reply){0};
}

struct smtp_extensions smtp_extensions_parse(struct span text)
{
    struct smtp_extensions found = {0};
    size_t end = span_find(text, '\n'); /* the first line is a greeting */
    while (end < text.n) {
        text = span_slice(text, end + 1, text.n);
        end = span_find(text, '\n');
        struct span line = span_slice(text, 0, end);
        struct span keyword = span_slice(line, 0, span_find(line, ' '));
        if (span_equal_nocase(keyword, SPAN("PIPELINING")))
            found.pipelining = true;
        else if (span_equal_nocase(keyword, SPAN("SIZE")))
            found.size = true;
        else if (span_equal_nocase(keyword, SPAN("8BITMIME")))
            found.body_8bit = true;
        else if (span_equal_nocase(keyword, SPAN("STARTTLS")))
            found.starttls = true;
        else if (span_equal_nocase(keyword, SPAN("DSN")))
            found.dsn = true;
        else if (span_equal_nocase(keyword, SPAN("SMTPUTF8")))
            found.utf8 = found.body_8bit = true; /* RFC 6531 3.1 */
    }
    return found;
}
