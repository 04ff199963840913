/* Registered domains: of a host's name, what somebody once registered. */
#ifndef SCAN_DOMAIN_H
#define SCAN_DOMAIN_H

#include <stdbool.h>

#include "engine/base/span.h"
#include "engine/mime/view.h"

enum { SCAN_DOMAIN_BYTES = 256 };

/* "shop.co.uk" for "www.shop.co.uk.": the public suffix by the Public Suffix List (the one that libpsl was built with)
 * and one label more, in lower case and A-labels (RFC 5891).  Empty when host is an address, a public suffix, a single
 * label or no name at all.  The result lies in room. */
struct span scan_registered_domain(struct span host, char room[SCAN_DOMAIN_BYTES]);

/* What follows the last '@' of the first header of that name, up to the end of the address; empty when there is none. */
struct span scan_address_domain(const struct mime_view *view, const char *header);

/* Would a reader take a label of the registered domain for another one: letters of two scripts in one label, or a whole
 * label of letters that look like Latin ones (UTS 39)? */
bool scan_domain_misleads(struct span registered);

#endif
