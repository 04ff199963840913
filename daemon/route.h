/* Where mail goes: table smtproutes, else the setting `route`; and the HOST:PORT that listeners are named by too. */
#ifndef DAEMON_ROUTE_H
#define DAEMON_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/base/span.h"
#include "engine/config/table.h"

struct route {
    enum { ROUTE_NONE, ROUTE_MAILDIR, ROUTE_SMTP } kind;
    struct span maildir; /* path; ends where the text does, so it is a C string too */
    struct span host;    /* name or address literal without brackets */
    uint16_t port;
    bool mx;         /* host is a domain whose MX records lead on (RFC 5321 section 5) */
    bool own_domain; /* host is the recipient's own domain, not one that was configured */
    uint8_t tls;     /* a choice of SMTPROUTES_TLS */
};

/* "" | maildir:PATH | HOST:PORT | [IPv6]:PORT, where "maildir:" has no case.  The spans point into text. */
bool route_parse(const char *text, struct route *route, struct error *error);

/* The next hop for a recipient: the row of its domain, else of the nearest .parent, else ALL, else fallback, which
 * is the setting `route` and was checked by route_parse().  False, and kind is ROUTE_NONE, when there is none.
 * routes may be NULL.  The spans point into routes, address and fallback.  Costs a look-up for each label. */
bool route_find(const struct config_table *routes, struct span address, const char *fallback,
                struct route *route);
/* The next hop for mail that is to go to this host (a destination without a port) wherever its recipients are: what the
 * row of that very name says, which can name a port, else the host's MX records or addresses, port 25.  Rows of a parent
 * and ALL do not count.  The spans point into routes and host. */
bool route_find_host(const struct config_table *routes, struct span host, struct route *route);
/* One job serves both. */
bool route_equal(const struct route *a, const struct route *b);
/* Equal for equal routes. */
uint32_t route_hash(const struct route *route);

/* HOST:PORT | [IPv6]:PORT; the port may be 0.  host points into text. */
bool host_port_parse(const char *text, struct span *host, uint16_t *port, struct error *error);

#endif
