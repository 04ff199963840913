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
static bool read_field(struct span line, struct spamd_response *r, uint64_t *length)
{
    size_t colon = span_find(line, ':');
    struct span name = span_slice(line, 0, colon), value = span_trim(span_slice(line, colon + 1, line.n));
    if (colon == line.n)
        return false;
    if (span_equal_nocase(name, SPAN("Spam")))
        return read_verdict(value, r);
    if (span_equal_nocase(name, SPAN("Content-length")))
        return span_parse_u64(value, length) && *length <= SPAMD_RESPONSE_MOST;
    return true;
}

/* The next line without its end; false when it has none yet. */
static bool next_line(struct span *rest, struct span *line)
{
    size_t end = span_find(*rest, '\n');
    if (end == rest->n)
        return false;
    *line = span_slice(*rest, 0, end);
    if (line->n && line->p[line->n - 1] == '\r')
        line->n--;
    *rest = span_slice(*rest, end + 1, rest->n);
    return true;
}

static enum spamd_response_state unfinished(bool ended)
{
    return ended ? SPAMD_RESPONSE_BAD : SPAMD_RESPONSE_PART;
}

enum spamd_response_state spamd_response_parse(struct span bytes, bool ended, struct spamd_response *response)
{
    struct span rest = bytes, line;
    uint64_t length = UINT64_MAX; /* not said */
    *response = (struct spamd_response){.code = 0};
    if (bytes.n > SPAMD_RESPONSE_MOST)
        return SPAMD_RESPONSE_BAD;
    if (!next_line(&rest, &line))
        return unfinished(ended);
    if (!read_status(line, response))
        return SPAMD_RESPONSE_BAD;
    /* PONG has no fields and no empty line. */
    if (ended && rest.n == 0)
        return SPAMD_RESPONSE_WHOLE;
    for (;;) {
        if (!next_line(&rest, &line))
            return unfinished(ended);
        if (line.n == 0)
            break;
        if (!read_field(line, response, &length))
            return SPAMD_RESPONSE_BAD;
    }
    response->body = span_slice(rest, 0, length < rest.n ? (size_t)length : rest.n);
    if (length == UINT64_MAX)
        return ended ? SPAMD_RESPONSE_WHOLE : SPAMD_RESPONSE_PART;
    return rest.n >= length ? SPAMD_RESPONSE_WHOLE : unfinished(ended);
}
