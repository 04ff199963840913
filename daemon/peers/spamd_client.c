/* Asking SpamAssassin's spamd, or whatever else speaks its protocol, over TCP or a UNIX socket. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/net.h"
#include "daemon/peers/exchange.h"
#include "daemon/role.h"
#include "engine/base/xalloc.h"
#include "engine/spamd/spamd_response.h"

enum { READ_BYTES = 16 * 1024 };

struct connection {
    int fd;
    struct event *event;
    struct buf head; /* of the request */
    size_t sent;     /* of head and message together */
    struct spamd_response response;
};

static void on_readable(evutil_socket_t fd, short what, void *context);

static size_t message_bytes(const struct exchange *x)
{
    return x->message ? x->message->bytes.n : 0;
}

static void write_head(const struct exchange *x, struct buf *head)
{
    if (x->message)
        buf_printf(head, "SYMBOLS SPAMC/1.5\r\nContent-length: %zu\r\n\r\n", message_bytes(x));
    else
        buf_printf(head, "PING SPAMC/1.5\r\n\r\n");
}

/* What goes next, and how many pieces it is in. */
static int rest_of_request(const struct exchange *x, struct iovec iov[2])
{
    const struct connection *c = x->held;
    struct span head = span_slice(buf_span(&c->head), c->sent, c->head.len);
    struct span body = x->message ? x->message->bytes : (struct span){0};
    size_t done = c->sent > c->head.len ? c->sent - c->head.len : 0;
    body = span_slice(body, done, body.n);
    iov[0] = (struct iovec){(void *)head.p, head.n};
    iov[1] = (struct iovec){(void *)body.p, body.n};
    return 2;
}

static void wait_for(struct exchange *x, short what, event_callback_fn callback)
{
    struct connection *c = x->held;
    if (c->event)
        event_free(c->event);
    c->event = event_new(role_base(), c->fd, (short)(what | EV_PERSIST), callback, x);
    if (!c->event)
        role_fatal("out of memory");
    event_add(c->event, NULL);
}

static bool is_connected(int fd)
{
    int failure = 0;
    socklen_t size = sizeof failure;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size) == 0 && failure == 0;
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct exchange *x = context;
    struct connection *c = x->held;
    struct iovec iov[2];
    if (c->sent == 0 && !is_connected(fd)) {
        exchange_done(x, PEER_FAILED, "cannot be connected to");
        return;
    }
    ssize_t sent = writev(fd, iov, rest_of_request(x, iov));
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        wait_for(x, EV_READ, on_readable); /* it may have said why it hung up */
        return;
    }
    c->sent += sent > 0 ? (size_t)sent : 0;
    if (c->sent == c->head.len + message_bytes(x))
        wait_for(x, EV_READ, on_readable);
}

static void take_response(struct exchange *x, const struct spamd_response *r)
{
    struct span symbols = r->body;
    if (r->code != 0 || !x->message) {
        exchange_done(x, r->code == 0 ? PEER_ANSWERED : PEER_USELESS, "refuses the request");
        return;
    }
    if (!r->has_verdict) {
        exchange_done(x, PEER_USELESS, "gives an answer that makes no sense");
        return;
    }
    while (symbols.n) {
        size_t end = span_find(symbols, ',');
        peer_symbols_add(&x->symbols, span_trim(span_slice(symbols, 0, end)));
        symbols = span_slice(symbols, end + 1, symbols.n);
    }
    x->verdict = (struct peer_verdict){.state = PEER_ANSWERED,
                                       .spam = r->spam,
                                       .points = r->points,
                                       .required = r->required,
                                       .symbols = buf_span(&x->symbols)};
    exchange_done(x, PEER_ANSWERED, NULL);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct exchange *x = context;
    struct spamd_response *response = &((struct connection *)x->held)->response;
    ssize_t got = read(fd, buf_reserve(&x->received, READ_BYTES), READ_BYTES);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    x->received.len += got > 0 ? (size_t)got : 0;
    switch (spamd_response_parse(buf_span(&x->received), got <= 0, response)) {
    case SPAMD_RESPONSE_WHOLE:
        take_response(x, response);
        break;
    case SPAMD_RESPONSE_BAD:
        exchange_done(x, PEER_USELESS,
                      x->received.len ? "gives an answer that makes no sense" : "hung up without an answer");
        break;
    case SPAMD_RESPONSE_PART:
        break;
    }
}

static int connect_unix(struct span path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (path.n >= sizeof to.sun_path)
        return -1;
    memcpy(to.sun_path, path.p, path.n);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    return fd;
}

static int connect_tcp(struct span address, uint16_t port)
{
    struct sockaddr_storage to;
    socklen_t size;
    bool good = net_parse_host(address, port, &to, &size);
    int fd = good ? socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) : -1;
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, size) != 0 && errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool start(struct exchange *x)
{
    struct connection *c = xcalloc(1, sizeof *c);
    x->held = c;
    c->fd = x->where->kind == SCHEMA_PEER_UNIX ? connect_unix(x->where->address)
                                               : connect_tcp(x->where->address, x->where->port);
    if (c->fd < 0)
        return false;
    write_head(x, &c->head);
    wait_for(x, EV_WRITE, on_writable);
    return true;
}

static void stop(struct exchange *x)
{
    struct connection *c = x->held;
    if (c->event)
        event_free(c->event);
    if (c->fd >= 0)
        close(c->fd);
    buf_free(&c->head);
    free(c);
}

const struct peer_client spamd_client = {start, stop};
