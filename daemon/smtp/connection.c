/* One connection to a next hop: opening, bytes, time, and the end. */
#include "daemon/smtp/connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log_lines.h"
#include "daemon/net.h"
#include "daemon/role.h"
#include "daemon/smtp/client.h"
#include "daemon/smtp/listener.h"
#include "daemon/smtp/tls.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"

enum {
    CONNECT_SECONDS = 30,
    READ_BYTES = TLS_RECORD_MAX,
    WRITES_PER_TURN = 16,
};

static void connection_free(struct connection *c)
{
    if (c->logged)
        LOG(DCID_CLOSE, LOG_U(c->dcid));
    client_connection_closed(c);
    event_free(c->readable);
    event_free(c->writable);
    deadline_free(&c->deadline);
    buf_free(&c->in);
    buf_free(&c->out);
    smtp_reply_free(&c->reply);
    tls_close(c->tls);
    tls_free(c->tls);
    close(c->fd);
    free(c);
}

/* The end of every event: nothing may touch c behind it. */
static void settle(struct connection *c)
{
    connection_flush(c);
    if (c->state == CONNECTION_CLOSED)
        connection_free(c);
}

void connection_fail(struct connection *c, struct span enhanced, const char *text)
{
    struct delivery *d = c->job;
    bool stale = d && c->reused && c->answered == 0 && c->state == CONNECTION_ENVELOPE;
    enum connection_state state = c->state;
    c->job = NULL;
    c->state = CONNECTION_CLOSED;
    if (stale) {
        client_put_back(c->hop, d);
    } else if (d) {
        delivery_end_rest(d, 0, enhanced, span_text(text));
        delivery_finish(d);
    } else if (state == CONNECTION_STARTTLS || state == CONNECTION_HANDSHAKE) {
        client_tls_failed(c, SPAN("4.7.5"), text);
    } else if (state < CONNECTION_IDLE) {
        client_connection_failed(c, 0, enhanced, span_text(text));
    }
}

/* Connecting and losing are told apart: the enhanced codes of RFC 3463 3.5. */
static void fail_with_errno(struct connection *c, int error)
{
    bool connecting = c->state == CONNECTION_CONNECTING;
    connection_fail(c, connecting ? SPAN("4.4.1") : SPAN("4.4.2"), strerror(error));
}

/* A next hop that is just quick enough for each time-out would keep a connection for days.  Behind the final dot there
 * is no hurry any more: whoever hangs up there may be given the message twice. */
void connection_set_deadline(struct connection *c, int64_t seconds)
{
    int64_t due = clock_mono_us() + seconds * 1000000;
    if (c->job && c->state != CONNECTION_FINAL && due > c->job_due)
        due = c->job_due;
    deadline_set(&c->deadline, due);
}

/* Output */

/* Sends once; false when the socket takes no more. */
static bool send_some(struct connection *c)
{
    ssize_t sent = tls_send(c->tls, c->fd, c->out.data, c->out.len);
    if (sent < 0 && errno == EINTR)
        return true;
    if (sent < 0) {
        if (errno == EAGAIN)
            event_add(c->writable, NULL);
        else
            /* Read first: the next hop may have said why. */
            event_active(c->readable, EV_READ, 0);
        return false;
    }
    buf_consume(&c->out, (size_t)sent);
    if (c->state == CONNECTION_BODY)
        connection_set_deadline(c, role_settings()->deliver_timeout);
    return true;
}

void connection_flush(struct connection *c)
{
    if (c->state == CONNECTION_CONNECTING || c->state == CONNECTION_HANDSHAKE ||
        c->state == CONNECTION_CLOSED)
        return;
    for (int i = 0; i < WRITES_PER_TURN; i++) {
        if (c->out.len == 0 && c->state == CONNECTION_BODY)
            dialogue_fill_body(c);
        if (c->out.len == 0 || !send_some(c))
            return;
    }
    event_add(c->writable, NULL);
}

/* Whatever the address is called: the kernel gives both ends the same one when they are the same machine's. */
static bool is_this_host(const struct connection *c, const struct sockaddr *peer)
{
    struct sockaddr_storage local = {0};
    socklen_t size = sizeof local;
    return getsockname(c->fd, (struct sockaddr *)&local, &size) == 0 &&
           net_same_machine((struct sockaddr *)&local, peer) && listener_serves(peer);
}

static void finish_connecting(struct connection *c)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    if (error) {
        fail_with_errno(c, error);
        return;
    }
    struct sockaddr_storage peer = {0};
    char local_ip[INET6_ADDRSTRLEN], peer_ip[INET6_ADDRSTRLEN];
    size = sizeof peer;
    getpeername(c->fd, (struct sockaddr *)&peer, &size);
    net_print_local(c->fd, local_ip);
    net_print_address((struct sockaddr *)&peer, peer_ip);
    LOG(NEW_DCID, LOG_U(c->dcid), LOG_T(local_ip), LOG_T(peer_ip), LOG_U(net_port((struct sockaddr *)&peer)));
    c->logged = true;
    if (is_this_host(c, (struct sockaddr *)&peer)) {
        client_connection_is_loop(c);
        c->state = CONNECTION_CLOSED;
        return;
    }
    event_add(c->readable, NULL);
    dialogue_begin(c);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct connection *c = context;
    if (c->state == CONNECTION_CONNECTING)
        finish_connecting(c);
    else if (c->state == CONNECTION_HANDSHAKE)
        connection_continue_tls(c);
    settle(c);
}

/* Input */

/* Uses all complete lines. */
static void take_lines(struct connection *c)
{
    size_t used = 0;
    while (c->state != CONNECTION_CLOSED && c->state != CONNECTION_HANDSHAKE) {
        struct span rest = span_slice(buf_span(&c->in), used, c->in.len);
        size_t feed = span_find(rest, '\n');
        if (feed > SMTP_REPLY_LINE_MAX) {
            connection_fail(c, SPAN("4.5.0"), "the next hop sent a line that is too long");
            return;
        }
        if (feed == rest.n)
            break;
        used += feed + 1;
        switch (smtp_reply_line(&c->reply, span_slice(rest, 0, feed + 1))) {
        case SMTP_REPLY_MORE:
            break;
        case SMTP_REPLY_BAD:
            connection_fail(c, SPAN("4.5.0"), "the next hop does not speak SMTP");
            break;
        case SMTP_REPLY_DONE:
            dialogue_take_reply(c);
            smtp_reply_clear(&c->reply);
            break;
        }
    }
    buf_consume(&c->in, used);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct connection *c = context;
    if (c->state == CONNECTION_HANDSHAKE) {
        connection_continue_tls(c);
        settle(c);
        return;
    }
    ssize_t got = tls_recv(c->tls, fd, buf_reserve(&c->in, READ_BYTES), READ_BYTES);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got > 0) {
        c->in.len += (size_t)got;
        take_lines(c);
        if (c->state == CONNECTION_HANDSHAKE)
            connection_continue_tls(c);
    } else if (got == 0) {
        connection_fail(c, SPAN("4.4.2"), "the next hop closed the connection");
    } else {
        fail_with_errno(c, errno);
    }
    settle(c);
}

static void on_deadline(void *context)
{
    struct connection *c = context;
    if (c->state == CONNECTION_IDLE) {
        client_leave_pool(c);
        dialogue_quit(c);
    } else {
        fail_with_errno(c, ETIMEDOUT);
    }
    settle(c);
}

/* A socket on its way to address, or -1 and errno. */
static int start_connecting(const struct sockaddr *address, socklen_t size)
{
    int on = 1;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, address, size) == 0 || errno == EINPROGRESS)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

struct connection *connection_open(struct hop *hop, const struct sockaddr *address, socklen_t size,
                                   uint64_t dcid)
{
    int64_t seconds = role_settings()->deliver_timeout;
    int fd = start_connecting(address, size);
    if (fd < 0)
        return NULL;
    struct connection *c = xcalloc(1, sizeof *c);
    c->hop = hop;
    c->fd = fd;
    c->dcid = dcid;
    c->fresh = true;
    c->readable = event_new(role_base(), fd, EV_READ | EV_PERSIST, on_readable, c);
    c->writable = event_new(role_base(), fd, EV_WRITE, on_writable, c);
    if (!c->readable || !c->writable)
        role_fatal("out of memory");
    deadline_init(&c->deadline, on_deadline, c);
    deadline_set_seconds(&c->deadline, seconds < CONNECT_SECONDS ? seconds : CONNECT_SECONDS);
    event_add(c->writable, NULL);
    return c;
}
