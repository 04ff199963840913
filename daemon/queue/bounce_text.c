/* The text of a bounce (RFC 3464, RFC 6522). */
#include <inttypes.h>

#include "daemon/queue/bounce.h"
#include "daemon/queue/header.h"
#include "engine/smtp/date.h"

enum { LISTED = 1000, TEXT_BYTES = 500, LINE_BYTES = 990 };

/* s as printable ASCII, cut to TEXT_BYTES: it goes into header fields that we write. */
static void put_printable(struct buf *out, struct span s)
{
    for (size_t i = 0; i < s.n && i < TEXT_BYTES; i++)
        buf_append_char(out, s.p[i] >= ' ' && s.p[i] <= '~' ? s.p[i] : '?');
}

static void put_field(struct buf *out, const char *name, struct span value)
{
    buf_printf(out, "%s", name);
    put_printable(out, value);
    buf_append_span(out, SPAN("\r\n"));
}

static void put_date(struct buf *out, const char *name, int64_t wall_us)
{
    buf_printf(out, "%s", name);
    smtp_date_put(out, wall_us);
    buf_append_span(out, SPAN("\r\n"));
}

static void put_boundary(struct buf *out, const struct bounce *b, const char *end)
{
    buf_printf(out, "\r\n--=_%" PRIu64 ".%" PRId64 "%s\r\n", b->mid, b->now, end);
}

/* Of the returned header, and so of the whole (RFC 2045 6.4). */
static const char *encoding_of(struct span header)
{
    return bounce_has_8bit(header) ? "8bit" : "7bit";
}

static void put_envelope(struct buf *out, const struct bounce *b)
{
    put_date(out, "Date: ", b->now);
    put_field(out, "From: ", b->from);
    put_field(out, "To: <", b->sender);
    out->len -= 2;
    buf_append_span(out, SPAN(">\r\n"));
    buf_printf(out, "Subject: Undelivered mail returned to sender\r\nMessage-ID: <%" PRIu64 ".%" PRId64 "@",
               b->mid, b->now);
    put_printable(out, b->hostname);
    buf_printf(out,
               ">\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
               "Content-Transfer-Encoding: %s\r\n"
               "Content-Type: multipart/report; report-type=delivery-status;\r\n"
               "\tboundary=\"=_%" PRIu64 ".%" PRId64 "\"\r\n",
               encoding_of(header_block(b->head)), b->mid, b->now);
}

static void put_words(struct buf *out, const struct bounce *b)
{
    buf_append_span(out, SPAN("Content-Type: text/plain; charset=us-ascii\r\n\r\n"
                              "Your message could not be delivered to these recipients:\r\n\r\n"));
    for (uint32_t i = 0; i < b->count && i < LISTED; i++) {
        const struct bounce_failure *failure = &b->failures[i];
        put_field(out, "  ", failure->recipient);
        put_field(out, "    ", failure->text);
    }
    if (b->count > LISTED)
        buf_printf(out, "  and %" PRIu32 " more\r\n", b->count - LISTED);
}

static void put_status(struct buf *out, const struct bounce *b)
{
    buf_append_span(out, SPAN("Content-Type: message/delivery-status\r\n\r\n"));
    put_field(out, "Reporting-MTA: dns; ", b->hostname);
    put_date(out, "Arrival-Date: ", b->received);
    for (uint32_t i = 0; i < b->count && i < LISTED; i++) {
        const struct bounce_failure *failure = &b->failures[i];
        put_field(out, "\r\nFinal-Recipient: rfc822; ", failure->recipient);
        put_field(out, "Action: failed\r\nStatus: ", failure->enhanced);
        if (failure->code)
            buf_printf(out, "Diagnostic-Code: smtp; %u ", (unsigned)failure->code);
        else
            buf_append_span(out, SPAN("Diagnostic-Code: x-mailward; "));
        put_field(out, "", failure->text);
    }
}

bool bounce_has_8bit(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return true;
    return false;
}

/* NUL may stand in no message (RFC 5322 4). */
static void put_without_nul(struct buf *out, struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        buf_append_char(out, s.p[i] ? s.p[i] : '?');
}

/* The lost message's header; a line that could pass for a boundary ends it, long lines are folded. */
static void put_header(struct buf *out, struct span header)
{
    buf_printf(out, "Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: %s\r\n\r\n",
               encoding_of(header));
    while (header.n && !(header.n >= 2 && header.p[0] == '-' && header.p[1] == '-')) {
        size_t end = span_find(header, '\n');
        struct span line = span_trim(span_slice(header, 0, end));
        if (header.p[0] == ' ' || header.p[0] == '\t')
            buf_append_char(out, ' ');
        for (; line.n > LINE_BYTES; line = span_slice(line, LINE_BYTES, line.n)) {
            put_without_nul(out, span_slice(line, 0, LINE_BYTES));
            buf_append_span(out, SPAN("\r\n "));
        }
        put_without_nul(out, line);
        buf_append_span(out, SPAN("\r\n"));
        header = span_slice(header, end + 1, header.n);
    }
}

void bounce_put(struct buf *out, const struct bounce *b)
{
    put_envelope(out, b);
    put_boundary(out, b, "");
    put_words(out, b);
    put_boundary(out, b, "");
    put_status(out, b);
    put_boundary(out, b, "");
    put_header(out, header_block(b->head));
    put_boundary(out, b, "--");
}
