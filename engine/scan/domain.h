/* Registered domains: of a host's name, what somebody once registered. */
#ifndef SCAN_DOMAIN_H
#define SCAN_DOMAIN_H

#include <stdbool.h>

#include "engine/base/span.h"
#include "engine/mime/view.h"

enum { SCAN_DOMAIN_BYTES = 256 };

/* What a browser makes of the host of a link. */
enum scan_host_kind {
    SCAN_HOST_NONE,         /* nothing that it follows */
    SCAN_HOST_ADDRESS,      /* a number: 192.0.2.1, 0xc0.0.513, 3221225985, [2001:db8::1] */
    SCAN_HOST_UNREGISTERED, /* a single label (localhost), or a public suffix itself (co.uk) */
    SCAN_HOST_REGISTERED,
};

/* Spans point into room, so it is not to be copied. */
struct scan_host {
    struct span name; /* percent-encoding decoded, in lower case and A-labels (RFC 5891), no '.' at the end */
    struct span
        domain; /* "shop.co.uk" of "www.shop.co.uk": the public suffix by the Public Suffix List (the one that
                           libpsl was built with) and one label more; empty but for SCAN_HOST_REGISTERED */
    char room[SCAN_DOMAIN_BYTES];
};

enum scan_host_kind scan_host_read(struct span host, struct scan_host *read);

/* The domain alone; points into read. */
static inline struct span scan_registered_domain(struct span host, struct scan_host *read)
{
    scan_host_read(host, read);
    return read->domain;
}

/* What follows the last '@' of the first header of that name, up to the end of the address; empty when there is none. */
struct span scan_address_domain(const struct mime_view *view, const char *header);

/* Would a reader take a label of the registered domain for another one: letters of two scripts in one label, or a whole
 * label of letters that look like Latin ones (UTS 39)? */
bool scan_domain_misleads(struct span registered);

#endif
