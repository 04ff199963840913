/* One message on its way in: the envelope, and what is said about it to the queue. */
#include "daemon/smtp/mail.h"

#include <stdlib.h>

#include "daemon/role.h"
#include "daemon/smtp/incoming_relay.h"
#include "daemon/smtp/smtp.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"
#include "engine/smtp/date.h"

enum {
    PIECE_MAX = 64 * 1024,
    TABLE_SIZE = 1024,           /* MIDs go up by one, so they spread evenly */
    DATA_DEADLINE_TIMEOUTS = 12, /* all data of a message within so many times smtp.timeout */
};

static LIST_HEAD(, mail) table[TABLE_SIZE];

struct mail *mail_new(struct session *s, uint64_t mid, const struct smtp_mail_argument *argument)
{
    struct mail *m = xcalloc(1, sizeof *m);
    m->session = s;
    m->mid = mid;
    m->time = clock_wall_us();
    m->arena = arena_new();
    m->sender = arena_dup(m->arena, argument->sender.text);
    m->body_8bit = argument->body_8bit;
    m->utf8 = argument->utf8;
    m->returns = argument->returns;
    m->envelope_id = arena_dup(m->arena, argument->envelope_id);
    return m;
}

void mail_add_recipient(struct mail *m, const struct smtp_rcpt_argument *argument)
{
    if (m->recipient_count == m->recipient_cap) {
        m->recipient_cap = m->recipient_cap ? m->recipient_cap * 2 : 4;
        m->recipients = xreallocarray(m->recipients, m->recipient_cap, sizeof *m->recipients);
    }
    m->recipients[m->recipient_count++] =
        (struct mail_recipient){.address = arena_dup(m->arena, argument->recipient.text),
                                .notify = argument->notify,
                                .original = arena_dup(m->arena, argument->original)};
}

void mail_free(struct mail *m)
{
    if (m->began)
        LIST_REMOVE(m, by_mid);
    arena_free(m->arena);
    free(m->recipients);
    smtp_header_capture_free(&m->capture);
    schema_row_unref(m->relay);
    buf_free(&m->data);
    free(m);
}

/* RFC 3848, RFC 6531 4.3 */
static const char *protocol_of(const struct session *s)
{
    if (s->mail && s->mail->utf8)
        return s->tls ? "UTF8SMTPS" : "UTF8SMTP";
    return !s->esmtp ? "SMTP" : s->tls ? "ESMTPS" : "ESMTP";
}

/* The Received header of RFC 5321 4.4.  The HELO name was made safe when it came. */
static void put_trace_header(struct buf *out, const struct mail *m)
{
    const struct session *s = m->session;
    bool v6 = strchr(s->client_ip, ':') != NULL;
    buf_printf(out, "Received: from %s ([%s%s])\r\n\tby %s with %s id %" PRIu64 "; ", s->helo,
               v6 ? "IPv6:" : "", s->client_ip, smtp_hostname(), protocol_of(s), m->mid);
    smtp_date_put(out, m->time);
    buf_append_span(out, SPAN("\r\n"));
}

void mail_start_data(struct mail *m)
{
    const struct settings *set = role_settings();
    smtp_data_decoder_init(&m->decoder, (uint64_t)set->smtp_message_bytes, (uint64_t)set->smtp_line_bytes);
    m->data_due = clock_mono_us() + DATA_DEADLINE_TIMEOUTS * set->smtp_idle_seconds * 1000000;
    incoming_relay_begin(m);
    put_trace_header(&m->data, m);
    m->trace_bytes = (uint32_t)m->data.len;
}

void mail_part_trace(struct mail *m)
{
    const struct span line = SPAN("\r\n");
    size_t rest = m->data.len - m->trace_bytes;
    if (rest == 0 || (m->data.data[m->trace_bytes] != ' ' && m->data.data[m->trace_bytes] != '\t'))
        return;
    buf_reserve(&m->data, line.n);
    char *behind = m->data.data + m->trace_bytes;
    memmove(behind + line.n, behind, rest);
    memcpy(behind, line.p, line.n);
    m->data.len += line.n;
    m->trace_bytes += (uint32_t)line.n;
}

static struct buf scratch; /* for the body of a message to the queue */

static void send_begin(struct mail *m)
{
    const struct session *s = m->session;
    struct mail_begin begin = {
        .mid = m->mid,
        .icid = s->icid,
        .time = m->time,
        .sender = m->sender,
        .helo = span_text(s->helo),
        .client_ip = span_text(s->client_ip),
        .listener = span_text(s->listener->name),
        .body_8bit = m->body_8bit,
        .utf8 = m->utf8,
        .outbound = s->may_relay,
        .returns = m->returns,
        .envelope_id = m->envelope_id,
        .trace_bytes = m->trace_bytes,
        .recipients = m->recipients,
        .recipient_count = m->recipient_count,
    };
    buf_clear(&scratch);
    mail_begin_put(&scratch, &begin);
    role_send(ROLE_QUEUE, MSG_MAIL_BEGIN, buf_span(&scratch), -1);
    m->began = true;
    LIST_INSERT_HEAD(&table[m->mid % TABLE_SIZE], m, by_mid);
}

bool mail_send_data(struct mail *m)
{
    if (m->dropped || !role_peer(ROLE_QUEUE))
        return false;
    if (!m->began)
        send_begin(m);
    for (size_t done = 0; done < m->data.len; done += PIECE_MAX) {
        buf_clear(&scratch);
        wire_put_u64(&scratch, m->mid);
        wire_put_span(&scratch, span_slice(buf_span(&m->data), done, PIECE_MAX));
        role_send(ROLE_QUEUE, MSG_MAIL_DATA, buf_span(&scratch), -1);
    }
    m->sent += m->data.len;
    buf_clear(&m->data);
    return true;
}

void mail_send_end(struct mail *m)
{
    buf_clear(&scratch);
    wire_put_u64(&scratch, m->mid);
    wire_put_u64(&scratch, m->sent);
    wire_put_i64(&scratch, clock_wall_us());
    wire_put_span(&scratch, span_text(m->sender_ip));
    role_send(ROLE_QUEUE, MSG_MAIL_END, buf_span(&scratch), -1);
    buf_free(&m->data);
}

void mail_send_abort(struct mail *m)
{
    if (!m->began || m->dropped)
        return;
    buf_clear(&scratch);
    wire_put_u64(&scratch, m->mid);
    role_send(ROLE_QUEUE, MSG_MAIL_ABORT, buf_span(&scratch), -1);
    m->dropped = true;
}

struct mail *mail_find(uint64_t mid)
{
    struct mail *m;
    LIST_FOREACH (m, &table[mid % TABLE_SIZE], by_mid)
        if (m->mid == mid)
            return m;
    return NULL;
}

void mail_for_each(void (*each)(struct mail *m))
{
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        for (struct mail *m = LIST_FIRST(&table[i]), *next; m; m = next) {
            next = LIST_NEXT(m, by_mid);
            each(m);
        }
    }
}
