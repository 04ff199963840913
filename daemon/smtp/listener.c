/* Listeners: accepting connections and refusing those that are too many, following configuration and master. */
#define _GNU_SOURCE /* accept4 */
#include "daemon/smtp/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/log_lines.h"
#include "daemon/net.h"
#include "daemon/port.h"
#include "daemon/protocol_queue.h"
#include "daemon/role.h"
#include "daemon/smtp/ids.h"
#include "daemon/smtp/session.h"
#include "daemon/smtp/smtp.h"
#include "engine/base/xalloc.h"

enum { ACCEPTS_PER_TURN = 64 };

static LIST_HEAD(, listener) listeners = LIST_HEAD_INITIALIZER(listeners);

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

static void add_connection(struct listener *l, int fd, const struct sockaddr *client)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (listener_is_suspended(l))
        refuse(fd, client, SMTP_ANSWER_SUSPENDED, "the listener is suspended");
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
        if (net_is_exhausted(errno))
            pause_accepting(l);
        return;
    }
}

/* ---- suspended ---- */

static bool all_suspended;
static struct buf suspended_names; /* a row of spans */

void listener_take_suspension(struct wire_reader *in)
{
    all_suspended = wire_get_u8(in) & QUEUE_PART_LISTENERS;
    buf_clear(&suspended_names);
    for (uint32_t count = wire_get_count(in, sizeof(uint32_t)); count > 0; count--)
        wire_put_span(&suspended_names, wire_get_span(in));
}

bool listener_is_suspended(const struct listener *l)
{
    struct wire_reader in = wire_reader_of(buf_span(&suspended_names));
    bool found = all_suspended;
    while (!found && in.rest.n)
        found = span_equal(wire_get_span(&in), span_text(l->name));
    return found;
}

/* ---- sockets ---- */

static void start_accepting(struct listener *l)
{
    const struct port *p = port_find(span_text(l->address), l->port);
    if (!p || l->readable || smtp_is_stopping())
        return;
    l->readable = event_new(role_base(), p->fd, EV_READ | EV_PERSIST, on_connection, l);
    l->pause = evtimer_new(role_base(), on_pause_over, l);
    if (!l->readable || !l->pause)
        role_fatal("out of memory");
    event_add(l->readable, NULL);
}

static void stop_accepting(struct listener *l)
{
    if (!l->readable)
        return;
    event_free(l->readable);
    event_free(l->pause);
    l->readable = l->pause = NULL;
}

static void stop_at(struct port *p)
{
    struct listener *l;
    LIST_FOREACH (l, &listeners, link)
        if (port_find(span_text(l->address), l->port) == p)
            stop_accepting(l);
}

/* It may come before the revision that has a listener for it, or later. */
void listener_take_port(struct wire_reader *in, int fd)
{
    struct listener *l;
    port_take(in, fd, stop_at);
    LIST_FOREACH (l, &listeners, link)
        start_accepting(l);
}

void listener_port_closed(struct wire_reader *in)
{
    port_take_closed(in, stop_at);
}

/* ---- the configuration ---- */

struct listener *listener_ref(struct listener *l)
{
    l->references++;
    return l;
}

void listener_unref(struct listener *l)
{
    if (--l->references)
        return;
    config_table_unref(l->rcptaccess);
    config_table_unref(l->hostaccess);
    free(l->name);
    free(l->address);
    free(l);
}

static void retire(struct listener *l)
{
    stop_accepting(l);
    LIST_REMOVE(l, link);
    listener_unref(l);
}

static struct listener *find_listener(const struct schema_row *row)
{
    struct listener *l;
    LIST_FOREACH (l, &listeners, link)
        if (span_equal(span_text(l->name), schema_row_key(row)) &&
            span_equal(span_text(l->address), schema_row_text(row, LISTENERS_ADDRESS)) &&
            l->port == schema_row_number(row, LISTENERS_PORT))
            return l;
    return NULL;
}

static struct listener *add_listener(const struct schema_row *row)
{
    struct span name = schema_row_key(row), address = schema_row_text(row, LISTENERS_ADDRESS);
    struct listener *l = xcalloc(1, sizeof *l);
    l->references = 1;
    l->name = xmemdup0(name.p, name.n);
    l->address = xmemdup0(address.p, address.n);
    l->port = (uint16_t)schema_row_number(row, LISTENERS_PORT);
    LIST_INSERT_HEAD(&listeners, l, link);
    return l;
}

static void use_table(struct config_table **mine, enum schema_table_id id)
{
    struct config_table *table = config_table_ref(role_config()->tables[id]);
    config_table_unref(*mine);
    *mine = table;
}

static void update_listener(struct listener *l, const struct schema_row *row)
{
    l->kept = true;
    l->kind = (enum listeners_kind)schema_row_number(row, LISTENERS_KIND);
    l->tls = (enum schema_tls)schema_row_number(row, LISTENERS_TLS);
    use_table(&l->rcptaccess, SCHEMA_RCPTACCESS);
    use_table(&l->hostaccess, SCHEMA_HOSTACCESS);
}

void listener_follow_config(void)
{
    struct listener *l, *next;
    struct config_cursor c = config_table_start(role_config()->tables[SCHEMA_LISTENERS]);
    LIST_FOREACH (l, &listeners, link)
        l->kept = false;
    for (const struct schema_row *row; (row = config_table_next(&c));) {
        l = find_listener(row);
        update_listener(l ? l : add_listener(row), row);
    }
    for (l = LIST_FIRST(&listeners); l; l = next) {
        next = LIST_NEXT(l, link);
        if (!l->kept)
            retire(l);
    }
    LIST_FOREACH (l, &listeners, link)
        start_accepting(l);
}

/* All addresses of IPv6 usually means those of IPv4, too. */
static bool is_any_of(const struct sockaddr *at, const struct sockaddr *address)
{
    return net_is_any(at) && (at->sa_family == AF_INET6 || at->sa_family == address->sa_family);
}

bool listener_serves(const struct sockaddr *address)
{
    const struct port *p;
    LIST_FOREACH (p, &ports, link) {
        struct sockaddr_storage own = {0};
        socklen_t size = sizeof own;
        if (getsockname(p->fd, (struct sockaddr *)&own, &size) != 0)
            continue;
        const struct sockaddr *at = (struct sockaddr *)&own;
        if (net_port(at) == net_port(address) && (is_any_of(at, address) || net_same_address(at, address)))
            return true;
    }
    return false;
}

void listener_stop_all(void)
{
    port_close_all(stop_at);
}
