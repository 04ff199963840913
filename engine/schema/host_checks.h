/* What checks of hosts, of destinations and of networks have in common. */
#ifndef SCHEMA_HOST_CHECKS_H
#define SCHEMA_HOST_CHECKS_H

#include <stdbool.h>

#include "engine/base/span.h"

/* A name that cannot be taken for an address: its last label is not a number. */
bool schema_is_host_name(struct span text);

/* Whether the host bits of an address, behind the first `bits`, are 0. */
bool schema_is_network(const unsigned char *address, unsigned bytes, unsigned bits);

#endif
