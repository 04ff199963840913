/* Accepting.  While there are as many clients as may be, further ones wait in the backlog of the kernel. */
#define _GNU_SOURCE /* accept4 */
#include "daemon/spamd/acceptor.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/log_lines.h"
#include "daemon/net.h"
#include "daemon/port.h"
#include "daemon/protocol.h"
#include "daemon/role.h"
#include "daemon/spamd/client.h"
#include "daemon/spamd/spamd.h"

enum { ACCEPTS_PER_TURN = 64 };

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
    if (span_equal(span_text(p->address), SPAN(PORT_UNIX))) {
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
        if (net_is_exhausted(errno))
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

void acceptor_take_port(struct wire_reader *in, int fd)
{
    struct port *p = port_take(in, fd, NULL);
    p->readable = event_new(role_base(), fd, EV_READ | EV_PERSIST, on_connection, p);
    if (!pause_timer)
        pause_timer = evtimer_new(role_base(), on_pause_over, NULL);
    if (!p->readable || !pause_timer)
        role_fatal("out of memory");
    acceptor_resume();
}

void acceptor_port_closed(struct wire_reader *in)
{
    port_take_closed(in, NULL);
}

void acceptor_stop(void)
{
    port_close_all(NULL);
}
