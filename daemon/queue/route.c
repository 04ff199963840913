/* The next hop, from the setting `route`. */
#include "daemon/queue/route.h"

static size_t last_colon(struct span s)
{
    for (size_t i = s.n; i-- > 0;)
        if (s.p[i] == ':')
            return i;
    return s.n;
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
    size_t colon = last_colon(s);
    uint64_t port;
    route->kind = ROUTE_SMTP;
    route->host = span_slice(s, 0, colon);
    if (!span_parse_u64(span_slice(s, colon + 1, s.n), &port) || port == 0 || port > UINT16_MAX)
        return error_set(error, "route: '%s' does not end in :PORT", text);
    route->port = (uint16_t)port;
    if (route->host.n > 2 && route->host.p[0] == '[' && route->host.p[route->host.n - 1] == ']')
        route->host = span_slice(route->host, 1, route->host.n - 2);
    return route->host.n > 0 || error_set(error, "route: '%s' names no host", text);
}
