/* Checks of text fields.  A text that fails is answered by what would be right. */
#include <arpa/inet.h>
#include <ctype.h>

#include <netinet/in.h>

#include "engine/schema/schema.h"
#include "engine/smtp/address.h"
#include "engine/smtp/address_range.h"

static bool is_letter_or_digit(char c)
{
    char l = ascii_lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9');
}

static bool is_ascii(struct span text)
{
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] > '~')
            return false;
    return true;
}

bool schema_check_name(struct span text, struct error *error)
{
    for (size_t i = 0; i < text.n; i++)
        if (!is_letter_or_digit(text.p[i]) && !memchr("_.-", text.p[i], 3))
            return error_set(error, "a name of letters, digits, '_', '.' and '-'");
    return true;
}

bool schema_check_registration_id(struct span text, struct error *error)
{
    struct error ignored;
    return schema_check_name(text, &ignored) || error_set(error, "1 to 64 letters, digits, '.', '_' and '-'");
}

/* As useradd and directories of accounts name them. */
bool schema_check_account(struct span text, struct error *error)
{
    bool good = text.n && text.p[0] != '-';
    for (size_t i = 0; i < text.n; i++)
        good = good && (is_letter_or_digit(text.p[i]) || memchr("_.-@$\\", text.p[i], 6));
    return good ||
           error_set(error, "the name of an account: letters, digits, '_', '.', '-', '@', '$' and '\\'");
}

bool schema_check_subject(struct span text, struct error *error)
{
    struct span prepend = SPAN("prepend:"), append = SPAN("append:");
    bool ok = span_equal(text, SPAN("none")) ||
              (text.n > prepend.n && span_equal(span_slice(text, 0, prepend.n), prepend)) ||
              (text.n > append.n && span_equal(span_slice(text, 0, append.n), append));
    if (!ok || !is_ascii(text))
        return error_set(error, "none, prepend:TEXT or append:TEXT in US-ASCII");
    return true;
}

/* RFC 5322 2.2: a name of printable characters but the colon. */
bool schema_check_header(struct span text, struct error *error)
{
    size_t name = span_find(text, ':');
    bool ok = text.n == 0 || (name > 0 && name < text.n && span_find(text, ' ') > name && is_ascii(text) &&
                              span_trim(span_slice(text, name + 1, text.n)).n > 0);
    return ok || error_set(error, "\"NAME: VALUE\" in US-ASCII");
}

/* RFC 5322 3.6.8 */
bool schema_check_header_name(struct span text, struct error *error)
{
    struct span name = schema_header_name(text);
    bool good = (name.n || !text.n) && !span_equal_nocase(name, SPAN("Received")) &&
                !span_equal_nocase(name, SPAN("Subject")) && !span_equal_nocase(name, SPAN("Message-ID"));
    for (size_t i = 0; i < name.n; i++)
        good = good && name.p[i] > ' ' && name.p[i] <= '~' && name.p[i] != ':';
    return good ||
           error_set(error, "the name of a header of the relay's own (not Received, Subject or Message-ID)");
}

struct span schema_header_name(struct span text)
{
    return text.n && text.p[text.n - 1] == ':' ? span_slice(text, 0, text.n - 1) : text;
}

bool schema_check_address_range(struct span text, struct error *error)
{
    struct smtp_address_range range;
    return smtp_address_range_parse(text, &range) ||
           error_set(error,
                     "ADDRESS, ADDRESS/BITS, ADDRESS-ADDRESS with the lower one first, or 192.0.2.1-10");
}

/* A name that cannot be taken for an address: its last label is not a number. */
static bool is_host_name(struct span text)
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

bool schema_check_host_name(struct span text, struct error *error)
{
    return text.n == 0 || is_host_name(text) ||
           error_set(error, "a host name such as mx.example.com, without a dot at its end; letters beyond "
                            "ASCII as DNS has them (xn--...)");
}

bool schema_check_route_domain(struct span text, struct error *error)
{
    struct span name = text.n && text.p[0] == '.' ? span_slice(text, 1, text.n) : text;
    return is_host_name(name) || error_set(error, "a domain name, .domain or ALL");
}

static bool is_address(int family, struct span text)
{
    char copy[INET6_ADDRSTRLEN];
    unsigned char address[sizeof(struct in6_addr)];
    if (text.n == 0 || text.n >= sizeof copy || memchr(text.p, '\0', text.n))
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    return inet_pton(family, copy, address) == 1;
}

/* The family of an address, and the form in which it is usually written; AF_UNSPEC when it is none. */
static int read_address(struct span text, struct in6_addr *address, char usual[INET6_ADDRSTRLEN])
{
    int family = is_address(AF_INET, text) ? AF_INET : is_address(AF_INET6, text) ? AF_INET6 : AF_UNSPEC;
    if (family == AF_UNSPEC)
        return AF_UNSPEC;
    memcpy(usual, text.p, text.n);
    usual[text.n] = '\0';
    inet_pton(family, usual, address);
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
    return is_address(v6 ? AF_INET6 : AF_INET, text) && schema_check_address(text, &ignored);
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
    good = good && (is_host_name(domain) || is_literal(domain));
    return good || error_set(error, "user@domain, user@, a domain, .domain or ALL");
}

/* The host bits of a network, behind the first `bits`, are 0. */
static bool is_network(const unsigned char *address, unsigned bytes, unsigned bits)
{
    for (unsigned i = bits / 8; i < bytes; i++)
        if (address[i] & (i == bits / 8 ? 0xff >> bits % 8 : 0xff))
            return false;
    return true;
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
    return is_network(address.s6_addr, bytes, (unsigned)bits) ||
           error_set(error, "a network: bits behind the first %u are not 0", (unsigned)bits);
}

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
        if (end == text.n ||
            !(is_address(AF_INET6, d->host) || is_address(AF_INET, d->host) || is_host_name(d->host)))
            return false;
    } else {
        size_t end = span_find(text, ':');
        d->host = span_slice(text, 0, end);
        d->direct = is_address(AF_INET, d->host);
        rest = span_slice(text, end, text.n);
        if (!d->direct && !is_host_name(d->host))
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

bool schema_check_mailbox(struct span text, struct error *error)
{
    struct smtp_mailbox mailbox;
    return text.n == 0 || (smtp_mailbox_parse(text, &mailbox) && mailbox.domain.n > 0) ||
           error_set(error, "an address: user@domain");
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
    bool is_v6 = is_address(AF_INET6, text);
    bool good = is_v6 || (parse_destination(text, &at) && at.direct &&
                          (is_address(AF_INET, at.host) || is_address(AF_INET6, at.host)));
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
    return at.port && (is_address(AF_INET, at.host) || is_address(AF_INET6, at.host));
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

bool schema_check_log_name(struct span text, struct error *error)
{
    bool good = text.n && text.p[0] >= 'a' && text.p[0] <= 'z' && !span_equal(text, SPAN("all"));
    for (size_t i = 0; i < text.n; i++)
        good = good && (is_letter_or_digit(text.p[i]) || text.p[i] == '_' || text.p[i] == '-') &&
               text.p[i] == ascii_lower(text.p[i]);
    return good ||
           error_set(error, "a name of a-z, 0-9, '_' and '-' that begins with a letter ('all' is none)");
}

bool schema_pem_next(struct span *text, struct span *label, struct span *block)
{
    const struct span begin = SPAN("-----BEGIN "), dashes = SPAN("-----"), end = SPAN("\n-----END ");
    size_t start = span_find_span(*text, begin);
    struct span rest = span_slice(*text, start, text->n);
    struct span first = span_slice(rest, 0, span_find(rest, '\n'));
    if (start == text->n || first.n < begin.n + dashes.n)
        return false;
    *label = span_slice(first, begin.n, first.n - begin.n - dashes.n);
    size_t last = span_find_span(rest, end);
    if (last == rest.n)
        return false;
    struct span tail = span_slice(rest, last + 1, rest.n);
    *block = span_slice(rest, 0, last + 1 + span_find(tail, '\n'));
    *text = span_slice(rest, block->n, rest.n);
    return true;
}

/* How many blocks a text has when the labels of all end with this one and nothing follows them, else 0. */
static size_t count_blocks(struct span text, struct span wanted)
{
    struct span label, block;
    size_t count = 0;
    for (; schema_pem_next(&text, &label, &block); count++) {
        size_t cut = label.n > wanted.n ? label.n - wanted.n : 0;
        if (!span_equal(span_slice(label, cut, label.n), wanted))
            return 0;
    }
    return span_trim(text).n == 0 ? count : 0;
}

bool schema_check_certificate(struct span text, struct error *error)
{
    return count_blocks(text, SPAN("CERTIFICATE")) > 0 || error_set(error, "one or more certificates in PEM");
}

bool schema_check_certificates(struct span text, struct error *error)
{
    return text.n == 0 || schema_check_certificate(text, error);
}

/* A name or an address, and perhaps a port, by its letters. */
static bool has_host_letters(struct span host)
{
    for (size_t i = 0; i < host.n; i++)
        if (!isalnum((unsigned char)host.p[i]) && !strchr(".-:[]", host.p[i]))
            return false;
    return host.n > 0;
}

/* SCHEME and then a host, without anything that is no part of a URL. */
static bool is_url(struct span text, struct span scheme)
{
    struct span rest = span_slice(text, scheme.n, text.n);
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] <= ' ' || text.p[i] > '~' || strchr("\"<>\\^`{|}#?@", text.p[i]))
            return false;
    return span_starts_nocase(text, scheme) && has_host_letters(span_slice(rest, 0, span_find(rest, '/')));
}

bool schema_check_update_server(struct span text, struct error *error)
{
    return text.n == 0 || is_url(text, SPAN("https://")) ||
           error_set(error,
                     "https://HOST[:PORT]/FOLDER, or nothing; letters beyond ASCII in HOST as DNS has them "
                     "(xn--...)");
}

bool schema_check_proxy(struct span text, struct error *error)
{
    return text.n == 0 || is_url(text, SPAN("http://")) || error_set(error, "http://HOST:PORT, or nothing");
}

bool schema_check_private_key(struct span text, struct error *error)
{
    bool encrypted = span_find_span(text, SPAN("ENCRYPTED")) < text.n;
    return (count_blocks(text, SPAN("PRIVATE KEY")) == 1 && !encrypted) ||
           error_set(error, "one private key in PEM without a passphrase");
}
