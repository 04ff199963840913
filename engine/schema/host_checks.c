/* Texts that name hosts, by name, address or network, and mailboxes there. */
#include "engine/schema/host_checks.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "engine/schema/schema.h"
#include "engine/smtp/address.h"
#include "engine/smtp/address_range.h"

bool schema_is_host_name(struct span text)
{
    if (!smtp_domain_is_valid(text))
        return false;
    size_t last = text.n;
    while (last > 0 && text.p[last - 1] != '.')
        last--;
    for (size_t i = last; i < text.n; i++)
        if (text.p[i] < '0' || text.p[i] > '9')
            return true;
    return false;
}

bool schema_is_network(const unsigned char *address, unsigned bytes, unsigned bits)
{
    for (unsigned i = bits / 8; i < bytes; i++)
        if (address[i] & (i == bits / 8 ? 0xff >> bits % 8 : 0xff))
            return false;
    return true;
}

bool schema_check_host_name(struct span text, struct error *error)
{
    return text.n == 0 || schema_is_host_name(text) ||
           error_set(error, "a host name such as mx.example.com, without a dot at its end; letters beyond "
                            "ASCII as DNS has them (xn--...)");
}

bool schema_check_route_domain(struct span text, struct error *error)
{
    struct span name = text.n && text.p[0] == '.' ? span_slice(text, 1, text.n) : text;
    return schema_is_host_name(name) || error_set(error, "a domain name, .domain or ALL");
}

/* The family of an address, and the form in which it is usually written; AF_UNSPEC when it is none. */
static int read_address(struct span text, struct in6_addr *address, char usual[INET6_ADDRSTRLEN])
{
    int family = smtp_ip_read(text, address->s6_addr);
    if (family != AF_UNSPEC)
        inet_ntop(family, address, usual, INET6_ADDRSTRLEN);
    return family;
}

bool schema_check_address(struct span text, struct error *error)
{
    struct in6_addr address;
    char usual[INET6_ADDRSTRLEN];
    if (read_address(text, &address, usual) == AF_UNSPEC)
        return error_set(error, "an IPv4 or IPv6 address");
    return span_equal(text, span_text(usual)) || error_set(error, "written as usual: '%s'", usual);
}

/* Moves *text behind "LISTENER/". */
static bool skip_listener(struct span *text, struct error *error)
{
    struct span name = schema_key_owner(*text);
    if (name.n == 0 || name.n == text->n || name.n > 64 || !schema_check_name(name, error))
        return error_set(error, "LISTENER/ and what belongs to that listener");
    *text = span_slice(*text, name.n + 1, text->n);
    return true;
}

/* "[192.0.2.1]", "[IPv6:2001:db8::1]" (RFC 5321 4.1.3), the address as it is usually written. */
static bool is_literal(struct span text)
{
    struct error ignored;
    if (text.n < 2 || text.p[0] != '[' || text.p[text.n - 1] != ']')
        return false;
    text = span_slice(text, 1, text.n - 2);
    bool v6 = span_starts_nocase(text, SPAN("IPv6:"));
    if (v6)
        text = span_slice(text, 5, text.n);
    return smtp_ip_family(text) == (v6 ? AF_INET6 : AF_INET) && schema_check_address(text, &ignored);
}

/* Without quotes: what they hide is compared, too. */
static bool is_local_part(struct span local)
{
    char text[SMTP_MAILBOX_MAX];
    const struct span any = SPAN("@x.y");
    struct smtp_mailbox mailbox;
    if (local.n + any.n > sizeof text || span_find(local, '"') < local.n)
        return false;
    memcpy(text, local.p, local.n);
    memcpy(text + local.n, any.p, any.n);
    return smtp_mailbox_parse(span_of(text, local.n + any.n), &mailbox);
}

bool schema_check_recipient(struct span text, struct error *error)
{
    if (!skip_listener(&text, error))
        return false;
    size_t at = span_find(text, '@');
    struct span domain = at < text.n ? span_slice(text, at + 1, text.n) : text;
    bool good = at == text.n || is_local_part(span_slice(text, 0, at));
    if (at == text.n && domain.n && domain.p[0] == '.')
        domain = span_slice(domain, 1, domain.n);
    else if (at < text.n && domain.n == 0)
        domain = SPAN("any.domain");
    good = good && (schema_is_host_name(domain) || is_literal(domain));
    return good || error_set(error, "user@domain, user@, a domain, .domain or ALL");
}

bool schema_check_host(struct span text, struct error *error)
{
    if (!skip_listener(&text, error))
        return false;
    struct in6_addr address;
    char usual[INET6_ADDRSTRLEN];
    size_t slash = span_find(text, '/');
    struct span host = span_slice(text, 0, slash), digits = span_slice(text, slash + 1, text.n);
    int family = read_address(host, &address, usual);
    unsigned bytes = family == AF_INET ? 4 : 16;
    uint64_t bits = 0;
    bool mapped = family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address);
    if (family == AF_UNSPEC || mapped || !span_equal(host, span_text(usual)))
        return error_set(error, "an address as usually written, or ADDRESS/BITS");
    if (slash == text.n)
        return true;
    bool usual_number = span_parse_u64(digits, &bits) && (digits.n == 1 || digits.p[0] != '0');
    if (!usual_number || bits >= 8 * bytes)
        return error_set(error, "ADDRESS/BITS with 0 to %u bits; a single host has none", 8 * bytes - 1);
    return schema_is_network(address.s6_addr, bytes, (unsigned)bits) ||
           error_set(error, "a network: bits behind the first %u are not 0", (unsigned)bits);
}

bool schema_check_address_range(struct span text, struct error *error)
{
    struct smtp_address_range range;
    return smtp_address_range_parse(text, &range) ||
           error_set(error,
                     "ADDRESS, ADDRESS/BITS, ADDRESS-ADDRESS with the lower one first, or 192.0.2.1-10");
}

bool schema_check_mailbox(struct span text, struct error *error)
{
    struct smtp_mailbox mailbox;
    return text.n == 0 || (smtp_mailbox_parse(text, &mailbox) && mailbox.domain.n > 0) ||
           error_set(error, "an address: user@domain");
}
