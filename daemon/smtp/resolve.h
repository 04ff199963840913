/* From the name of a next hop to its addresses: MX records, else its own (RFC 5321 5.1, RFC 7505).
 *
 * Results are kept for the time to live of their records, failures for a short while; whoever asks for what is being
 * looked up already waits for that.
 */
#ifndef SMTP_RESOLVE_H
#define SMTP_RESOLVE_H

#include "daemon/smtp/destination.h"
#include "engine/base/span.h"

struct resolution {
    const struct destination *destination; /* NULL when there is none */
    struct span enhanced; /* why: of class 5 it stays so, of class 4 it is to be tried again; RFC 3463 */
    struct span text;
};

/* host: a name, or an address literal without brackets.  mx: its MX records come before its own addresses.
 * done() is called once, perhaps inside the call; the resolution lives as long as done() runs. */
void resolve_host(struct span host, bool mx, void (*done)(void *context, const struct resolution *resolution),
                  void *context);

#endif
