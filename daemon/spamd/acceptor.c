/* Accepting.  While there are as many clients as may be, further ones wait in the backlog of the kernel. */
#define _GNU_SOURCE /* accept4 */
#include "daemon/spamd/acceptor.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/log_lines.h"
#include "daemon/net.h"
#include "daemon/protocol.h"
#include "daemon/role.h"
#include "daemon/spamd/client.h"
#include "daemon/spamd/spamd.h"
#include "engine/base/xalloc.h"

enum { ACCEPTS_PER_TURN = 64 };

struct port {
    LIST_ENTRY(port) link;
    char *address;
    uint16_t number;
    bool is_unix;
    int fd;
    struct event *readable;
};

static LIST_HEAD(, port) ports = LIST_HEAD_INITIALIZER(ports);
static struct event *pause_timer; /* pending while there are no descriptors left */

static bool is_full(void)
{
    return client_count() >= spamd_service()->most_clients;
}

static bool is_allowed(const struct sockaddr *client)
{
    const struct service *s = spamd_service();
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)(const void *)client)->sin6_addr;
    bool is_v6 = client->sa_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(v6);
    const unsigned char *bytes = v6->s6_addr + (is_v6 ? 0 : 12);
    if (client->sa_family == AF_INET)
        bytes = (const unsigned char *)&((const struct sockaddr_in *)(const void *)client)->sin_addr;
    for (unsigned i = 0; i < s->network_count; i++)
        if (schema_network_has(&s->networks[i], is_v6, bytes))
            return true;
    return false;
}

static void take_client(const struct port *p, int fd, const struct sockaddr *client)
{
    char text[INET6_ADDRSTRLEN] = "unix";
    int on = 1;
    if (p->is_unix) {
        client_start(fd, true, text);
        return;
    }
    net_print_address(client, text);
    if (!is_allowed(client)) {
        close(fd);
        LOG(SPAMD_REFUSED, LOG_T(text));
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    client_start(fd, false, text);
}

static void stop_reading(void)
{
    struct port *p;
    LIST_FOREACH (p, &ports, link)
        event_del(p->readable);
}

/* Out of descriptors: what waits in the backlog is served when some are free again. */
static void pause_accepting(void)
{
    struct timeval second = {.tv_sec = 1};
    stop_reading();
    event_add(pause_timer, &second);
}

static void on_pause_over(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    acceptor_resume();
}

static void on_connection(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    const struct port *p = context;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct sockaddr_storage client = {0};
        socklen_t size = sizeof client;
        if (is_full()) {
            stop_reading();
            return;
        }
        int accepted = accept4(fd, (struct sockaddr *)&client, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted >= 0) {
            take_client(p, accepted, (struct sockaddr *)&client);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            pause_accepting();
        return;
    }
}

void acceptor_resume(void)
{
    struct port *p;
    if (is_full() || (pause_timer && evtimer_pending(pause_timer, NULL)))
        return;
    LIST_FOREACH (p, &ports, link)
        event_add(p->readable, NULL);
}

/* ---- sockets of the master ---- */

static struct port *find_port(struct span address, uint16_t number)
{
    struct port *p;
    LIST_FOREACH (p, &ports, link)
        if (p->number == number && span_equal(span_text(p->address), address))
            return p;
    return NULL;
}

static void close_port(struct port *p)
{
    LIST_REMOVE(p, link);
    event_free(p->readable);
    close(p->fd);
    free(p->address);
    free(p);
}

void acceptor_take_port(struct wire_reader *in, int fd)
{
    struct span address = wire_get_span(in);
    uint16_t number = wire_get_u16(in);
    if (!wire_reader_done(in) || fd < 0)
        role_fatal("cannot read a port from the master");
    struct port *p = find_port(address, number);
    if (p)
        close_port(p);
    p = xmalloc(sizeof *p);
    *p = (struct port){.address = xmemdup0(address.p, address.n),
                       .number = number,
                       .is_unix = span_equal(address, SPAN(PORT_UNIX)),
                       .fd = fd};
    evutil_make_socket_nonblocking(fd);
    p->readable = event_new(role_base(), fd, EV_READ | EV_PERSIST, on_connection, p);
    if (!pause_timer)
        pause_timer = evtimer_new(role_base(), on_pause_over, NULL);
    if (!p->readable || !pause_timer)
        role_fatal("out of memory");
    LIST_INSERT_HEAD(&ports, p, link);
    acceptor_resume();
}

void acceptor_port_closed(struct wire_reader *in)
{
    struct span address = wire_get_span(in);
    uint16_t number = wire_get_u16(in);
    struct port *p = wire_reader_done(in) ? find_port(address, number) : NULL;
    if (p)
        close_port(p);
}

void acceptor_stop(void)
{
    while (!LIST_EMPTY(&ports))
        close_port(LIST_FIRST(&ports));
}
