/* Listening sockets, by address and number. */
#include "daemon/port.h"

#include <stdlib.h>
#include <unistd.h>

#include "daemon/role.h"
#include "engine/base/xalloc.h"

struct port_list ports = LIST_HEAD_INITIALIZER(ports);

struct port *port_find(struct span address, uint16_t number)
{
    struct port *p;
    LIST_FOREACH (p, &ports, link)
        if (p->number == number && span_equal(span_text(p->address), address))
            return p;
    return NULL;
}

static void close_port(struct port *p, void (*closing)(struct port *p))
{
    if (closing)
        closing(p);
    LIST_REMOVE(p, link);
    if (p->readable)
        event_free(p->readable);
    close(p->fd);
    free(p->address);
    free(p);
}

struct port *port_take(struct wire_reader *in, int fd, void (*closing)(struct port *p))
{
    struct span address = wire_get_span(in);
    uint16_t number = wire_get_u16(in);
    if (!wire_reader_done(in) || fd < 0)
        role_fatal("cannot read a port from the master");
    struct port *p = port_find(address, number);
    if (p)
        close_port(p, closing);
    p = xmalloc(sizeof *p);
    *p = (struct port){.address = xmemdup0(address.p, address.n), .number = number, .fd = fd};
    evutil_make_socket_nonblocking(fd);
    LIST_INSERT_HEAD(&ports, p, link);
    return p;
}

void port_take_closed(struct wire_reader *in, void (*closing)(struct port *p))
{
    struct span address = wire_get_span(in);
    uint16_t number = wire_get_u16(in);
    struct port *p = wire_reader_done(in) ? port_find(address, number) : NULL;
    if (p)
        close_port(p, closing);
}

void port_close_all(void (*closing)(struct port *p))
{
    while (!LIST_EMPTY(&ports))
        close_port(LIST_FIRST(&ports), closing);
}
