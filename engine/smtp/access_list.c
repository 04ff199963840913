/* Recipient domains and relay addresses (ruling R14). */
#include "engine/smtp/access_list.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "engine/base/xalloc.h"

/* Takes the next entry, trimmed, from *list; false at the end. */
static bool next_entry(struct span *list, struct span *entry)
{
    if (list->n == 0)
        return false;
    size_t comma = span_find(*list, ',');
    *entry = span_trim(span_slice(*list, 0, comma));
    *list = span_slice(*list, comma + 1, list->n);
    return true;
}

static bool domain_entry_match(struct span entry, struct span domain)
{
    if (span_equal(entry, SPAN("*")))
        return true;
    if (entry.n && entry.p[0] == '.')
        return domain.n > entry.n &&
               span_equal_nocase(span_slice(domain, domain.n - entry.n, entry.n), entry);
    return entry.n && span_equal_nocase(domain, entry);
}

bool smtp_domain_list_match(struct span list, struct span domain)
{
    struct span entry;
    while (next_entry(&list, &entry))
        if (domain_entry_match(entry, domain))
            return true;
    return false;
}

/* IPv4 is kept as IPv6-mapped, so that one comparison serves both. */
struct network {
    struct in6_addr address;
    unsigned bits;
    struct span text;
};

struct smtp_network_list {
    char *text;
    struct network *networks;
    size_t count;
};

static struct in6_addr map_v4(struct in_addr v4)
{
    struct in6_addr mapped = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
    memcpy(&mapped.s6_addr[12], &v4, sizeof v4);
    return mapped;
}

static bool same_prefix(const struct in6_addr *a, const struct in6_addr *b, unsigned bits)
{
    unsigned bytes = bits / 8, rest = bits % 8;
    if (memcmp(a, b, bytes) != 0)
        return false;
    return rest == 0 || ((a->s6_addr[bytes] ^ b->s6_addr[bytes]) >> (8 - rest)) == 0;
}

static bool parse_network(struct span entry, struct network *out)
{
    size_t slash = span_find(entry, '/');
    char text[INET6_ADDRSTRLEN];
    struct in_addr v4;
    unsigned width = 128;
    uint64_t bits;
    if (slash >= sizeof text)
        return false;
    memcpy(text, entry.p, slash);
    text[slash] = '\0';
    if (inet_pton(AF_INET, text, &v4) == 1) {
        out->address = map_v4(v4);
        width = 32;
    } else if (inet_pton(AF_INET6, text, &out->address) != 1) {
        return false;
    }
    bits = width;
    if (slash < entry.n && (!span_parse_u64(span_slice(entry, slash + 1, entry.n), &bits) || bits > width))
        return false;
    out->bits = 128 - width + (unsigned)bits;
    out->text = entry;
    return true;
}

struct smtp_network_list *smtp_network_list_new(struct span text, struct error *error)
{
    struct smtp_network_list *list = xcalloc(1, sizeof *list);
    struct span rest, entry;
    list->text = xmemdup0(text.p, text.n);
    rest = span_of(list->text, text.n);
    while (next_entry(&rest, &entry)) {
        if (entry.n == 0)
            continue;
        list->networks = xreallocarray(list->networks, list->count + 1, sizeof *list->networks);
        if (!parse_network(entry, &list->networks[list->count])) {
            error_set(error, "'%.*s' is no network address", (int)entry.n, entry.p);
            smtp_network_list_free(list);
            return NULL;
        }
        list->count++;
    }
    return list;
}

void smtp_network_list_free(struct smtp_network_list *list)
{
    if (!list)
        return;
    free(list->networks);
    free(list->text);
    free(list);
}

struct span smtp_network_list_match(const struct smtp_network_list *list, const struct sockaddr *address)
{
    struct in6_addr client;
    if (address->sa_family == AF_INET)
        client = map_v4(((const struct sockaddr_in *)(const void *)address)->sin_addr);
    else if (address->sa_family == AF_INET6)
        client = ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    else
        return SPAN("");
    for (size_t i = 0; i < list->count; i++)
        if (same_prefix(&client, &list->networks[i].address, list->networks[i].bits))
            return list->networks[i].text;
    return SPAN("");
}
