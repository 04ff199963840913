/* Reading an answer of the spamd protocol; see spamd_response.h. */
#include "engine/spamd/spamd_response.h"

/* "5", "-0.1", "15.25": thousandths.  Digits behind the third are dropped. */
static bool read_points(struct span text, int32_t *points)
{
    bool negative = text.n && text.p[0] == '-';
    int64_t value = 0, unit = 1000, digits = 0;
    bool fraction = false;
    for (size_t i = negative; i < text.n; i++) {
        char c = text.p[i];
        if (c == '.' && !fraction) {
            fraction = true;
            continue;
        }
        if (c < '0' || c > '9')
            return false;
        digits++;
        unit = fraction ? unit / 10 : unit;
        value = fraction ? value + unit * (c - '0') : value * 10 + 1000 * (c - '0');
        if (value > SPAMD_POINTS_MOST)
            value = SPAMD_POINTS_MOST;
    }
    *points = (int32_t)(negative ? -value : value);
    return digits > 0;
}

/* "True ; 15.2 / 5.0" */
static bool read_verdict(struct span value, struct spamd_response *r)
{
    size_t semicolon = span_find(value, ';'), slash = span_find(value, '/');
    if (semicolon >= slash || slash == value.n)
        return false;
    struct span word = span_trim(span_slice(value, 0, semicolon));
    r->spam = span_equal_nocase(word, SPAN("True")) || span_equal_nocase(word, SPAN("Yes"));
    r->has_verdict = true;
    return (r->spam || span_equal_nocase(word, SPAN("False")) || span_equal_nocase(word, SPAN("No"))) &&
           read_points(span_trim(span_slice(value, semicolon + 1, slash - semicolon - 1)), &r->points) &&
           read_points(span_trim(span_slice(value, slash + 1, value.n)), &r->required);
}

/* "SPAMD/1.1 0 EX_OK": the version does not matter. */
static bool read_status(struct span line, struct spamd_response *r)
{
    size_t blank = span_find(line, ' ');
    struct span rest = span_trim(span_slice(line, blank, line.n));
    uint64_t code;
    if (!span_starts_nocase(line, SPAN("SPAMD/")) ||
        !span_parse_u64(span_slice(rest, 0, span_find(rest, ' ')), &code) || code > UINT16_MAX)
        return false;
    r->code = (unsigned)code;
    return true;
}

/* Other fields than these two are for others. */
static bool read_field(struct span line, struct spamd_response *r)
{
    size_t colon = span_find(line, ':');
    struct span name = span_slice(line, 0, colon), value = span_trim(span_slice(line, colon + 1, line.n));
    if (colon == line.n)
        return false;
    if (span_equal_nocase(name, SPAN("Spam")))
        return read_verdict(value, r);
    if (!span_equal_nocase(name, SPAN("Content-length")))
        return true;
    r->has_length = true;
    return span_parse_u64(value, &r->length) && r->length <= SPAMD_RESPONSE_MOST;
}

/* The next line without its end; false when it has none yet. */
static bool next_line(struct spamd_response *r, struct span bytes, struct span *line)
{
    size_t end = r->searched + span_find(span_slice(bytes, r->searched, bytes.n), '\n');
    r->searched = end;
    if (end == bytes.n)
        return false;
    *line = span_slice(bytes, r->line, end - r->line);
    if (line->n && line->p[line->n - 1] == '\r')
        line->n--;
    r->line = r->searched = end + 1;
    r->lines++;
    return true;
}

static enum spamd_response_state unfinished(bool ended)
{
    return ended ? SPAMD_RESPONSE_BAD : SPAMD_RESPONSE_PART;
}

static enum spamd_response_state read_head(struct spamd_response *r, struct span bytes, bool ended)
{
    struct span line;
    while (!r->in_body) {
        if (!next_line(r, bytes, &line)) {
            /* PONG has no fields and no empty line. */
            bool is_pong = ended && r->lines == 1 && r->line == bytes.n;
            return is_pong ? SPAMD_RESPONSE_WHOLE : unfinished(ended);
        }
        r->in_body = r->lines > 1 && line.n == 0;
        if (!r->in_body && !(r->lines == 1 ? read_status(line, r) : read_field(line, r)))
            return SPAMD_RESPONSE_BAD;
    }
    return SPAMD_RESPONSE_PART;
}

enum spamd_response_state spamd_response_parse(struct span bytes, bool ended, struct spamd_response *r)
{
    if (bytes.n > SPAMD_RESPONSE_MOST)
        return SPAMD_RESPONSE_BAD;
    if (!r->in_body) {
        enum spamd_response_state head = read_head(r, bytes, ended);
        if (!r->in_body)
            return head;
    }
    r->body = span_slice(bytes, r->line, bytes.n);
    if (!r->has_length)
        return ended ? SPAMD_RESPONSE_WHOLE : SPAMD_RESPONSE_PART;
    if (r->body.n < r->length)
        return unfinished(ended);
    r->body.n = (size_t)r->length;
    return SPAMD_RESPONSE_WHOLE;
}
