/* Addresses of the envelope: the Mailbox and Path grammar of RFC 5321 4.1.2, and with UTF-8 that of RFC 6531 3.3.
 *
 * What passes is safe to put between < and > in a command: no control character, no blank outside quotes, no
 * angle bracket, no byte above 126 but those of valid UTF-8 where that is allowed.  Two usual departures from the letter: '_' in domains, and local parts
 * longer than 64 bytes (VERP senders need them) as long as the whole stays within 320.
 */
#ifndef SMTP_ADDRESS_H
#define SMTP_ADDRESS_H

#include <stdbool.h>

#include "engine/base/span.h"

enum {
    SMTP_DOMAIN_MAX = 255,
    SMTP_MAILBOX_MAX = 320,
};

struct smtp_mailbox {
    struct span text;   /* the whole address, without angle brackets and source route */
    struct span local;  /* as written, with its quotes */
    struct span domain; /* name, or literal in square brackets; empty in <> and <postmaster> */
};

enum smtp_path_status { SMTP_PATH_OK, SMTP_PATH_BAD, SMTP_PATH_8BIT };

/* Reads a path "<...>" at the start of *in and moves *in behind it.  A source route is checked and ignored
 * (RFC 5321 appendix C).  "<>" gives an empty mailbox; "<postmaster>" one without a domain.  UTF-8
 * may stand in local part and domain; whether it is allowed now, and IDNA knows the domain, is for others to say. */
enum smtp_path_status smtp_path_parse(struct span *in, struct smtp_mailbox *out);

/* An address without brackets: user@domain or postmaster, not empty, ASCII only. */
bool smtp_mailbox_parse(struct span text, struct smtp_mailbox *out);
/* The same with UTF-8. */
bool smtp_mailbox_parse_utf8(struct span text, struct smtp_mailbox *out);

bool smtp_domain_is_valid(struct span name);

#endif
