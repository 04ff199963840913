/* One client of the listener: its commands (RFC 5321 4.1, 4.3). */
#include "engine/smtp/command.h"

#include "daemon/log_lines.h"
#include "daemon/role.h"
#include "daemon/smtp/access.h"
#include "daemon/smtp/idna.h"
#include "daemon/smtp/ids.h"
#include "daemon/smtp/mail.h"
#include "daemon/smtp/smtp.h"
#include "daemon/smtp/tls.h"

/* The name goes into headers and logs: what is not usual in a name becomes '?'. */
static bool keep_helo_name(struct session *s, struct span name)
{
    static const char usual[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]";
    if (name.n == 0 || name.n >= sizeof s->helo)
        return false;
    for (size_t i = 0; i < name.n; i++)
        s->helo[i] = memchr(usual, name.p[i], sizeof usual - 1) ? name.p[i] : '?';
    s->helo[name.n] = '\0';
    return true;
}

/* HELO and EHLO also do what RSET does (RFC 5321 4.1.4). */
static bool greet_client(struct session *s, struct span name, bool esmtp)
{
    if (!keep_helo_name(s, name)) {
        session_answer(s, SMTP_ANSWER_BAD_HELO);
        return false;
    }
    session_abort_mail(s, "by sender");
    s->esmtp = esmtp;
    return true;
}

static void do_helo(struct session *s, struct span argument)
{
    if (greet_client(s, argument, false))
        buf_printf(&s->out, "250 %s\r\n", smtp_hostname());
}

static bool may_start_tls(const struct session *s)
{
    return !s->tls && s->listener->tls != SCHEMA_TLS_NONE && tls_server_is_ready();
}

static void do_ehlo(struct session *s, struct span argument)
{
    if (greet_client(s, argument, true))
        buf_printf(&s->out,
                   "250-%s\r\n250-PIPELINING\r\n250-SIZE %" PRId64
                   "\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n%s"
                   "250 ENHANCEDSTATUSCODES\r\n",
                   smtp_hostname(), role_settings()->smtp_message_bytes,
                   may_start_tls(s) ? "250-STARTTLS\r\n" : "");
}

static void begin_mail(struct session *s, const struct smtp_mail_argument *m, uint64_t mid)
{
    s->mail = mail_new(s, mid, m);
    LOG(START_MID, LOG_U(mid), LOG_U(s->icid));
    LOG(FROM, LOG_U(mid), LOG_U(s->icid), LOG_S(m->sender.text));
    session_answer(s, SMTP_ANSWER_SENDER_OK);
}

/* What speaks against a message before its recipients are known. */
static enum smtp_answer check_mail(const struct session *s, const struct smtp_mail_argument *m)
{
    if (!s->tls && s->listener->tls == SCHEMA_TLS_REQUIRED)
        return SMTP_ANSWER_TLS_FIRST;
    if (m->size > (uint64_t)role_settings()->smtp_message_bytes)
        return SMTP_ANSWER_TOO_BIG;
    if (!role_peer(ROLE_QUEUE))
        return SMTP_ANSWER_TRY_AGAIN;
    if (!smtp_has_space())
        return SMTP_ANSWER_NO_SPACE;
    return s->mail ? SMTP_ANSWER_NESTED_MAIL : SMTP_ANSWER_NONE;
}

static void do_mail(struct session *s, struct span argument)
{
    struct smtp_mail_argument m;
    uint64_t mid;
    char text[SMTP_MAILBOX_MAX];
    enum smtp_answer wrong = s->helo[0] ? smtp_mail_parse(argument, &m) : SMTP_ANSWER_HELO_FIRST;
    if (!wrong && !idna_mailbox(&m.sender, text))
        wrong = SMTP_ANSWER_BAD_SENDER;
    if (!wrong)
        wrong = check_mail(s, &m);
    if (wrong)
        session_answer(s, wrong);
    else if (listener_is_suspended(s->listener))
        session_say_goodbye(s, SMTP_ANSWER_SUSPENDED);
    else if (s->messages >= (unsigned)role_settings()->smtp_messages)
        session_say_goodbye(s, SMTP_ANSWER_TOO_MANY_MESSAGES);
    else if (!ids_take(ID_MID, &mid))
        session_answer(s, SMTP_ANSWER_TRY_AGAIN);
    else
        begin_mail(s, &m, mid);
}

static void do_rcpt(struct session *s, struct span argument)
{
    struct smtp_rcpt_argument rcpt;
    struct mail *m = s->mail;
    char text[SMTP_MAILBOX_MAX];
    enum smtp_answer wrong = m ? smtp_rcpt_parse(argument, m->utf8, &rcpt) : SMTP_ANSWER_MAIL_FIRST;
    if (!wrong && !idna_mailbox(&rcpt.recipient, text))
        wrong = SMTP_ANSWER_BAD_RECIPIENT;
    if (!wrong && m->recipient_count >= (uint32_t)role_settings()->smtp_recipients)
        wrong = SMTP_ANSWER_TOO_MANY_RECIPIENTS;
    if (!wrong) {
        wrong = access_check_recipient(s->listener, s->may_relay, &rcpt.recipient);
        if (wrong)
            LOG(TO_REJECTED, LOG_U(m->mid), LOG_U(s->icid), LOG_S(rcpt.recipient.text));
    }
    if (wrong) {
        session_answer(s, wrong);
        return;
    }
    LOG(TO, LOG_U(m->mid), LOG_U(s->icid), LOG_U(m->recipient_count), LOG_S(rcpt.recipient.text));
    mail_add_recipient(m, &rcpt);
    session_answer(s, SMTP_ANSWER_RECIPIENT_OK);
}

static void do_data(struct session *s, struct span argument)
{
    (void)argument;
    if (!s->mail) {
        session_answer(s, SMTP_ANSWER_MAIL_FIRST);
    } else if (s->mail->recipient_count == 0) {
        session_answer(s, SMTP_ANSWER_NO_RECIPIENTS);
    } else {
        session_answer(s, SMTP_ANSWER_SEND_DATA);
        mail_start_data(s->mail);
        s->state = SESSION_DATA;
    }
}

static void do_rset(struct session *s, struct span argument)
{
    (void)argument;
    session_abort_mail(s, "by sender");
    session_answer(s, SMTP_ANSWER_OK);
}

static void do_noop(struct session *s, struct span argument)
{
    (void)argument;
    session_answer(s, SMTP_ANSWER_OK);
}

static void do_quit(struct session *s, struct span argument)
{
    (void)argument;
    session_say_goodbye(s, SMTP_ANSWER_BYE);
}

static void do_vrfy(struct session *s, struct span argument)
{
    (void)argument;
    session_answer(s, SMTP_ANSWER_NOT_VERIFIED);
}

static void do_help(struct session *s, struct span argument)
{
    (void)argument;
    session_answer(s, SMTP_ANSWER_HELP);
}

/* RFC 3207 4: what was said before counts no more, and no transaction goes on behind it. */
static void do_starttls(struct session *s, struct span argument)
{
    (void)argument;
    if (s->tls) {
        session_answer(s, SMTP_ANSWER_TLS_ALREADY);
    } else if (!may_start_tls(s)) {
        session_answer(s, SMTP_ANSWER_TLS_NOT_OFFERED);
    } else if (!s->esmtp) {
        session_answer(s, SMTP_ANSWER_HELO_FIRST);
    } else {
        session_abort_mail(s, "by sender");
        session_answer(s, SMTP_ANSWER_START_TLS);
        session_begin_tls(s);
    }
}

/* last_in_group: the client must wait for the answer before it sends more (RFC 2920 3.1).  What came too early is
 * not to be taken for commands: that is how messages are smuggled. */
static const struct {
    void (*run)(struct session *s, struct span argument);
    bool last_in_group;
} commands[SMTP_VERB_COUNT] = {
    [SMTP_VERB_HELO] = {do_helo, true},         [SMTP_VERB_EHLO] = {do_ehlo, true},
    [SMTP_VERB_MAIL] = {do_mail, false},        [SMTP_VERB_RCPT] = {do_rcpt, false},
    [SMTP_VERB_DATA] = {do_data, true},         [SMTP_VERB_RSET] = {do_rset, false},
    [SMTP_VERB_NOOP] = {do_noop, false},        [SMTP_VERB_QUIT] = {do_quit, false},
    [SMTP_VERB_VRFY] = {do_vrfy, false},        [SMTP_VERB_HELP] = {do_help, false},
    [SMTP_VERB_STARTTLS] = {do_starttls, true},
};

/* Enough for any message with its recipients; a client that never sends one does not stay for ever. */
static bool is_idling(struct session *s)
{
    uint64_t most = 2 * (uint64_t)role_settings()->smtp_recipients + 100;
    return ++s->idle_commands > most;
}

void session_command(struct session *s, struct span line, bool more)
{
    struct smtp_command c;
    session_await_command(s);
    enum smtp_answer wrong = smtp_command_parse(line, &c);
    if (is_idling(s))
        session_say_goodbye(s, SMTP_ANSWER_TOO_MANY_COMMANDS);
    else if (wrong)
        session_answer(s, wrong);
    else if (more && commands[c.verb].last_in_group)
        session_say_goodbye(s, SMTP_ANSWER_NOT_YOUR_TURN);
    else
        commands[c.verb].run(s, c.argument);
}
