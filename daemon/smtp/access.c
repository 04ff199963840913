/* Look-ups in hostaccess and rcptaccess. */
#include "daemon/smtp/access.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "daemon/role.h"
#include "daemon/route.h"
#include "engine/smtp/address_range.h"

/* A key in the making, "LISTENER/" and more; kept between look-ups. */
static struct buf key;

/* The length of the start that all keys of this listener have. */
static size_t begin_key(const char *listener)
{
    buf_clear(&key);
    buf_append_span(&key, span_text(listener));
    buf_append_char(&key, '/');
    return key.len;
}

static void append_folded(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        buf_append_char(&key, ascii_lower(s.p[i]));
}

/* ---- hosts ---- */

/* The address without what is behind its first `bits`; an IPv4 address inside IPv6 as what it is.  The family, or
 * AF_UNSPEC. */
static int network_of(const struct sockaddr *client, unsigned char bytes[16])
{
    if (client->sa_family == AF_INET) {
        memcpy(bytes, &((const struct sockaddr_in *)(const void *)client)->sin_addr, 4);
        return AF_INET;
    }
    if (client->sa_family != AF_INET6)
        return AF_UNSPEC;
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)(const void *)client)->sin6_addr;
    bool mapped = IN6_IS_ADDR_V4MAPPED(v6);
    memcpy(bytes, v6->s6_addr + (mapped ? 12 : 0), mapped ? 4 : 16);
    return mapped ? AF_INET : AF_INET6;
}

static struct span find_host(const struct listener *l, const struct sockaddr *client)
{
    unsigned char bytes[16];
    char text[INET6_ADDRSTRLEN];
    int family = network_of(client, bytes);
    unsigned width = family == AF_INET ? 32 : 128;
    if (family == AF_UNSPEC || !config_table_owned(l->hostaccess, span_text(l->name)))
        return SPAN("");
    size_t start = begin_key(l->name);
    for (unsigned bits = width;; bits--) {
        if (bits < width)
            bytes[bits / 8] &= (unsigned char)(0xff00 >> bits % 8);
        key.len = start;
        buf_append_span(&key, span_text(inet_ntop(family, bytes, text, sizeof text)));
        if (bits < width)
            buf_printf(&key, "/%u", bits);
        const struct schema_row *row = config_table_find(l->hostaccess, buf_span(&key));
        if (row)
            return span_slice(schema_row_key(row), start, SIZE_MAX);
        if (bits == 0)
            return SPAN("");
    }
}

struct access access_of_client(const struct listener *listener, const struct sockaddr *client)
{
    struct span host = find_host(listener, client);
    if (host.n)
        return (struct access){true, "RELAY", "RELAYLIST", host};
    if (listener->kind == LISTENERS_PRIVATE)
        return (struct access){false, "REJECT", "ALL", SPAN("ALL")};
    return (struct access){false, "ACCEPT", "UNKNOWNLIST", SPAN("ALL")};
}

/* ---- recipients ---- */

/* "ben"@example.com is ben@example.com (RFC 5321 4.1.2). */
static void append_local(struct span local)
{
    bool quoted = local.n >= 2 && local.p[0] == '"';
    if (quoted)
        local = span_slice(local, 1, local.n - 2);
    for (size_t i = 0; i < local.n; i++) {
        if (quoted && local.p[i] == '\\' && i + 1 < local.n)
            i++;
        buf_append_char(&key, ascii_lower(local.p[i]));
    }
}

/* An IPv6 literal as it is usually written; anything else as it is. */
static void append_domain(struct span domain)
{
    const struct span start = SPAN("[IPv6:");
    char text[INET6_ADDRSTRLEN];
    unsigned char address[16];
    struct span inner = span_slice(domain, start.n, domain.n - start.n - 1);
    if (!span_starts_nocase(domain, start) || smtp_ip_read(inner, address) != AF_INET6) {
        append_folded(domain);
        return;
    }
    inet_ntop(AF_INET6, address, text, sizeof text);
    buf_printf(&key, "[ipv6:%s]", text);
}

static const struct schema_row *find_user(const struct config_table *t, const char *listener,
                                          const struct smtp_mailbox *recipient)
{
    begin_key(listener);
    append_local(recipient->local);
    buf_append_char(&key, '@');
    size_t user = key.len;
    append_domain(recipient->domain);
    const struct schema_row *row = config_table_find(t, buf_span(&key));
    key.len = user;
    return row ? row : config_table_find(t, buf_span(&key));
}

/* The domain, then what is left of it from each dot on. */
static const struct schema_row *find_domain(const struct config_table *t, const char *listener,
                                            struct span domain)
{
    size_t start = begin_key(listener);
    append_domain(domain);
    struct span whole = buf_span(&key);
    const struct schema_row *row = config_table_find(t, whole);
    bool literal = domain.n && domain.p[0] == '[';
    for (size_t i = start + 1; !row && !literal && i < whole.n; i++) {
        if (whole.p[i] != '.')
            continue;
        /* the listener's name moves up to the dot */
        memmove(key.data + i - start, listener, start - 1);
        key.data[i - 1] = '/';
        row = config_table_find(t, span_slice(whole, i - start, whole.n));
    }
    return row;
}

/* user%other.example@here and its kin: a next hop that trusts us could take them for a route. */
static bool hides_a_route(struct span local)
{
    return span_find(local, '%') < local.n || span_find(local, '!') < local.n ||
           span_find(local, '@') < local.n;
}

bool access_accepts_recipient(const struct config_table *rcptaccess, const char *listener,
                              const struct smtp_mailbox *recipient)
{
    if (recipient->domain.n == 0) /* <postmaster>, RFC 5321 4.5.1 */
        return true;
    const struct schema_row *row = find_user(rcptaccess, listener, recipient);
    if (!row) {
        row = find_domain(rcptaccess, listener, recipient->domain);
        if (row && hides_a_route(recipient->local))
            return false;
    }
    if (!row) {
        begin_key(listener);
        buf_append_span(&key, SPAN("ALL"));
        row = config_table_find(rcptaccess, buf_span(&key));
    }
    return row && schema_row_number(row, RCPTACCESS_ACCESS) == RCPTACCESS_ACCEPT;
}

enum smtp_answer access_check_recipient(const struct listener *listener, bool may_relay,
                                        const struct smtp_mailbox *recipient)
{
    bool taken = may_relay || (listener->kind == LISTENERS_PUBLIC &&
                               access_accepts_recipient(listener->rcptaccess, listener->name, recipient));
    if (!taken)
        return SMTP_ANSWER_RELAYING_DENIED;
    struct route route;
    return route_find(role_config()->tables[SCHEMA_SMTPROUTES], recipient->text, role_settings()->route,
                      &route)
               ? SMTP_ANSWER_NONE
               : SMTP_ANSWER_NO_ROUTE;
}
