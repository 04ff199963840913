/* Texts that list networks or sockets. */
#include "engine/schema/host_checks.h"
#include "engine/schema/schema.h"
#include "engine/smtp/address_range.h"

/* The next element of a list with commas between them; blanks around it do not count. */
static bool next_element(struct span *list, struct span *element)
{
    if (list->n == 0)
        return false;
    size_t comma = span_find(*list, ',');
    *element = span_trim(span_slice(*list, 0, comma));
    /* a comma at the end is followed by an empty element */
    *list = comma + 1 == list->n ? SPAN(" ") : span_slice(*list, comma + 1, list->n);
    return true;
}

static bool read_network(struct span text, struct schema_network *network)
{
    size_t slash = span_find(text, '/');
    uint64_t bits;
    int family = smtp_ip_read(span_slice(text, 0, slash), network->bytes);
    if (family == AF_UNSPEC)
        return false;
    network->is_v6 = family == AF_INET6;
    network->bits = network->is_v6 ? 128 : 32;
    if (slash < text.n) {
        if (!span_parse_u64(span_slice(text, slash + 1, text.n), &bits) || bits > network->bits)
            return false;
        network->bits = (unsigned)bits;
    }
    return schema_is_network(network->bytes, network->is_v6 ? 16 : 4, network->bits);
}

enum schema_next schema_network_next(struct span *list, struct schema_network *network)
{
    struct span element;
    if (!next_element(list, &element))
        return SCHEMA_NEXT_END;
    return read_network(element, network) ? SCHEMA_NEXT_GOOD : SCHEMA_NEXT_WRONG;
}

bool schema_network_has(const struct schema_network *network, bool is_v6, const unsigned char *address)
{
    unsigned whole = network->bits / 8, rest = network->bits % 8;
    if (is_v6 != network->is_v6 || memcmp(network->bytes, address, whole) != 0)
        return false;
    return rest == 0 || (network->bytes[whole] ^ address[whole]) >> (8 - rest) == 0;
}

bool schema_check_networks(struct span text, struct error *error)
{
    struct schema_network network;
    enum schema_next next;
    unsigned count = 0;
    while ((next = schema_network_next(&text, &network)) == SCHEMA_NEXT_GOOD)
        count++;
    return (next == SCHEMA_NEXT_END && count <= SPAMD_CLIENTS_MAX) ||
           error_set(error,
                     "at most %d addresses or networks with commas between them; a network is ADDRESS/BITS, "
                     "with no bits set behind the first BITS",
                     SPAMD_CLIENTS_MAX);
}

enum schema_next schema_socket_next(struct span *list, struct schema_socket *at)
{
    struct span element;
    struct error ignored;
    uint64_t port = 0;
    if (!next_element(list, &element))
        return SCHEMA_NEXT_END;
    size_t colon = element.n;
    while (colon > 0 && element.p[colon - 1] != ':')
        colon--;
    struct span host = span_slice(element, 0, colon ? colon - 1 : 0);
    bool bracketed = host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
    if (bracketed)
        host = span_slice(host, 1, host.n - 2);
    bool is_v6 = span_find(host, ':') < host.n;
    *at = (struct schema_socket){.address = host};
    if (is_v6 != bracketed || !schema_check_address(host, &ignored) ||
        !span_parse_u64(span_slice(element, colon, element.n), &port) || port > UINT16_MAX)
        return SCHEMA_NEXT_WRONG;
    at->port = (uint16_t)port;
    return SCHEMA_NEXT_GOOD;
}

bool schema_check_sockets(struct span text, struct error *error)
{
    struct schema_socket at;
    enum schema_next next;
    unsigned count = 0;
    while ((next = schema_socket_next(&text, &at)) == SCHEMA_NEXT_GOOD)
        count++;
    return (next == SCHEMA_NEXT_END && count <= SPAMD_TCP_MAX) ||
           error_set(error, "at most %d of ADDRESS:PORT or [ADDRESS]:PORT with commas between them",
                     SPAMD_TCP_MAX);
}
