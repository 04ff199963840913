/* Texts that say where to connect: a host and a port in one form or another. */
#include <ctype.h>
#include <string.h>

#include "engine/schema/host_checks.h"
#include "engine/schema/schema.h"
#include "engine/smtp/address_range.h"

/* ":PORT" or nothing. */
static bool parse_port(struct span text, uint16_t *port)
{
    uint64_t number;
    if (text.n == 0)
        return true;
    if (text.p[0] != ':' || !span_parse_u64(span_slice(text, 1, text.n), &number) || number == 0 ||
        number > UINT16_MAX)
        return false;
    *port = (uint16_t)number;
    return true;
}

static bool parse_destination(struct span text, struct schema_destination *d)
{
    struct span rest;
    if (text.n && text.p[0] == '[') {
        size_t end = span_find(text, ']');
        d->host = span_slice(text, 1, end - 1);
        d->direct = true;
        rest = span_slice(text, end + 1, text.n);
        if (end == text.n || (smtp_ip_family(d->host) == AF_UNSPEC && !schema_is_host_name(d->host)))
            return false;
    } else {
        size_t end = span_find(text, ':');
        d->host = span_slice(text, 0, end);
        d->direct = smtp_ip_family(d->host) == AF_INET;
        rest = span_slice(text, end, text.n);
        if (!d->direct && !schema_is_host_name(d->host))
            return false;
    }
    return parse_port(rest, &d->port);
}

bool schema_destination_parse(struct span text, struct schema_destination *destination, struct error *error)
{
    *destination = (struct schema_destination){.host = SPAN(""), .port = 25};
    destination->use_dns = span_equal_nocase(text, SPAN("USEDNS"));
    return destination->use_dns || parse_destination(text, destination) ||
           error_set(error, "HOST[:PORT], [HOST][:PORT], an address or USEDNS; a PORT is from 1 to 65535");
}

bool schema_check_destination(struct span text, struct error *error)
{
    struct schema_destination destination;
    return schema_destination_parse(text, &destination, error);
}

bool schema_check_next_host(struct span text, struct error *error)
{
    struct schema_destination d;
    bool has_port = text.n && (text.p[0] == '[' ? text.p[text.n - 1] != ']' : span_find(text, ':') < text.n);
    return text.n == 0 || (!has_port && schema_destination_parse(text, &d, error) && !d.use_dns) ||
           error_set(error,
                     "HOST, [HOST], an IPv4 address or [IPv6], without a port (a row of smtproutes has one)");
}

bool schema_syslog_parse(struct span text, struct schema_syslog *syslog, struct error *error)
{
    *syslog = (struct schema_syslog){.kind = SYSLOG_NONE, .port = 514};
    if (span_equal_nocase(text, SPAN("none")))
        return true;
    syslog->kind = span_equal_nocase(text, SPAN("local")) ? SYSLOG_LOCAL : SYSLOG_UDP;
    if (syslog->kind == SYSLOG_LOCAL)
        return true;
    struct schema_destination at = {.port = syslog->port};
    bool is_v6 = smtp_ip_family(text) == AF_INET6;
    bool good = is_v6 || (parse_destination(text, &at) && at.direct && smtp_ip_family(at.host) != AF_UNSPEC);
    syslog->address = is_v6 ? text : at.host;
    syslog->port = at.port;
    return good || error_set(error, "none, local, ADDRESS or ADDRESS:PORT ([ADDRESS]:PORT for IPv6)");
}

bool schema_check_syslog(struct span text, struct error *error)
{
    struct schema_syslog syslog;
    return schema_syslog_parse(text, &syslog, error);
}

/* Literal addresses only: the role that connects there looks up no names. */
static bool parse_engine(struct span text, uint16_t port, struct schema_peer *peer)
{
    struct schema_destination at = {.port = port};
    if (!parse_destination(text, &at))
        return false;
    if (span_equal_nocase(at.host, SPAN("localhost")))
        at.host = SPAN("127.0.0.1");
    *peer = (struct schema_peer){SCHEMA_PEER_TCP, at.host, at.port};
    return at.port && smtp_ip_family(at.host) != AF_UNSPEC;
}

bool schema_rspamd_parse(struct span text, struct schema_peer *peer, struct error *error)
{
    enum { RSPAMD_PORT = 11333 };
    const struct span scheme = SPAN("http://");
    *peer = (struct schema_peer){.kind = SCHEMA_PEER_OFF};
    if (span_equal_nocase(text, SPAN("off")))
        return true;
    struct span rest = span_slice(text, scheme.n, text.n);
    if (rest.n && rest.p[rest.n - 1] == '/')
        rest.n--;
    return (span_starts_nocase(text, scheme) && parse_engine(rest, RSPAMD_PORT, peer)) ||
           error_set(error, "off or http://ADDRESS[:PORT], without a path ([ADDRESS] for IPv6; names are not "
                            "looked up)");
}

bool schema_check_rspamd(struct span text, struct error *error)
{
    struct schema_peer peer;
    return schema_rspamd_parse(text, &peer, error);
}

bool schema_spamd_parse(struct span text, struct schema_peer *peer, struct error *error)
{
    enum { PATH_MOST = 107 };
    *peer = (struct schema_peer){.kind = SCHEMA_PEER_OFF};
    if (span_equal_nocase(text, SPAN("off")))
        return true;
    if (text.n && text.p[0] == '/') {
        *peer = (struct schema_peer){.kind = SCHEMA_PEER_UNIX, .address = text};
        return text.n <= PATH_MOST ||
               error_set(error, "the path of a UNIX socket of at most %d bytes", PATH_MOST);
    }
    return parse_engine(text, 0, peer) ||
           error_set(error,
                     "off, ADDRESS:PORT ([ADDRESS]:PORT for IPv6; names are not looked up) or the path of "
                     "a UNIX socket");
}

bool schema_check_spamd(struct span text, struct error *error)
{
    struct schema_peer peer;
    return schema_spamd_parse(text, &peer, error);
}

/* HOST or [IPv6], and perhaps a port. */
static bool is_url_host(struct span text)
{
    struct schema_destination at = {.port = 0};
    for (size_t i = 0; i < text.n; i++)
        if (!isalnum((unsigned char)text.p[i]) && !strchr(".-:[]", text.p[i]))
            return false;
    return parse_destination(text, &at) && (text.p[0] != '[' || smtp_ip_family(at.host) == AF_INET6);
}

/* SCHEME and then a host, without anything that is no part of a URL. */
static bool is_url(struct span text, struct span scheme)
{
    struct span rest = span_slice(text, scheme.n, text.n);
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] <= ' ' || text.p[i] > '~' || strchr("\"<>\\^`{|}#?@", text.p[i]))
            return false;
    return span_starts_nocase(text, scheme) && is_url_host(span_slice(rest, 0, span_find(rest, '/')));
}

bool schema_check_update_server(struct span text, struct error *error)
{
    return text.n == 0 || is_url(text, SPAN("https://")) ||
           error_set(error,
                     "https://HOST[:PORT]/FOLDER, or nothing; letters beyond ASCII in HOST as DNS has them "
                     "(xn--...), a PORT from 1 to 65535");
}

bool schema_check_proxy(struct span text, struct error *error)
{
    return text.n == 0 || is_url(text, SPAN("http://")) ||
           error_set(error, "http://HOST:PORT, or nothing; a PORT is from 1 to 65535");
}
