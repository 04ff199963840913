/* Bounces: text (RFC 3464, RFC 6522) and storing. */
#define _GNU_SOURCE /* gmtime_r */
#include "daemon/queue/bounce.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "daemon/log_lines.h"
#include "daemon/queue/header.h"
#include "engine/base/clock.h"

enum { HEAD_BYTES = 10 * 1024, LISTED = 1000, TEXT_BYTES = 500, LINE_BYTES = 990 };

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
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm tm;
    char text[64];
    gmtime_r(&seconds, &tm);
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S +0000", &tm);
    buf_printf(out, "%s%s\r\n", name, text);
}

static void put_boundary(struct buf *out, const struct bounce *b, const char *end)
{
    buf_printf(out, "\r\n--=_%" PRIu64 ".%" PRId64 "%s\r\n", b->mid, b->now, end);
}

static void put_envelope(struct buf *out, const struct bounce *b)
{
    put_date(out, "Date: ", b->now);
    put_field(out, "From: Mail Delivery System <MAILER-DAEMON@", b->hostname);
    out->len -= 2;
    buf_append_span(out, SPAN(">\r\n"));
    put_field(out, "To: <", b->sender);
    out->len -= 2;
    buf_append_span(out, SPAN(">\r\n"));
    buf_printf(out, "Subject: Undelivered mail returned to sender\r\nMessage-ID: <%" PRIu64 ".%" PRId64 "@",
               b->mid, b->now);
    put_printable(out, b->hostname);
    buf_printf(out,
               ">\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
               "Content-Type: multipart/report; report-type=delivery-status;\r\n"
               "\tboundary=\"=_%" PRIu64 ".%" PRId64 "\"\r\n",
               b->mid, b->now);
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

static bool has_8bit(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return true;
    return false;
}

/* The lost message's header; a line that could pass for a boundary ends it, long lines are folded. */
static void put_header(struct buf *out, struct span header)
{
    buf_printf(out, "Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: %s\r\n\r\n",
               has_8bit(header) ? "8bit" : "7bit");
    while (header.n && !(header.n >= 2 && header.p[0] == '-' && header.p[1] == '-')) {
        size_t end = span_find(header, '\n');
        struct span line = span_trim(span_slice(header, 0, end));
        if (header.p[0] == ' ' || header.p[0] == '\t')
            buf_append_char(out, ' ');
        for (; line.n > LINE_BYTES; line = span_slice(line, LINE_BYTES, line.n)) {
            buf_append_span(out, span_slice(line, 0, LINE_BYTES));
            buf_append_span(out, SPAN("\r\n "));
        }
        buf_append_span(out, line);
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

bool bounce_store(struct queue *q, const struct message *m, const struct bounce_failure *failures,
                  uint32_t count, struct message **made, struct fault *f)
{
    message_free(*made);
    *made = NULL;
    if (m->sender.n == 0 || count == 0)
        return true;
    struct recipient to = {.address = m->sender};
    struct message bounce = {.parent = message_mid(m),
                             .received = clock_wall_us(),
                             .state = RECIPIENT_DELIVER,
                             .recipients = &to,
                             .recipient_count = 1};
    if (!store_take_id(q->store, ID_MID, &bounce.node.key, f))
        return false;
    char head[HEAD_BYTES];
    struct bounce b = {.hostname = span_text(q->hostname),
                       .sender = m->sender,
                       .mid = message_mid(&bounce),
                       .now = bounce.received,
                       .received = m->received,
                       .failures = failures,
                       .count = count,
                       .head = span_of(head, body_head(q, m, head, sizeof head))};
    struct buf text = {0};
    bounce_put(&text, &b);
    bounce.body_8bit = has_8bit(buf_span(&text));
    bounce.message_id = header_message_id(buf_span(&text));
    bool good = spool_append(q->spool, message_mid(&bounce), buf_span(&text), &bounce.body, f) &&
                store_add_message(q->store, &bounce, f);
    if (good)
        *made = message_copy(&bounce, NULL, 0);
    buf_free(&text);
    return good;
}

void bounce_committed(struct queue *q, struct message *made)
{
    if (!made)
        return;
    spool_keep(q->spool, &made->body);
    LOG(BOUNCE_MADE, LOG_U(message_mid(made)), LOG_U(made->parent));
    LOG(QUEUED, LOG_U(message_mid(made)));
    queue_add_message(q, made);
}
