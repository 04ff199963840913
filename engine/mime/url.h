/* Finding URLs in text and comparing the hosts that links show and mean. */
#ifndef MIME_URL_H
#define MIME_URL_H

#include <stdbool.h>

#include "engine/base/span.h"

/* Finds the next "http://", "https://" or "www." in rest and moves rest behind it. */
bool url_next(struct span *rest, struct span *url);

/* The host of an absolute URL, without user and port; empty when there is none. */
struct span url_host(struct span url);

/* Does the text of a link show a host that the target does not lead to?  Hosts of one owner agree: equal, one
 * below the other, or below the same registered domain (which is estimated from the shape of the name). */
bool url_text_misleads(struct span text, struct span target);

#endif
