/* Sets of addresses as administrators write them, and addresses inside of text.
 *
 * An address is 16 bytes; an IPv4 one is in ::ffff:0:0/96, so that both kinds compare alike.
 */
#ifndef SMTP_ADDRESS_RANGE_H
#define SMTP_ADDRESS_RANGE_H

#include <netinet/in.h>
#include <stdbool.h>

#include "engine/base/span.h"

struct smtp_address_range {
    struct in6_addr first, last; /* both belong to it */
};

/* AF_INET with 4 bytes or AF_INET6 with 16, in any form that inet_pton() takes; AF_UNSPEC: it is no address. */
int smtp_ip_read(struct span text, unsigned char bytes[16]);
/* The same without the bytes. */
int smtp_ip_family(struct span text);
/* One address of either kind. */
bool smtp_ip_parse(struct span text, struct in6_addr *address);
/* As it is usually written; an IPv4 address as what it is. */
void smtp_ip_print(const struct in6_addr *address, char text[INET6_ADDRSTRLEN]);

/* ADDRESS, ADDRESS/BITS (bits behind the first BITS do not matter), ADDRESS-ADDRESS, or 192.0.2.1-10 for a last octet. */
bool smtp_address_range_parse(struct span text, struct smtp_address_range *range);
bool smtp_address_range_has(const struct smtp_address_range *range, const struct in6_addr *address);
/* Orders by the number of addresses: below, at or above 0 as a has fewer, as many or more than b. */
int smtp_address_range_compare_size(const struct smtp_address_range *a, const struct smtp_address_range *b);

/* The first address in a text behind the first occurrence of `after` (empty: in all of it): a word of letters, digits and
 * ". : - _" that is one, also with "IPv6:" before it or a full stop or colon behind it.  "::" and 0.0.0.0 are no address of
 * a machine and are passed by. */
bool smtp_ip_find(struct span text, struct span after, struct in6_addr *address);

#endif
