/* The addresses of one next hop.  Of one preference IPv4 comes first: where a mail server's IPv6 is broken, which is
 * far more common than the reverse, each connection would wait for its time-out. */
#define _GNU_SOURCE /* random */
#include "daemon/smtp/destination.h"

#include <stdlib.h>
#include <string.h>

static bool is_v6(const struct destination_address *a)
{
    return a->rank & 1;
}

/* "This host", groups, and IPv4 in disguise, which would dodge comparisons. */
static bool is_usable(const struct destination_address *a)
{
    if (!is_v6(a))
        return a->bytes[0] != 0 && a->bytes[0] < 224;
    struct in6_addr v6;
    memcpy(&v6, a->bytes, sizeof v6);
    return !IN6_IS_ADDR_UNSPECIFIED(&v6) && !IN6_IS_ADDR_MULTICAST(&v6) && !IN6_IS_ADDR_V4MAPPED(&v6);
}

static bool same_host(const struct destination_address *a, const struct destination_address *b)
{
    return is_v6(a) == is_v6(b) && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static int compare(const struct destination_address *a, const struct destination_address *b)
{
    return a->rank != b->rank ? (a->rank < b->rank ? -1 : 1) : memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

static void remove_at(struct destination *d, uint32_t i)
{
    d->count--;
    memmove(&d->addresses[i], &d->addresses[i + 1], (d->count - i) * sizeof d->addresses[0]);
}

void destination_add(struct destination *d, uint16_t preference, int family, const void *address)
{
    struct destination_address new = {.rank = preference * 2u + (family == AF_INET6)};
    memcpy(new.bytes, address, family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr));
    if (!is_usable(&new))
        return;
    for (uint32_t i = 0; i < d->count; i++) {
        if (!same_host(&d->addresses[i], &new))
            continue;
        if (d->addresses[i].rank <= new.rank)
            return;
        remove_at(d, i);
        break;
    }
    uint32_t at = d->count;
    while (at > 0 && compare(&new, &d->addresses[at - 1]) < 0)
        at--;
    if (at == DESTINATION_MAX)
        return;
    if (d->count == DESTINATION_MAX)
        d->count--;
    memmove(&d->addresses[at + 1], &d->addresses[at], (d->count - at) * sizeof new);
    d->addresses[at] = new;
    d->count++;
}

bool destination_equal(const struct destination *a, const struct destination *b)
{
    return a->best == b->best && a->count == b->count &&
           memcmp(a->addresses, b->addresses, a->count * sizeof a->addresses[0]) == 0;
}

int destination_choose(const struct destination *d, uint64_t without)
{
    int chosen = -1, equals = 0;
    for (uint32_t i = 0; i < d->count; i++) {
        if (without >> i & 1)
            continue;
        if (chosen >= 0 && d->addresses[i].rank != d->addresses[chosen].rank)
            break;
        if (random() % ++equals == 0)
            chosen = (int)i;
    }
    return chosen;
}

uint16_t destination_preference(const struct destination *d, int index)
{
    return (uint16_t)(d->addresses[index].rank / 2);
}

socklen_t destination_socket_address(const struct destination *d, int index, in_port_t port,
                                     struct sockaddr_storage *address)
{
    const struct destination_address *a = &d->addresses[index];
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    memset(address, 0, sizeof *address);
    if (is_v6(a)) {
        memcpy(&v6.sin6_addr, a->bytes, sizeof v6.sin6_addr);
        memcpy(address, &v6, sizeof v6);
        return sizeof v6;
    }
    memcpy(&v4.sin_addr, a->bytes, sizeof v4.sin_addr);
    memcpy(address, &v4, sizeof v4);
    return sizeof v4;
}
