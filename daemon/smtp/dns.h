/* Asking name servers, by c-ares on the loop of the role. */
#ifndef SMTP_DNS_H
#define SMTP_DNS_H

#include "daemon/smtp/dns_answer.h"
#include "engine/base/error.h"

/* Reads which servers to ask: the setting dns.servers, or the system's configuration.  Before the sandbox, as files
 * are out of reach behind it. */
bool dns_init(struct error *error);

/* done() gets the answer, which lives as long as the call; it may come inside dns_query(). */
void dns_query(const char *name, enum dns_type type,
               void (*done)(void *context, const struct dns_answer *answer), void *context);

#endif
