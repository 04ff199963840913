/* Listening sockets: accepting connections, and refusing those that are too many. */
#define _GNU_SOURCE /* accept4 */
#include "daemon/smtp/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/log_lines.h"
#include "daemon/role.h"
#include "daemon/smtp/ids.h"
#include "daemon/smtp/net.h"
#include "daemon/smtp/session.h"
#include "daemon/smtp/smtp.h"
#include "engine/base/xalloc.h"

enum { ACCEPTS_PER_TURN = 64, LISTENERS_MAX = 64 };

static struct listener *listeners[LISTENERS_MAX];
static size_t listener_count;
static bool started;

/* Costs no session: a flood of connections finds nothing to use up. */
static void refuse(int fd, const struct sockaddr *client, enum smtp_answer answer, const char *why)
{
    struct buf text = {0};
    char client_ip[INET6_ADDRSTRLEN];
    uint64_t icid = 0;
    ids_take(ID_ICID, &icid);
    smtp_answer_put(&text, answer);
    if (send(fd, text.data, text.len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        errno = 0; /* nobody to tell */
    buf_free(&text);
    close(fd);
    net_print_address(client, client_ip);
    LOG(ICID_REFUSED, LOG_U(icid), LOG_T(client_ip), LOG_T(why));
}

static void add_connection(const struct listener *l, int fd, const struct sockaddr *client)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (smtp_is_suspended())
        refuse(fd, client, SMTP_ANSWER_SUSPENDED, "listeners are suspended");
    else if (session_count() >= smtp_session_limit())
        refuse(fd, client, SMTP_ANSWER_TOO_MANY_CONNECTIONS, "too many connections");
    else
        session_start(l, fd, client);
}

/* Out of descriptors: what waits in the backlog is served when some are free again. */
static void pause_accepting(struct listener *l)
{
    struct timeval second = {.tv_sec = 1};
    event_del(l->readable);
    event_add(l->pause, &second);
}

static void on_pause_over(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct listener *l = context;
    event_add(l->readable, NULL);
}

static void on_connection(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct listener *l = context;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct sockaddr_storage client = {0};
        socklen_t size = sizeof client;
        int accepted = accept4(fd, (struct sockaddr *)&client, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted >= 0) {
            add_connection(l, accepted, (struct sockaddr *)&client);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            pause_accepting(l);
        return;
    }
}

void listener_add(const char *name, int fd)
{
    if (listener_count == LISTENERS_MAX)
        role_fatal("more than %d listeners", LISTENERS_MAX);
    struct listener *l = xcalloc(1, sizeof *l);
    l->name = xstrdup(name);
    l->fd = fd;
    evutil_make_socket_nonblocking(fd);
    l->readable = event_new(role_base(), fd, EV_READ | EV_PERSIST, on_connection, l);
    l->pause = evtimer_new(role_base(), on_pause_over, l);
    if (started)
        event_add(l->readable, NULL);
    listeners[listener_count++] = l;
}

/* All addresses of IPv6 usually means those of IPv4, too. */
static bool is_any_of(const struct sockaddr *at, const struct sockaddr *address)
{
    return net_is_any(at) && (at->sa_family == AF_INET6 || at->sa_family == address->sa_family);
}

bool listener_serves(const struct sockaddr *address)
{
    for (size_t i = 0; i < listener_count; i++) {
        struct sockaddr_storage own = {0};
        socklen_t size = sizeof own;
        if (getsockname(listeners[i]->fd, (struct sockaddr *)&own, &size) != 0)
            continue;
        const struct sockaddr *at = (struct sockaddr *)&own;
        if (net_port(at) == net_port(address) && (is_any_of(at, address) || net_same_address(at, address)))
            return true;
    }
    return false;
}

void listener_start_all(void)
{
    started = true;
    for (size_t i = 0; i < listener_count; i++)
        event_add(listeners[i]->readable, NULL);
}

void listener_stop_all(void)
{
    for (size_t i = 0; i < listener_count; i++) {
        event_del(listeners[i]->readable);
        event_del(listeners[i]->pause);
        close(listeners[i]->fd);
    }
    listener_count = 0;
}
