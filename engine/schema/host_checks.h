/* What checks of hosts, of destinations and of networks have in common. */
#ifndef SCHEMA_HOST_CHECKS_H
#define SCHEMA_HOST_CHECKS_H

#include <stdbool.h>

#include "engine/base/span.h"

/* A name that cannot be taken for an address: its last label is not a number. */
bool schema_is_host_name(struct span text);

/* AF_INET with 4 bytes or AF_INET6 with 16, in any form that inet_pton() takes; AF_UNSPEC: it is no address. */
int schema_address_read(struct span text, unsigned char bytes[16]);

/* The same without the bytes. */
int schema_address_family(struct span text);

/* Whether the host bits of an address, behind the first `bits`, are 0. */
bool schema_is_network(const unsigned char *address, unsigned bytes, unsigned bits);

#endif
