/* The next hop, from the setting `route`. */
#ifndef QUEUE_ROUTE_H
#define QUEUE_ROUTE_H

#include "engine/base/error.h"
#include "engine/base/span.h"

struct route {
    enum { ROUTE_NONE, ROUTE_MAILDIR, ROUTE_SMTP } kind;
    struct span maildir; /* path */
    struct span host;    /* name or address literal without brackets */
    uint16_t port;
};

/* "" | maildir:PATH | HOST:PORT | [IPv6]:PORT.  The spans point into text. */
bool route_parse(const char *text, struct route *route, struct error *error);

#endif
