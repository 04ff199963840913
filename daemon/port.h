/* The listening sockets that a role has from the master, which binds them (MSG_PORT, MSG_PORT_CLOSED). */
#ifndef DAEMON_PORT_H
#define DAEMON_PORT_H

#include <event2/event.h>
#include <stdint.h>
#include <sys/queue.h>

#include "engine/wire/wire.h"

struct port {
    LIST_ENTRY(port) link;
    char *address;
    uint16_t number; /* as configured: 0 where the kernel chose */
    int fd;
    struct event *readable; /* of the role, if it wants one here; freed with the port */
};

LIST_HEAD(port_list, port);
extern struct port_list ports;

/* Address and number as configured; NULL: there is none. */
struct port *port_find(struct span address, uint16_t number);

/* MSG_PORT: takes over fd and returns the new port.  One of that address and number that was there is closed before. */
struct port *port_take(struct wire_reader *in, int fd, void (*closing)(struct port *p));
/* MSG_PORT_CLOSED.  closing() is called, here as in the others, before the socket goes; NULL: nothing is to be done. */
void port_take_closed(struct wire_reader *in, void (*closing)(struct port *p));
void port_close_all(void (*closing)(struct port *p));

#endif
