/* One client of the listener: the data of its message, and the answer that the queue gives.
 *
 * "250" is said only on MSG_MAIL_ACCEPTED.  When the queue goes away, a message that it had in part is lost and
 * refused for now (451); one that it had as a whole is asked for when the queue is back, and the client waits for
 * that for a minute.  After that 451 may cost a duplicate, never a message.
 */
#include "daemon/log_lines.h"
#include "daemon/protocol.h"
#include "daemon/role.h"
#include "daemon/smtp/incoming_relay.h"
#include "daemon/smtp/mail.h"
#include "daemon/smtp/smtp.h"
#include "engine/base/clock.h"
#include "engine/base/text.h"

enum {
    SEND_BYTES = 32 * 1024,   /* gathered before the queue gets them */
    ANSWER_SECONDS = 600,     /* RFC 5321 4.5.3.2.6: the client waits ten minutes for our answer */
    ANSWER_SECONDS_AWAY = 60, /* while the queue is away */
};

static size_t waiting; /* sessions in SESSION_ANSWER */

size_t session_waiting_count(void)
{
    return waiting;
}

static void drop_mail(struct session *s)
{
    if (s->state == SESSION_ANSWER)
        waiting--;
    mail_free(s->mail);
    s->mail = NULL;
}

void session_abort_mail(struct session *s, const char *reason)
{
    if (!s->mail)
        return;
    /* While the answer is due the message may be accepted already: then it is not aborted. */
    if (s->state != SESSION_ANSWER) {
        mail_send_abort(s->mail);
        LOG(ABORTED_RECEIVING, LOG_U(s->mail->mid), LOG_T(reason));
    }
    drop_mail(s);
}

/* After the answer to a message the client may go on, unless the role is ending. */
static void next_command(struct session *s)
{
    session_await_command(s);
    if (smtp_is_stopping())
        session_say_goodbye(s, SMTP_ANSWER_SHUTTING_DOWN);
}

static void refuse_data(struct session *s, enum smtp_answer answer)
{
    session_abort_mail(s, smtp_answer_table[answer].text);
    session_await_command(s);
    session_answer(s, answer);
}

static void log_message(const struct mail *m)
{
    if (m->capture.message_id.len)
        LOG(MESSAGE_ID, LOG_U(m->mid), LOG_S(buf_span(&m->capture.message_id)));
    LOG(SUBJECT, LOG_U(m->mid), LOG_S(buf_span(&m->capture.subject)));
    LOG(MID_READY, LOG_U(m->mid), LOG_U(m->decoder.size), LOG_S(m->sender));
}

static void finish_data(struct session *s)
{
    struct mail *m = s->mail;
    if (m->decoder.fault) {
        refuse_data(s, m->decoder.fault);
        return;
    }
    if (!mail_send_data(m)) {
        refuse_data(s, SMTP_ANSWER_TRY_AGAIN);
        return;
    }
    incoming_relay_end(m);
    log_message(m);
    mail_send_end(m);
    s->state = SESSION_ANSWER;
    waiting++;
    deadline_set_seconds(&s->deadline, ANSWER_SECONDS);
}

static void set_data_deadline(struct session *s)
{
    int64_t idle = clock_mono_us() + role_settings()->smtp_idle_seconds * 1000000;
    deadline_set(&s->deadline, idle < s->mail->data_due ? idle : s->mail->data_due);
}

size_t session_data(struct session *s, struct span in)
{
    struct mail *m = s->mail;
    size_t before = m->data.len;
    size_t used = smtp_data_decode(&m->decoder, in, &m->data);
    if (m->sent == 0 && before == m->trace_bytes)
        mail_part_trace(m);
    smtp_header_capture_feed(&m->capture, span_slice(buf_span(&m->data), before, m->data.len));
    if (!m->decoder.fault && m->capture.received_count > role_settings()->smtp_received_headers)
        m->decoder.fault = SMTP_ANSWER_LOOP;
    if (m->decoder.fault)
        mail_send_abort(m); /* now, as its end may be far off and its space is needed */
    if (m->decoder.fault || m->dropped)
        buf_free(&m->data);
    else if (m->data.len >= SEND_BYTES && !mail_send_data(m))
        m->dropped = true;
    if (m->decoder.ended)
        finish_data(s);
    else
        set_data_deadline(s);
    return used;
}

void session_mail_accepted(uint64_t mid)
{
    struct mail *m = mail_find(mid);
    if (!m || m->session->state != SESSION_ANSWER)
        return;
    struct session *s = m->session;
    drop_mail(s);
    s->messages++;
    s->idle_commands = 0;
    buf_printf(&s->out, "250 Message %" PRIu64 " accepted\r\n", mid);
    next_command(s);
    session_settle(s);
}

void session_mail_refused(uint64_t mid, uint16_t code, struct span enhanced, struct span text)
{
    struct mail *m = mail_find(mid);
    if (!m)
        return;
    struct session *s = m->session;
    if (s->state != SESSION_ANSWER) {
        /* Too early for an answer; the rest of the data is of no use. */
        m->dropped = true;
        return;
    }
    LOG(ABORTED_RECEIVING, LOG_U(mid), LOG_S(text));
    drop_mail(s);
    buf_printf(&s->out, "%u ", code >= 400 && code <= 599 ? code : 451);
    text_from_wire(&s->out, enhanced, 16);
    buf_append_char(&s->out, ' ');
    text_from_wire(&s->out, text, 400);
    buf_append_span(&s->out, SPAN("\r\n"));
    next_command(s);
    session_settle(s);
}

void session_answer_overdue(struct session *s)
{
    LOG(ANSWER_LOST, LOG_U(s->mail->mid));
    drop_mail(s);
    session_await_command(s);
    session_answer(s, SMTP_ANSWER_TRY_AGAIN);
}

static void lose_queue(struct mail *m)
{
    if (m->session->state == SESSION_ANSWER)
        deadline_set_seconds(&m->session->deadline, ANSWER_SECONDS_AWAY);
    else
        m->dropped = true;
}

void session_queue_gone(void)
{
    mail_for_each(lose_queue);
}

static void ask_queue(struct mail *m)
{
    struct buf body = {0};
    if (m->session->state != SESSION_ANSWER)
        return;
    wire_put_u64(&body, m->mid);
    role_send(ROLE_QUEUE, MSG_MAIL_ASK, buf_span(&body), -1);
    buf_free(&body);
}

void session_queue_back(void)
{
    mail_for_each(ask_queue);
}
