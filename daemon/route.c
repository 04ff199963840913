/* The next hop from the setting `route`, and HOST:PORT. */
#include "daemon/route.h"

static size_t last_colon(struct span s)
{
    for (size_t i = s.n; i-- > 0;)
        if (s.p[i] == ':')
            return i;
    return s.n;
}

bool host_port_parse(const char *text, struct span *host, uint16_t *port, struct error *error)
{
    struct span s = span_text(text);
    size_t colon = last_colon(s);
    uint64_t number;
    *host = span_slice(s, 0, colon);
    if (host->n >= 2 && host->p[0] == '[' && host->p[host->n - 1] == ']')
        *host = span_slice(*host, 1, host->n - 2);
    struct span digits = span_slice(s, colon + 1, s.n);
    if (host->n == 0 || colon == s.n)
        return error_set(error, "'%s' is not HOST:PORT", text);
    if (!span_parse_u64(digits, &number) || number > UINT16_MAX)
        return error_set(error, "'%.*s' is not a port from 0 to 65535", (int)digits.n, digits.p);
    *port = (uint16_t)number;
    return true;
}

bool route_parse(const char *text, struct route *route, struct error *error)
{
    const struct span maildir = SPAN("maildir:");
    struct span s = span_text(text);
    *route = (struct route){.kind = ROUTE_NONE};
    if (s.n == 0)
        return true;
    if (span_starts_nocase(s, maildir)) {
        route->kind = ROUTE_MAILDIR;
        route->maildir = span_slice(s, maildir.n, s.n);
        return route->maildir.n > 0 || error_set(error, "route: '%s' names no folder", text);
    }
    route->kind = ROUTE_SMTP;
    struct error why;
    if (!host_port_parse(text, &route->host, &route->port, &why))
        return error_set(error, "route: %s", why.text);
    return route->port > 0 || error_set(error, "route: '%s' names no port", text);
}
