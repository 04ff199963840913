/* Texts of the answers. */
#include "engine/spamd/spamd_reply.h"

#include <inttypes.h>

#include "config.h"

enum { NAME_MAX_BYTES = 80, LEVEL_STEP = 10, FOLD_COLUMN = 76 };

static const struct {
    enum spamd_status status;
    const char *name;
} statuses[] = {
    {SPAMD_EX_OK, "EX_OK"},
    {SPAMD_EX_DATAERR, "EX_DATAERR"},
    {SPAMD_EX_UNAVAILABLE, "EX_UNAVAILABLE"},
    {SPAMD_EX_SOFTWARE, "EX_SOFTWARE"},
    {SPAMD_EX_TEMPFAIL, "EX_TEMPFAIL"},
    {SPAMD_EX_PROTOCOL, "EX_PROTOCOL"},
    {SPAMD_EX_NOPERM, "EX_NOPERM"},
    {SPAMD_EX_TIMEOUT, "EX_TIMEOUT"},
};

static void put_status(struct buf *out, enum spamd_status status)
{
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        if (statuses[i].status == status)
            buf_printf(out, "SPAMD/1.1 %d %s", (int)status, statuses[i].name);
}

bool spamd_is_spam(const struct spamd_verdict *v)
{
    return v->score >= SPAMD_THRESHOLD;
}

void spamd_put_refusal(struct buf *out, enum spamd_method method, enum spamd_status status,
                       const char *reason)
{
    put_status(out, status);
    buf_printf(out, ": %s\r\n%s", reason, method == SPAMD_TELL ? "" : "\r\n");
}

void spamd_put_pong(struct buf *out)
{
    buf_append_span(out, SPAN("SPAMD/1.5 0 PONG\r\n"));
}

void spamd_put_told(struct buf *out, bool set, bool removed)
{
    put_status(out, SPAMD_EX_OK);
    buf_append_span(out, SPAN("\r\n"));
    if (set)
        buf_append_span(out, SPAN("DidSet: local\r\n"));
    if (removed)
        buf_append_span(out, SPAN("DidRemove: local\r\n"));
    buf_append_span(out, SPAN("Content-length: 0\r\n\r\n"));
}

static void put_number(struct buf *out, const struct spamd_verdict *v, int score)
{
    if (v->raw)
        buf_printf(out, "%d", score);
    else
        buf_printf(out, "%d.%d", score / 10, score % 10);
}

/* "9.3 / 5.0" with what stands between the two. */
static void put_score(struct buf *out, const struct spamd_verdict *v, const char *between)
{
    put_number(out, v, v->score);
    buf_append_span(out, span_text(between));
    put_number(out, v, SPAMD_THRESHOLD);
}

/* Clients of 1.2 expect one header only: for a message its length, else the verdict. */
void spamd_put_head(struct buf *out, const struct spamd_request *request, const struct spamd_verdict *v,
                    uint64_t body_bytes)
{
    bool returns_message = request->method == SPAMD_PROCESS || request->method == SPAMD_HEADERS;
    bool has_many = request->version >= 13;
    bool has_length = request->method != SPAMD_CHECK && (has_many || returns_message);
    put_status(out, SPAMD_EX_OK);
    buf_append_span(out, SPAN("\r\n"));
    if (returns_message && request->version < 12)
        return; /* no headers, and nothing between */
    if (has_length)
        buf_printf(out, "Content-length: %" PRIu64 "\r\n", body_bytes);
    if (has_many || !returns_message) {
        buf_printf(out, "Spam: %s ; ", spamd_is_spam(v) ? "True" : "False");
        put_score(out, v, " / ");
        buf_append_span(out, SPAN("\r\n"));
    }
    buf_append_span(out, SPAN("\r\n"));
}

/* A name with nothing in it that separates names or lines. */
static void put_name(struct buf *out, struct span name)
{
    for (size_t i = 0; i < name.n && i < NAME_MAX_BYTES; i++)
        buf_append_char(out, name.p[i] > ' ' && name.p[i] <= '~' && name.p[i] != ',' ? name.p[i] : '_');
}

static void put_symbols(struct buf *out, const struct spamd_verdict *v)
{
    for (uint32_t i = 0; i < v->reason_count; i++) {
        if (i)
            buf_append_char(out, ',');
        put_name(out, v->reasons[i].name);
    }
}

static void put_report(struct buf *out, const struct spamd_verdict *v)
{
    buf_printf(out, "Judged by mailward %s on %s: %s, score ", PACKAGE_VERSION, v->hostname,
               spamd_is_spam(v) ? "spam" : "not spam");
    put_score(out, v, ", spam from ");
    buf_append_span(out, SPAN(" on.\n\n log-odds  reason\n --------  ------\n"));
    for (uint32_t i = 0; i < v->reason_count; i++) {
        buf_printf(out, " %+8.2f  ", v->reasons[i].millilogodds / 1000.0);
        put_name(out, v->reasons[i].name);
        buf_append_char(out, '\n');
    }
}

void spamd_put_body(struct buf *out, const struct spamd_request *request, const struct spamd_verdict *v)
{
    switch (request->method) {
    case SPAMD_SYMBOLS:
        put_symbols(out, v);
        if (request->version < 13)
            buf_append_span(out, SPAN("\r\n"));
        break;
    case SPAMD_REPORT:
        put_report(out, v);
        break;
    case SPAMD_REPORT_IFSPAM:
        if (spamd_is_spam(v))
            put_report(out, v);
        break;
    default:
        break;
    }
}

/* ---- the header of a message ---- */

struct lines {
    struct buf *out;
    struct span end; /* of a line */
};

static void end_line(const struct lines *l)
{
    buf_append_span(l->out, l->end);
}

/* tests=a,b,c folded behind commas. */
static void put_tests(const struct lines *l, const struct spamd_verdict *v)
{
    size_t column = l->out->len;
    end_line(l);
    buf_append_span(l->out, SPAN("\ttests="));
    column = l->out->len;
    for (uint32_t i = 0; i < v->reason_count; i++) {
        size_t width = v->reasons[i].name.n < NAME_MAX_BYTES ? v->reasons[i].name.n : NAME_MAX_BYTES;
        if (i)
            buf_append_char(l->out, ',');
        if (i && l->out->len - column + width > FOLD_COLUMN - 8) {
            end_line(l);
            buf_append_char(l->out, '\t');
            column = l->out->len;
        }
        put_name(l->out, v->reasons[i].name);
    }
    if (v->reason_count == 0)
        buf_append_span(l->out, SPAN("none"));
}

static void put_own_fields(const struct lines *l, const struct spamd_verdict *v)
{
    bool spam = spamd_is_spam(v);
    buf_printf(l->out, "X-Spam-Checker-Version: mailward %s on %s", PACKAGE_VERSION, v->hostname);
    end_line(l);
    if (spam) {
        buf_append_span(l->out, SPAN("X-Spam-Flag: YES"));
        end_line(l);
    }
    if (v->score >= LEVEL_STEP) {
        buf_append_span(l->out, SPAN("X-Spam-Level: "));
        for (int i = LEVEL_STEP; i <= v->score; i += LEVEL_STEP)
            buf_append_char(l->out, '*');
        end_line(l);
    }
    buf_printf(l->out, "X-Spam-Status: %s, score=", spam ? "Yes" : "No");
    put_score(l->out, v, " required=");
    put_tests(l, v);
    end_line(l);
}

static struct span line_end_of(struct span message)
{
    size_t feed = span_find(message, '\n');
    bool crlf = feed == message.n || (feed > 0 && message.p[feed - 1] == '\r');
    return crlf ? SPAN("\r\n") : SPAN("\n");
}

static struct span first_line(struct span s)
{
    return span_slice(s, 0, span_find(s, '\n') + 1);
}

static bool is_blank(struct span line)
{
    return span_equal(line, SPAN("\n")) || span_equal(line, SPAN("\r\n"));
}

/* Also behind a line that is no field: some readers pass over such lines. */
static size_t copy_fields(struct buf *out, struct span message, size_t from)
{
    bool left_out = false;
    while (from < message.n) {
        struct span line = first_line(span_slice(message, from, message.n));
        if (line.p[0] != ' ' && line.p[0] != '\t')
            left_out = span_starts_nocase(line, SPAN("X-Spam-"));
        if (!left_out)
            buf_append_span(out, line);
        from += line.n;
        if (is_blank(line))
            break;
    }
    return from;
}

size_t spamd_put_message_header(struct buf *out, struct span message, const struct spamd_verdict *v)
{
    const struct lines l = {out, line_end_of(message)};
    size_t start = 0;
    if (span_equal(span_slice(message, 0, 5), SPAN("From "))) { /* the first line of an mbox entry */
        struct span line = first_line(message);
        buf_append_span(out, line);
        start = line.n;
        if (line.p[line.n - 1] != '\n')
            end_line(&l);
    }
    put_own_fields(&l, v);
    return copy_fields(out, message, start);
}
