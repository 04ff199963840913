/* Asking name servers: the channel of c-ares, and its sockets and time on the loop of the role. */
#define _GNU_SOURCE         /* ares.h needs fd_set */
#define CARES_NO_DEPRECATED /* ares_query: what newer versions have instead is not in those of today's systems */
#include "daemon/smtp/dns.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "daemon/role.h"
#include "engine/base/xalloc.h"

enum {
    TRIES = 2,        /* of each server; the second waits twice as long */
    UDP_BYTES = 1232, /* what passes the net in one piece (RFC 9715); longer answers come by TCP */
};

struct dns_socket {
    LIST_ENTRY(dns_socket) link;
    ares_socket_t fd;
    struct event *event;
};

struct dns_query {
    enum dns_type type;
    void (*done)(void *context, const struct dns_answer *answer);
    void *context;
};

static ares_channel channel;
static LIST_HEAD(, dns_socket) sockets = LIST_HEAD_INITIALIZER(sockets);
static struct event *timer;

static void set_timer(void)
{
    struct timeval wait;
    if (ares_timeout(channel, NULL, &wait))
        event_add(timer, &wait);
    else
        event_del(timer);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    set_timer();
}

static void on_socket(evutil_socket_t fd, short what, void *context)
{
    (void)context;
    ares_process_fd(channel, what & EV_READ ? fd : ARES_SOCKET_BAD, what & EV_WRITE ? fd : ARES_SOCKET_BAD);
    set_timer();
}

static void unwatch(ares_socket_t fd)
{
    struct dns_socket *s;
    LIST_FOREACH (s, &sockets, link)
        if (s->fd == fd)
            break;
    if (!s)
        return;
    LIST_REMOVE(s, link);
    event_free(s->event);
    free(s);
}

/* c-ares tells what it waits for on a socket; nothing: it is about to be closed. */
static void watch(void *context, ares_socket_t fd, int readable, int writable)
{
    (void)context;
    unwatch(fd);
    if (!readable && !writable)
        return;
    struct dns_socket *s = xcalloc(1, sizeof *s);
    short what = (short)(EV_PERSIST | (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));
    s->fd = fd;
    s->event = event_new(role_base(), fd, what, on_socket, NULL);
    if (!s->event)
        role_fatal("out of memory");
    event_add(s->event, NULL);
    LIST_INSERT_HEAD(&sockets, s, link);
}

static void on_answer(void *context, int status, int timeouts, unsigned char *packet, int size)
{
    (void)timeouts;
    struct dns_query *q = context;
    struct dns_answer answer = {.status = DNS_FAILED};
    if (status == ARES_SUCCESS)
        dns_answer_parse(span_of(packet, (size_t)size), q->type, &answer);
    else if (status == ARES_ENODATA)
        answer.status = DNS_NO_RECORDS;
    else if (status == ARES_ENOTFOUND)
        answer.status = DNS_NO_NAME;
    q->done(q->context, &answer);
    free(q);
}

void dns_query(const char *name, enum dns_type type,
               void (*done)(void *context, const struct dns_answer *answer), void *context)
{
    struct dns_query *q = xcalloc(1, sizeof *q);
    *q = (struct dns_query){type, done, context};
    ares_query(channel, name, ns_c_in, (int)type, on_answer, q);
    set_timer();
}

bool dns_init(struct error *error)
{
    const struct settings *set = role_settings();
    struct ares_options options = {
        .flags = ARES_FLAG_EDNS,
        .timeout = (int)set->dns_timeout * 1000,
        .tries = TRIES,
        .ednspsz = UDP_BYTES,
        .sock_state_cb = watch,
    };
    const int given =
        ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_STATE_CB;
    int status = ares_library_init(ARES_LIB_INIT_ALL);
    if (status == ARES_SUCCESS)
        status = ares_init_options(&channel, &options, given);
    if (status != ARES_SUCCESS)
        return error_set(error, "cannot prepare for DNS: %s", ares_strerror(status));
    if (set->dns_servers[0] && ares_set_servers_ports_csv(channel, set->dns_servers) != ARES_SUCCESS)
        return error_set(error, "dns.servers: '%s' is not a list of ADDRESS[:PORT], separated by commas",
                         set->dns_servers);
    timer = evtimer_new(role_base(), on_timer, NULL);
    return timer || error_set(error, "out of memory");
}
