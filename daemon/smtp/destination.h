/* The addresses of one next hop, in the order in which they are to be tried (RFC 5321 5.1). */
#ifndef SMTP_DESTINATION_H
#define SMTP_DESTINATION_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum { DESTINATION_MAX = 64 }; /* addresses: a set of them is the bits of an uint64_t */

/* Compared as bytes: no padding, and an IPv4 address is followed by zeros. */
struct destination_address {
    uint32_t rank; /* twice the MX preference, plus one for IPv6; lower ones first, equal ones in any order */
    unsigned char bytes[sizeof(struct in6_addr)];
};

struct destination {
    uint32_t count;
    uint16_t best; /* preference of all MX records, also those whose exchange has no address or could not be looked up */
    struct destination_address addresses[DESTINATION_MAX]; /* sorted */
};

/* Keeps the addresses sorted and each one once, at its best rank.  What no host can have is left out, and what ranks
 * last when there are too many. */
void destination_add(struct destination *d, uint16_t preference, int family, const void *address);
bool destination_equal(const struct destination *a, const struct destination *b);
/* One of the best addresses that are not in the set; -1 when it holds all.  Equal ones take turns by chance. */
int destination_choose(const struct destination *d, uint64_t without);
uint16_t destination_preference(const struct destination *d, int index);
/* For connect(); gives the size. */
socklen_t destination_socket_address(const struct destination *d, int index, in_port_t port,
                                     struct sockaddr_storage *address);

#endif
