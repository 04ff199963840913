/* The mail of mailconfig. */
#include "daemon/control/config_mail.h"

#include <stdlib.h>

#include "daemon/control/audit.h"
#include "daemon/control/head.h"
#include "daemon/control/secret_key.h"
#include "daemon/control/session.h"
#include "daemon/protocol.h"
#include "daemon/role.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"
#include "engine/smtp/date.h"

enum { LINE_BYTES = 57 }; /* 76 characters of BASE64 (RFC 2045 6.8) */

/* Notices are told apart by their number: those of alerts are small. */
#define FIRST_ID (UINT64_C(1) << 63)
static const char boundary[] = "=_mailward_configuration"; /* no BASE64 has such a line */

/* One that the queue has in hand. */
struct waiting {
    uint64_t id, session;
    struct waiting *next;
};
static struct waiting *all;
static uint64_t last_id = FIRST_ID;

static void forget(void *context)
{
    struct waiting **p = &all;
    while (*p != context)
        p = &(*p)->next;
    *p = (*p)->next;
    free(context);
}

static void nothing_to_resume(void *context)
{
    (void)context;
}

bool config_mail_check(const json_t *recipients, struct error *error)
{
    size_t i;
    json_t *recipient;
    struct error reason;
    if (json_array_size(recipients) > CONFIG_MAIL_RECIPIENTS)
        return error_set(error, "at most %d addresses", CONFIG_MAIL_RECIPIENTS);
    json_array_foreach(recipients, i, recipient)
    {
        struct span text = span_of(json_string_value(recipient), json_string_length(recipient));
        if (!text.n || !schema_check_plain_mailbox(text, &reason))
            return error_set(error, "'%.200s' is not an address: user@domain", text.n ? text.p : "");
    }
    return true;
}

/* ---- the message ---- */

static void put_recipients(struct buf *out, const json_t *recipients)
{
    size_t i;
    json_t *recipient;
    buf_append_span(out, SPAN("To: "));
    json_array_foreach(recipients, i, recipient)
        buf_printf(out, "%s%s", i ? ",\r\n " : "", json_string_value(recipient));
    buf_append_span(out, SPAN("\r\n"));
}

static void put_header(struct buf *out, const struct config_mail *mail, uint64_t id)
{
    const struct span hostname = span_text(head_hostname());
    const struct schema_row *addresses =
        config_table_single(config_resolve(head_tree(), head_place(), SCHEMA_ADDRESSES, NULL));
    int64_t now = clock_wall_us();
    buf_append_span(out, SPAN("Date: "));
    smtp_date_put(out, now);
    buf_append_span(out, SPAN("\r\nFrom: "));
    schema_from_put(out, schema_row_text(addresses, ADDRESSES_ALERTS), hostname);
    buf_append_span(out, SPAN("\r\n"));
    put_recipients(out, mail->recipients);
    buf_printf(out,
               "Subject: Configuration of %s\r\nMessage-ID: <configuration.%llu.%lld@%s>\r\n"
               "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
               "Content-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n",
               hostname.p, (unsigned long long)(id - FIRST_ID), (long long)now, hostname.p, boundary);
}

static void put_parts(struct buf *out, const struct config_mail *mail)
{
    buf_printf(out,
               "--%s\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
               "The configuration of %s is attached.\r\n"
               "--%s\r\nContent-Type: application/xml; name=\"%s\"\r\n"
               "Content-Disposition: attachment; filename=\"%s\"\r\n"
               "Content-Transfer-Encoding: base64\r\n\r\n",
               boundary, head_hostname(), boundary, mail->name, mail->name);
    for (struct span rest = mail->xml; rest.n; rest = span_slice(rest, LINE_BYTES, rest.n)) {
        secret_base64_put(out, span_slice(rest, 0, LINE_BYTES));
        buf_append_span(out, SPAN("\r\n"));
    }
    buf_printf(out, "--%s--\r\n", boundary);
}

static bool hand_over(const struct config_mail *mail, uint64_t id)
{
    struct buf text = {0}, body = {0};
    struct span recipients[CONFIG_MAIL_RECIPIENTS];
    size_t i;
    json_t *recipient;
    json_array_foreach(mail->recipients, i, recipient) recipients[i] =
        span_text(json_string_value(recipient));
    put_header(&text, mail, id);
    put_parts(&text, mail);
    const struct notice notice = {
        .id = id, .text = buf_span(&text), .recipients = recipients, .recipient_count = (uint32_t)i};
    notice_put(&body, &notice);
    bool sent = role_send(ROLE_QUEUE, MSG_NOTICE, buf_span(&body), -1);
    buf_free(&text);
    buf_free(&body);
    return sent;
}

/* Who let the configuration out, and to whom: recorded when it leaves, whoever waits for the answer. */
static void audit(uint64_t session, const struct config_mail *mail, bool sent)
{
    const struct session_info *info = session_info(session);
    struct buf detail = {0};
    size_t i;
    json_t *recipient;
    buf_printf(&detail, "by mail to ");
    json_array_foreach(mail->recipients, i, recipient)
        buf_printf(&detail, "%s%s", i ? ", " : "", json_string_value(recipient));
    audit_write(info->account.user, info->from, "config.export", buf_text(&detail),
                sent ? API_DONE : API_FAILED);
    buf_free(&detail);
}

void config_mail_send(uint64_t session, const struct config_mail *mail)
{
    struct waiting *w = xcalloc(1, sizeof *w);
    *w = (struct waiting){.id = ++last_id, .session = session, .next = all};
    all = w;
    session_begin_work(session, &(struct session_work){nothing_to_resume, forget, w});
    bool sent = hand_over(mail, w->id);
    audit(session, mail, sent);
    if (sent)
        return;
    session_fail(session, API_ERROR_FAILED, "the queue is away: the configuration was not mailed");
    forget(w);
}

bool config_mail_stored(struct wire_reader *in)
{
    struct wire_reader ahead = *in;
    uint64_t id = wire_get_u64(&ahead), mid = wire_get_u64(&ahead);
    struct span why = wire_get_span(&ahead);
    (void)wire_get_u8(&ahead); /* whether another try were of use: who asked decides that */
    if (ahead.failed || id < FIRST_ID)
        return false;
    *in = ahead;
    struct waiting *w = all;
    while (w && w->id != id)
        w = w->next;
    if (!w)
        return true; /* nobody waits for it any more */
    if (mid)
        session_done(w->session, json_pack("{s:I}", "mid", (json_int_t)mid));
    else
        session_fail(w->session, API_ERROR_FAILED, "the configuration was not mailed: %.*s", (int)why.n,
                     why.p);
    forget(w);
    return true;
}

void config_mail_queue_down(void)
{
    while (all) {
        session_fail(all->session, API_ERROR_FAILED,
                     "the queue died: whether the configuration was mailed is not known");
        forget(all);
    }
}
