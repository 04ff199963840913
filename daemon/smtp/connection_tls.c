/* One connection to a next hop: the way from plain text to TLS (RFC 3207). */
#include "daemon/log_lines.h"
#include "daemon/smtp/connection.h"
#include "daemon/smtp/tls.h"

static void fail(struct connection *c, const char *why)
{
    connection_fail(c, SPAN("4.7.5"), why);
}

/* Nothing that came in plain text may be taken for an answer inside TLS. */
static bool begin(struct connection *c)
{
    c->tls = c->in.len ? NULL : tls_new_client(c->fd);
    if (!c->tls)
        fail(c, c->in.len ? "the next hop sent plain text behind its answer to STARTTLS" : "out of memory");
    return c->tls;
}

/* What we say fits the socket, which is empty by now: to wait for it while there is something to read would be rare. */
void connection_continue_tls(struct connection *c)
{
    struct error error;
    if (!c->tls && !begin(c))
        return;
    switch (tls_handshake(c->tls, &error)) {
    case TLS_DONE:
        LOG(DCID_TLS, LOG_U(c->dcid), LOG_T(tls_protocol(c->tls)), LOG_T(tls_cipher(c->tls)));
        dialogue_go_on_in_tls(c);
        break;
    case TLS_WANTS_READ:
        break;
    case TLS_WANTS_WRITE:
        event_add(c->writable, NULL);
        break;
    case TLS_FAILED:
        fail(c, error.text);
        break;
    }
}
