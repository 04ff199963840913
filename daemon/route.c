/* The next hop from table smtproutes or the setting `route`, and HOST:PORT. */
#include "daemon/route.h"

enum { DOMAIN_BYTES = 255 };

/* Index of the last byte c in s, or s.n. */
static size_t find_last(struct span s, char c)
{
    for (size_t i = s.n; i-- > 0;)
        if (s.p[i] == c)
            return i;
    return s.n;
}

bool host_port_parse(const char *text, struct span *host, uint16_t *port, struct error *error)
{
    struct span s = span_text(text);
    size_t colon = find_last(s, ':');
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

/* As keys are stored: in lower case.  Empty for a name longer than any key, which has no row of its own. */
static struct span fold(struct span domain, char folded[DOMAIN_BYTES])
{
    if (domain.n > DOMAIN_BYTES)
        return SPAN("");
    for (size_t i = 0; i < domain.n; i++)
        folded[i] = ascii_lower(domain.p[i]);
    return span_of(folded, domain.n);
}

static const struct schema_row *find_row(const struct config_table *routes, struct span domain)
{
    char folded[DOMAIN_BYTES];
    struct span rest = fold(domain, folded);
    const struct schema_row *row = rest.n ? config_table_find(routes, rest) : NULL;
    while (!row && rest.n) {
        rest = span_slice(rest, 1, rest.n);
        rest = span_slice(rest, span_find(rest, '.'), rest.n);
        row = config_table_find(routes, rest);
    }
    return row ? row : config_table_find(routes, SPAN("ALL"));
}

/* The domain's own mail exchangers; a literal is its own (RFC 5321 5). */
static void use_domain(struct route *route, struct span domain)
{
    const struct span ipv6 = SPAN("IPv6:");
    route->mx = true;
    route->host = domain;
    if (domain.n < 2 || domain.p[0] != '[')
        return;
    route->mx = false;
    route->host = span_slice(domain, 1, domain.n - 2);
    if (span_starts_nocase(route->host, ipv6))
        route->host = span_slice(route->host, ipv6.n, route->host.n);
}

static bool use_destination(struct route *route, const struct schema_destination *to)
{
    route->kind = ROUTE_SMTP;
    route->port = to->port;
    route->host = to->host;
    route->mx = !to->direct;
    return true;
}

static bool use_row(struct route *route, const struct schema_row *row, struct span domain)
{
    struct schema_destination to;
    struct error error;
    if (!schema_destination_parse(schema_row_text(row, SMTPROUTES_DESTINATION), &to, &error))
        return false;
    use_destination(route, &to);
    route->tls = (uint8_t)schema_row_number(row, SMTPROUTES_TLS);
    route->own_domain = to.use_dns;
    if (to.use_dns)
        use_domain(route, domain);
    route->kind = route->host.n ? ROUTE_SMTP : ROUTE_NONE; /* <postmaster> has no domain to ask DNS about */
    return route->kind != ROUTE_NONE;
}

bool route_find(const struct config_table *routes, struct span address, const char *fallback,
                struct route *route)
{
    struct span domain = span_slice(address, find_last(address, '@') + 1, address.n);
    const struct schema_row *row = routes ? find_row(routes, domain) : NULL;
    struct error error;
    *route = (struct route){.kind = ROUTE_NONE};
    if (!row)
        return route_parse(fallback, route, &error) && route->kind != ROUTE_NONE;
    return use_row(route, row, domain);
}

bool route_find_host(const struct config_table *routes, struct span host, struct route *route)
{
    struct schema_destination to;
    struct error error;
    char folded[DOMAIN_BYTES];
    *route = (struct route){.kind = ROUTE_NONE};
    if (!schema_destination_parse(host, &to, &error) || to.use_dns)
        return false;
    const struct schema_row *row = routes ? config_table_find(routes, fold(to.host, folded)) : NULL;
    bool found = row ? use_row(route, row, to.host) : use_destination(route, &to);
    route->own_domain = false; /* it was configured: what name servers say of it is never final */
    return found;
}

bool route_equal(const struct route *a, const struct route *b)
{
    return a->kind == b->kind && a->port == b->port && a->mx == b->mx && a->tls == b->tls &&
           a->own_domain == b->own_domain && span_equal_nocase(a->host, b->host) &&
           span_equal(a->maildir, b->maildir);
}

/* FNV-1a */
uint32_t route_hash(const struct route *route)
{
    uint32_t hash = UINT32_C(2166136261) ^ (uint32_t)route->kind ^ (uint32_t)route->mx << 8 ^
                    (uint32_t)route->own_domain << 9 ^ (uint32_t)route->tls << 16 ^ route->port;
    for (size_t i = 0; i < route->host.n; i++)
        hash = (hash ^ (unsigned char)ascii_lower(route->host.p[i])) * UINT32_C(16777619);
    return hash;
}
