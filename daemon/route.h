/* Where mail goes: the setting `route`; and the HOST:PORT that listeners are named by too. */
#ifndef DAEMON_ROUTE_H
#define DAEMON_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/base/span.h"

struct route {
    enum { ROUTE_NONE, ROUTE_MAILDIR, ROUTE_SMTP } kind;
    struct span maildir; /* path; ends where the text does, so it is a C string too */
    struct span host;    /* name or address literal without brackets */
    uint16_t port;
};

/* "" | maildir:PATH | HOST:PORT | [IPv6]:PORT, where "maildir:" has no case.  The spans point into text. */
bool route_parse(const char *text, struct route *route, struct error *error);

/* HOST:PORT | [IPv6]:PORT; the port may be 0.  host points into text. */
bool host_port_parse(const char *text, struct span *host, uint16_t *port, struct error *error);

#endif
