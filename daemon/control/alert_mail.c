/* What stands in the mail of an alert. */
#include "daemon/control/alert_mail.h"

#include <inttypes.h>

#include "engine/base/text.h"
#include "engine/smtp/date.h"

enum { SUBJECT_BYTES = 200, LINE_BYTES = 76, SECOND_US = 1000000 };

static void put_ascii(struct buf *out, struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        buf_append_char(out, s.p[i] >= ' ' && s.p[i] <= '~' ? s.p[i] : '?');
}

void alert_subject_put(struct buf *out, const struct alert_mail *mail)
{
    const struct stored_alert *a = mail->alert;
    buf_printf(out, "%s-", alert_severity_name(a->severity));
    put_ascii(out, mail->hostname);
    buf_printf(out, ": (%s) ", schema_alert_class_name(a->alert_class));
    put_ascii(out, span_slice(a->text, 0, SUBJECT_BYTES));
    if (a->text.n > SUBJECT_BYTES)
        buf_append_span(out, SPAN("..."));
}

static void put_line(struct buf *out, struct span text)
{
    buf_append_span(out, text);
    buf_append_span(out, SPAN("\r\n"));
}

/* Bytes of the longest piece of s that is a line: up to a blank where there is one, never half a character. */
static size_t line_of(struct span s)
{
    size_t end = 0, blank = 0;
    while (end < s.n && end < LINE_BYTES) {
        if (s.p[end] == ' ')
            blank = end;
        size_t length = text_utf8_length(span_slice(s, end, s.n));
        end += length ? length : 1;
    }
    return end < s.n && blank ? blank : end;
}

static void put_wrapped(struct buf *out, struct span text)
{
    while (text.n) {
        size_t length = line_of(text);
        put_line(out, span_slice(text, 0, length));
        text = span_slice(text, length, text.n);
        if (text.n && text.p[0] == ' ')
            text = span_slice(text, 1, text.n);
    }
}

/* A comma and a fold between addresses: a line of each. */
static void put_recipients(struct buf *out, struct span recipients)
{
    buf_append_span(out, SPAN("To: "));
    for (size_t i = 0; i < recipients.n; i++) {
        if (recipients.p[i] == ' ')
            buf_append_span(out, SPAN("\r\n"));
        buf_append_char(out, recipients.p[i]);
    }
    put_line(out, SPAN(""));
}

static void put_header(struct buf *out, const struct alert_mail *mail)
{
    const struct stored_alert *a = mail->alert;
    buf_append_span(out, SPAN("Date: "));
    smtp_date_put(out, mail->now);
    buf_append_span(out, SPAN("\r\nFrom: "));
    schema_from_put(out, mail->from, mail->hostname);
    put_line(out, SPAN(""));
    put_recipients(out, a->recipients);
    buf_append_span(out, SPAN("Subject: "));
    alert_subject_put(out, mail);
    buf_printf(out, "\r\nMessage-ID: <alert.%" PRId64 ".%" PRId64 "@", a->id, a->time);
    put_ascii(out, mail->hostname);
    buf_append_span(out, SPAN(">\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                              "Content-Type: text/plain; charset=utf-8\r\n"
                              "Content-Transfer-Encoding: 8bit\r\n\r\n"));
}

void alert_mail_put(struct buf *out, const struct alert_mail *mail)
{
    const struct stored_alert *a = mail->alert;
    put_header(out, mail);
    put_wrapped(out, a->text);
    buf_append_span(out, SPAN("\r\nTime:     "));
    smtp_date_put(out, a->time);
    buf_append_span(out, SPAN("\r\nHost:     "));
    put_ascii(out, mail->hostname);
    buf_printf(out, "\r\nSeverity: %s\r\nClass:    %s\r\n", alert_severity_name(a->severity),
               schema_alert_class_name(a->alert_class));
    if (a->more)
        buf_printf(out,
                   "\r\nSince the last mail about it, this alert came %" PRId64
                   " more time%s and was not sent again.\r\n",
                   a->more, a->more == 1 ? "" : "s");
    buf_append_span(out, SPAN("\r\n\"displayalerts\" shows the latest alerts, \"alertconfig\" sets who gets "
                              "which.\r\n"));
}

int64_t alert_wait(const struct stored_alert *latest, int64_t now, const struct alert_pace *pace)
{
    if (!latest || now < latest->time) /* or the clock was set back */
        return pace->repeat;
    if (now - latest->time < latest->wait * SECOND_US)
        return -1;
    bool calm = now - latest->last >= pace->repeat_most * SECOND_US;
    int64_t wait = calm ? pace->repeat : latest->wait * 2;
    return wait < pace->repeat ? pace->repeat : wait > pace->repeat_most ? pace->repeat_most : wait;
}
