/* Addresses of connections as text. */
#include "daemon/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "engine/smtp/address_range.h"

void net_print_address(const struct sockaddr *address, char text[INET6_ADDRSTRLEN])
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
    const char *shown = NULL;
    if (address->sa_family == AF_INET)
        shown = inet_ntop(AF_INET, &v4->sin_addr, text, INET6_ADDRSTRLEN);
    else if (address->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
        shown = inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], text, INET6_ADDRSTRLEN);
    else if (address->sa_family == AF_INET6)
        shown = inet_ntop(AF_INET6, &v6->sin6_addr, text, INET6_ADDRSTRLEN);
    if (!shown)
        memcpy(text, "unknown", sizeof "unknown");
}

in_port_t net_port(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
    if (address->sa_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)(const void *)address)->sin6_port);
    return 0;
}

void net_print_local(int fd, char text[INET6_ADDRSTRLEN])
{
    struct sockaddr_storage local = {0};
    socklen_t size = sizeof local;
    if (getsockname(fd, (struct sockaddr *)&local, &size) != 0)
        local.ss_family = AF_UNSPEC;
    net_print_address((struct sockaddr *)&local, text);
}

static struct span bytes_of(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return span_of(&((const struct sockaddr_in *)(const void *)address)->sin_addr,
                       sizeof(struct in_addr));
    if (address->sa_family == AF_INET6)
        return span_of(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr,
                       sizeof(struct in6_addr));
    return SPAN("");
}

bool net_same_address(const struct sockaddr *a, const struct sockaddr *b)
{
    return a->sa_family == b->sa_family && span_equal(bytes_of(a), bytes_of(b));
}

bool net_is_any(const struct sockaddr *address)
{
    static const char zeros[sizeof(struct in6_addr)];
    struct span bytes = bytes_of(address);
    return span_equal(bytes, span_of(zeros, bytes.n));
}

/* From 127.0.0.1 the kernel also reaches 127.0.0.2. */
bool net_same_machine(const struct sockaddr *local, const struct sockaddr *peer)
{
    return net_same_address(local, peer) || (peer->sa_family == AF_INET && bytes_of(peer).p[0] == 127);
}

bool net_parse_address(struct span text, in_port_t port, struct sockaddr_storage *address, socklen_t *size)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    unsigned char bytes[16] = {0};
    int family = smtp_ip_read(text, bytes);
    memcpy(&v4.sin_addr, bytes, sizeof v4.sin_addr);
    memcpy(&v6.sin6_addr, bytes, sizeof v6.sin6_addr);
    *size = family == AF_INET ? sizeof v4 : sizeof v6;
    memset(address, 0, sizeof *address);
    memcpy(address, family == AF_INET ? (const void *)&v4 : &v6, *size);
    return family != AF_UNSPEC;
}

bool net_parse_host(struct span host, in_port_t port, struct sockaddr_storage *address, socklen_t *size)
{
    bool here = span_equal_nocase(host, SPAN("localhost"));
    return net_parse_address(here ? SPAN("127.0.0.1") : host, port, address, size);
}

bool net_is_exhausted(int failure)
{
    return failure == EMFILE || failure == ENFILE || failure == ENOBUFS || failure == ENOMEM;
}
