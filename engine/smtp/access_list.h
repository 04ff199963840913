/* The two lists of ruling R14, comma separated as in the settings: recipient domains, and relay addresses. */
#ifndef SMTP_ACCESS_LIST_H
#define SMTP_ACCESS_LIST_H

#include <stdbool.h>

#include "engine/base/error.h"
#include "engine/base/span.h"

struct sockaddr;

/* Entries: "example.com" that domain alone, ".example.com" everything below it, "*" all. */
bool smtp_domain_list_match(struct span list, struct span domain);

struct smtp_network_list;

/* Entries: "192.0.2.1", "192.0.2.0/24", "2001:db8::/32".  NULL and an error that names the entry when one is
 * wrong: a list is never half used. */
struct smtp_network_list *smtp_network_list_new(struct span text, struct error *error);
void smtp_network_list_free(struct smtp_network_list *list);

/* The entry, as written, that the address is in; empty when there is none.  An IPv4 address inside IPv6
 * (::ffff:192.0.2.1) counts as the IPv4 address that it is. */
struct span smtp_network_list_match(const struct smtp_network_list *list, const struct sockaddr *address);

#endif
