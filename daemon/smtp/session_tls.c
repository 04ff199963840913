/* One client of the listener: the way from plain text to TLS (RFC 3207).
 *
 * Nothing that arrived in plain text may count behind it: bytes that came with STARTTLS end the session
 * (session_command.c), those that came later meet the handshake and are no part of one.
 */
#include "daemon/log_lines.h"
#include "daemon/role.h"
#include "daemon/smtp/session.h"
#include "daemon/smtp/tls.h"

enum {
    HANDSHAKE_SECONDS = 60, /* for all of it; less when smtp.timeout is */
    LINGER_SECONDS = 2,     /* for the client to read the alert */
};

void session_begin_tls(struct session *s)
{
    int64_t seconds = role_settings()->smtp_idle_seconds;
    s->state = SESSION_TLS;
    deadline_set_seconds(&s->deadline, seconds < HANDSHAKE_SECONDS ? seconds : HANDSHAKE_SECONDS);
}

/* The rest of the connection is neither plain text nor TLS: nothing more can be said. */
void session_fail_tls(struct session *s, const char *reason)
{
    LOG(ICID_TLS_FAILED, LOG_U(s->icid), LOG_T(reason));
    tls_free(s->tls);
    s->tls = NULL;
    buf_free(&s->in);
    buf_free(&s->out);
    s->state = SESSION_CLOSING;
    deadline_set_seconds(&s->deadline, LINGER_SECONDS);
}

static void finish(struct session *s)
{
    LOG(ICID_TLS, LOG_U(s->icid), LOG_T(tls_protocol(s->tls)), LOG_T(tls_cipher(s->tls)));
    s->helo[0] = '\0';
    s->esmtp = false;
    session_await_command(s);
}

void session_continue_tls(struct session *s)
{
    struct error error;
    if (s->state != SESSION_TLS || s->out.len > 0)
        return;
    if (!s->tls && (s->in.len > 0 || !(s->tls = tls_new_server(s->fd)))) {
        session_fail_tls(s, s->in.len ? "plain text behind STARTTLS" : "there is no certificate");
        return;
    }
    enum tls_progress progress = tls_handshake(s->tls, &error);
    s->tls_writes = progress == TLS_WANTS_WRITE;
    if (s->tls_writes)
        event_add(s->writable, NULL);
    else if (progress == TLS_FAILED)
        session_fail_tls(s, error.text);
    else if (progress == TLS_DONE)
        finish(s);
}
