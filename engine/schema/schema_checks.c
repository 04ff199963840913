/* Checks of text fields.  A text that fails is answered by what would be right. */
#include <arpa/inet.h>

#include "engine/schema/schema.h"
#include "engine/smtp/address.h"

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

bool schema_check_private_key(struct span text, struct error *error)
{
    bool encrypted = span_find_span(text, SPAN("ENCRYPTED")) < text.n;
    return (count_blocks(text, SPAN("PRIVATE KEY")) == 1 && !encrypted) ||
           error_set(error, "one private key in PEM without a passphrase");
}
