/* The sockets of listeners. */
#define _GNU_SOURCE /* SO_REUSEPORT */
#include "daemon/master/ports.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/log_lines.h"
#include "daemon/master/sockets.h"
#include "daemon/net.h"
#include "daemon/protocol.h"
#include "engine/base/error.h"
#include "engine/base/xalloc.h"

enum { BACKLOG = 512, PORTS_MAX = 160, RETRY_SECONDS = 2 };

struct port {
    enum role_id role; /* that accepts there */
    char *address;
    uint16_t number; /* as wanted */
    int fd;          /* -1: could not be bound */
    struct error why;
    char *name; /* of the listener that runs there; NULL: it is only being prepared */
    bool told;  /* in the log, that it could not be bound */
    bool kept;  /* while a request is taken */
};

static struct port ports[PORTS_MAX];
static size_t count;
static struct event *retry;
static const struct ports_hooks *hooks;
static bool private_instance;

/* ---- binding ---- */

/* Sockets of ours at one port and overlapping addresses (0.0.0.0 and 192.0.2.1) do not stand in each other's way while
 * this is on.  It is on only for a moment, so that other programs do. */
static void share(uint16_t number, int fd, int on)
{
    bool alone = true;
    for (size_t i = 0; i < count; i++) {
        if (ports[i].fd < 0 || ports[i].number != number || number == 0)
            continue;
        setsockopt(ports[i].fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
        alone = false;
    }
    if (!alone)
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
}

static bool listen_at(int fd, const struct sockaddr_storage *address, socklen_t size)
{
    int on = 1;
    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
           bind(fd, (const struct sockaddr *)address, size) == 0 && listen(fd, BACKLOG) == 0;
}

static bool is_unix(const struct port *p)
{
    return strcmp(p->address, PORT_UNIX) == 0;
}

/* -1 with the reason in p->why. */
static int bind_tcp(struct port *p)
{
    struct sockaddr_storage address;
    socklen_t size;
    if (!net_parse_address(span_text(p->address), p->number, &address, &size)) {
        error_set(&p->why, "not an address");
        return -1;
    }
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    share(p->number, fd, 1);
    bool good = fd >= 0 && listen_at(fd, &address, size);
    if (!good)
        error_set(&p->why, "%s", strerror(errno));
    share(p->number, fd, 0);
    if (!good && fd >= 0)
        close(fd);
    return good ? fd : -1;
}

static void open_port(struct port *p)
{
    p->fd = is_unix(p) ? sockets_bind_spamd(private_instance, &p->why) : bind_tcp(p);
    if (p->fd >= 0)
        hooks->opened(p->role, span_text(p->address), p->number, p->fd);
}

/* ---- what is wanted ---- */

static struct port *find(const struct port_wanted *wanted)
{
    for (size_t i = 0; i < count; i++)
        if (ports[i].role == wanted->role && ports[i].number == wanted->port &&
            span_equal(span_text(ports[i].address), wanted->address))
            return &ports[i];
    return NULL;
}

static void forget(struct port *p)
{
    if (p->fd >= 0) {
        close(p->fd);
        if (is_unix(p))
            sockets_remove_spamd();
        hooks->closed(p->role, span_text(p->address), p->number);
    }
    free(p->address);
    free(p->name);
    *p = ports[--count];
}

static struct port *want(const struct port_wanted *wanted, bool running)
{
    struct port *p = find(wanted);
    if (!p) {
        p = &ports[count++];
        *p = (struct port){.role = wanted->role,
                           .address = xmemdup0(wanted->address.p, wanted->address.n),
                           .number = wanted->port,
                           .fd = -1};
    }
    p->kept = true;
    if (running) {
        free(p->name);
        p->name = xmemdup0(wanted->name.p, wanted->name.n);
    }
    return p;
}

/* What runs and cannot is an alert, once; a commit that only prepares is refused with the reason instead. */
static void tell_failures(void)
{
    bool failed = false;
    for (size_t i = 0; i < count; i++) {
        struct port *p = &ports[i];
        failed |= p->fd < 0 && p->name;
        if (p->fd < 0 && p->name && !p->told)
            LOG(LISTENER_FAILED, LOG_T(p->name), LOG_T(p->address), LOG_U(p->number), LOG_T(p->why.text));
        else if (p->fd >= 0 && p->told && p->name)
            LOG(LISTENER_GOOD, LOG_T(p->name), LOG_T(p->address), LOG_U(p->number));
        p->told = p->fd < 0 && p->name;
    }
    struct timeval pause = {.tv_sec = RETRY_SECONDS};
    if (failed)
        evtimer_add(retry, &pause);
}

static void on_retry(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    bool opened = false;
    for (size_t i = 0; i < count; i++) {
        if (ports[i].fd >= 0 || !ports[i].name)
            continue;
        open_port(&ports[i]);
        opened |= ports[i].fd >= 0;
    }
    tell_failures();
    if (opened)
        hooks->changed();
}

static void answer(const struct ports_request *request, struct buf *reply)
{
    wire_put_u64(reply, request->id);
    wire_put_u32(reply, request->count);
    for (uint32_t i = 0; i < request->count; i++) {
        const struct port *p = find(&request->ports[i]);
        wire_put_span(reply, p->fd < 0 ? span_text(p->why.text) : SPAN(""));
    }
}

/* What is not wanted goes first: its place may be wanted. */
static void follow(const struct ports_request *request)
{
    for (size_t i = 0; i < count; i++)
        ports[i].kept = false;
    for (uint32_t i = 0; i < request->count; i++) {
        struct port *p = find(&request->ports[i]);
        if (p)
            p->kept = true;
    }
    for (size_t i = count; i-- > 0;)
        if (!ports[i].kept)
            forget(&ports[i]);
    for (uint32_t i = 0; i < request->count; i++) {
        struct port *p = want(&request->ports[i], request->running);
        if (p->fd < 0)
            open_port(p);
    }
    tell_failures();
}

/* Nobody else accepts anything. */
static bool is_acceptable(const struct ports_request *request)
{
    for (uint32_t i = 0; i < request->count; i++)
        if (request->ports[i].role != ROLE_SMTP && request->ports[i].role != ROLE_SPAMD)
            return false;
    return request->count <= PORTS_MAX;
}

bool ports_take(struct wire_reader *in, struct buf *reply)
{
    struct arena *arena = arena_new();
    struct ports_request request;
    bool good = ports_request_get(in, arena, &request) && is_acceptable(&request);
    if (good) {
        follow(&request);
        answer(&request, reply);
        if (request.running)
            hooks->changed();
    }
    arena_free(arena);
    return good;
}

void ports_start(struct event_base *base, bool is_private, const struct ports_hooks *callbacks)
{
    private_instance = is_private;
    hooks = callbacks;
    retry = evtimer_new(base, on_retry, NULL);
}

void ports_end(void)
{
    while (count)
        forget(&ports[0]);
    event_free(retry);
}

void ports_tell(enum role_id role)
{
    for (size_t i = 0; i < count; i++)
        if (ports[i].fd >= 0 && ports[i].role == role)
            hooks->opened(role, span_text(ports[i].address), ports[i].number, ports[i].fd);
}

/* The port is that of the kernel where it chose one. */
void ports_describe(struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        struct sockaddr_storage at = {0};
        socklen_t size = sizeof at;
        const struct port *p = &ports[i];
        if (p->fd < 0 || !p->name || getsockname(p->fd, (struct sockaddr *)&at, &size) != 0)
            continue;
        if (at.ss_family == AF_UNIX) {
            buf_printf(out, "%s %s 0\n", p->name, p->address);
            continue;
        }
        in_port_t number = at.ss_family == AF_INET ? ((struct sockaddr_in *)(void *)&at)->sin_port
                                                   : ((struct sockaddr_in6 *)(void *)&at)->sin6_port;
        buf_printf(out, "%s %s %u\n", p->name, p->address, ntohs(number));
    }
}
