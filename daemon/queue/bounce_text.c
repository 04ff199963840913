/* The text of a notice (RFC 3464, RFC 6522). */
#include <inttypes.h>

#include "daemon/queue/bounce.h"
#include "daemon/queue/header.h"
#include "engine/base/text.h"
#include "engine/smtp/date.h"

enum { LISTED = 1000, TEXT_BYTES = 500, LINE_BYTES = 990 };

enum bounce_action bounce_worst(const struct bounce_recipient *recipients, uint32_t count)
{
    enum bounce_action worst = BOUNCE_DELIVERED;
    for (uint32_t i = 0; i < count; i++)
        if (recipients[i].action < worst)
            worst = recipients[i].action;
    return worst;
}

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

static void put_boundary(struct buf *out, const struct bounce *b)
{
    buf_printf(out, "=_%" PRIu64 ".%" PRId64, b->mid, b->now);
}

static void put_delimiter(struct buf *out, const struct bounce *b, const char *end)
{
    buf_append_span(out, SPAN("\r\n--"));
    put_boundary(out, b);
    buf_printf(out, "%s\r\n", end);
}

/* Of what is returned, and so of the whole (RFC 2045 6.4). */
static const char *encoding_of(struct span returned)
{
    return span_has_8bit(returned) ? "8bit" : "7bit";
}

static struct span returned_of(const struct bounce *b)
{
    return b->whole ? b->head : header_block(b->head);
}

static const struct {
    const char *subject, *sentence, *action;
} words[BOUNCE_ACTION_COUNT] = {
    [BOUNCE_FAILED] = {"Undelivered mail returned to sender",
                       "Your message could not be delivered to these recipients:", "failed"},
    [BOUNCE_DELAYED] =
        {"Mail is delayed",
         "Your message could not be delivered to these recipients yet.  You need not send it again:\r\n"
         "further tries follow.",
         "delayed"},
    [BOUNCE_RELAYED] =
        {"Mail was relayed",
         "Your message was passed on to a mail server that does not report on the delivery to\r\n"
         "these recipients:",
         "relayed"},
    [BOUNCE_DELIVERED] = {"Mail was delivered",
                          "Your message was delivered to these recipients:", "delivered"},
};

static void put_envelope(struct buf *out, const struct bounce *b)
{
    put_date(out, "Date: ", b->now);
    put_field(out, "From: ", b->from);
    buf_append_span(out, SPAN("To: <"));
    buf_append_span(out, b->lost->sender); /* a valid address, maybe in UTF-8 */
    buf_append_span(out, SPAN(">\r\n"));
    buf_printf(out, "Subject: %s\r\nMessage-ID: <%" PRIu64 ".%" PRId64 "@",
               words[bounce_worst(b->recipients, b->count)].subject, b->mid, b->now);
    put_printable(out, b->hostname);
    buf_printf(out,
               ">\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
               "Content-Transfer-Encoding: %s\r\n"
               "Content-Type: multipart/report; report-type=delivery-status;\r\n"
               "\tboundary=\"",
               b->lost->utf8 ? "8bit" : encoding_of(returned_of(b)));
    put_boundary(out, b);
    buf_append_span(out, SPAN("\"\r\n"));
}

/* The reply of the next hop as it was, or our own words. */
static void put_reply(struct buf *out, const struct bounce_recipient *r)
{
    if (r->code)
        buf_printf(out, "%u ", (unsigned)r->code);
    if (r->said.n) {
        put_printable(out, r->said);
        buf_append_char(out, ' ');
    }
    put_field(out, "", r->text);
}

/* The recipients of one action; *listed counts towards LISTED. */
static void put_group(struct buf *out, const struct bounce *b, enum bounce_action action, uint32_t *listed)
{
    bool begun = false;
    for (uint32_t i = 0; i < b->count && *listed < LISTED; i++) {
        const struct bounce_recipient *r = &b->recipients[i];
        if (r->action != action)
            continue;
        if (!begun)
            buf_printf(out, "%s\r\n\r\n", words[action].sentence);
        begun = true;
        ++*listed;
        buf_append_span(out, SPAN("  "));
        text_from_wire(out, r->recipient->address, TEXT_BYTES);
        buf_append_span(out, SPAN("\r\n    "));
        put_reply(out, r);
    }
    if (begun)
        buf_append_span(out, SPAN("\r\n"));
}

static void put_words(struct buf *out, const struct bounce *b)
{
    uint32_t listed = 0;
    buf_append_span(out, b->lost->utf8 ? SPAN("Content-Type: text/plain; charset=utf-8\r\n"
                                              "Content-Transfer-Encoding: 8bit\r\n\r\n")
                                       : SPAN("Content-Type: text/plain; charset=us-ascii\r\n\r\n"));
    for (enum bounce_action action = 0; action < BOUNCE_ACTION_COUNT; action++)
        put_group(out, b, action, &listed);
    if (b->count > LISTED)
        buf_printf(out, "  and %" PRIu32 " more\r\n", b->count - LISTED);
}

/* In ASCII whatever it is, so that a notice needs no SMTPUTF8 for it; special is what has a meaning of its own in such
 * an address (RFC 6533 3). */
static void put_address(struct buf *out, const char *name, struct span address, const char *special)
{
    struct buf ascii = {0};
    smtp_utf8_put_ascii(&ascii, address, special);
    put_field(out, name, buf_span(&ascii));
    buf_free(&ascii);
}

/* As it was before the way here: ORCPT (RFC 3461 5.2.1). */
static void put_original(struct buf *out, struct span original)
{
    size_t type = span_find(original, ';');
    struct buf address = {0};
    bool utf8 = span_equal_nocase(span_slice(original, 0, type), SPAN("utf-8"));
    smtp_xtext_decode(&address, span_slice(original, type + 1, original.n));
    put_field(out, "Original-Recipient: ", span_slice(original, 0, type));
    out->len -= 2;
    put_address(out, "; ", buf_span(&address), utf8 ? "+=" : ""); /* it may have \x{HEX} from its sender */
    buf_free(&address);
}

static void put_recipient(struct buf *out, const struct bounce *b, const struct bounce_recipient *r)
{
    bool explained = r->action == BOUNCE_FAILED || r->action == BOUNCE_DELAYED;
    buf_append_span(out, SPAN("\r\n"));
    if (r->recipient->original.n)
        put_original(out, r->recipient->original);
    bool utf8 = span_has_8bit(r->recipient->address);
    put_address(out, utf8 ? "Final-Recipient: utf-8; " : "Final-Recipient: rfc822; ", r->recipient->address,
                utf8 ? "+=\\" : "");
    buf_printf(out, "Action: %s\r\n", words[r->action].action);
    put_field(out, "Status: ", r->enhanced);
    if (r->code && r->remote.n)
        put_field(out, "Remote-MTA: dns; ", r->remote);
    if (r->code || explained) {
        buf_printf(out, "Diagnostic-Code: %s; ", r->code ? "smtp" : "x-mailward");
        put_reply(out, r);
    }
    if (r->action == BOUNCE_DELAYED)
        put_date(out, "Will-Retry-Until: ", b->retry_until);
}

static void put_status(struct buf *out, const struct bounce *b)
{
    buf_append_span(out, SPAN("Content-Type: message/delivery-status\r\n\r\n"));
    if (b->lost->envelope_id.n) {
        struct buf id = {0};
        smtp_xtext_decode(&id, b->lost->envelope_id);
        put_field(out, "Original-Envelope-Id: ", buf_span(&id));
        buf_free(&id);
    }
    put_field(out, "Reporting-MTA: dns; ", b->hostname);
    put_date(out, "Arrival-Date: ", b->lost->received);
    for (uint32_t i = 0; i < b->count && i < LISTED; i++)
        put_recipient(out, b, &b->recipients[i]);
}

/* NUL may stand in no message (RFC 5322 4). */
static void put_without_nul(struct buf *out, struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        buf_append_char(out, s.p[i] ? s.p[i] : '?');
}

static void put_part_header(struct buf *out, const char *type, struct span part)
{
    buf_printf(out, "Content-Type: %s\r\nContent-Transfer-Encoding: %s\r\n\r\n", type, encoding_of(part));
}

/* The lost message's header; a line that could pass for a boundary ends it, long lines are folded. */
static void put_header(struct buf *out, const struct bounce *b)
{
    struct span header = returned_of(b);
    bool global = b->lost->utf8 && span_has_8bit(header); /* RFC 6533 6 */
    put_part_header(out, global ? "message/global-headers" : "text/rfc822-headers", header);
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

static void put_whole(struct buf *out, const struct bounce *b)
{
    bool global = b->lost->utf8 && span_has_8bit(header_block(b->head)); /* RFC 6532 3.7 */
    put_part_header(out, global ? "message/global" : "message/rfc822", b->head);
    buf_append_span(out, b->head);
}

/* No NUL, no long lines, and nothing that could pass for our boundary. */
bool bounce_may_return(const struct bounce *b, struct span message)
{
    struct buf boundary = {0};
    put_boundary(&boundary, b);
    bool may =
        span_find(message, '\0') == message.n && span_find_span(message, buf_span(&boundary)) == message.n;
    buf_free(&boundary);
    while (may && message.n) {
        size_t end = span_find(message, '\n');
        may = end <= LINE_BYTES;
        message = span_slice(message, end + 1, message.n);
    }
    return may;
}

void bounce_put(struct buf *out, const struct bounce *b)
{
    put_envelope(out, b);
    put_delimiter(out, b, "");
    put_words(out, b);
    put_delimiter(out, b, "");
    put_status(out, b);
    put_delimiter(out, b, "");
    if (b->whole)
        put_whole(out, b);
    else
        put_header(out, b);
    put_delimiter(out, b, "--");
}
