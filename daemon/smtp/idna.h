/* Domains of addresses in UTF-8 as DNS knows them: U-labels become A-labels (RFC 5891).
 *
 * It is done once, as the envelope comes in: access lists, routes, DNS, logs and next hops know one form of a name, and an
 * address whose local part is ASCII needs no SMTPUTF8 from there on.
 */
#ifndef SMTP_IDNA_H
#define SMTP_IDNA_H

#include "engine/smtp/address.h"

/* Gives m, of a valid path, an ASCII domain; if that changes it, m points into text from then on.  False when IDNA knows no
 * such domain, or the address becomes too long. */
bool idna_mailbox(struct smtp_mailbox *m, char text[SMTP_MAILBOX_MAX]);

#endif
