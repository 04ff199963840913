/* What a name server answered: the records of one type from the answer section of a packet (RFC 1035 4.1).
 *
 * Whoever sends mail chooses which servers are asked, so packets are hostile: every length is checked, records beyond
 * a bound are left out, and the time is linear in the size of the packet.
 */
#ifndef SMTP_DNS_ANSWER_H
#define SMTP_DNS_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/span.h"

enum {
    DNS_RECORDS_MAX = 20,
    DNS_NAME_MAX = 255,
};

enum dns_type { DNS_A = 1, DNS_MX = 15, DNS_AAAA = 28 };

struct dns_record {
    uint16_t preference;         /* of an MX record */
    unsigned char address[16];   /* of A, the first four, and AAAA */
    char name[DNS_NAME_MAX + 1]; /* of MX: as sent, not checked; "" for the root */
};

enum dns_status {
    DNS_FOUND,
    DNS_NO_RECORDS, /* the name exists, but has none of this type */
    DNS_NO_NAME,
    DNS_FAILED, /* no answer, or none that says anything: to be asked again */
};

struct dns_answer {
    enum dns_status status;
    uint32_t ttl;   /* seconds; the shortest of the answer; only when found */
    uint32_t count; /* above 0 only when found */
    struct dns_record
        records[DNS_RECORDS_MAX]; /* by preference, else as sent; beyond the bound the best ones */
};

/* Reads a packet whose response code says that all is well: found, no records, or failed when it is malformed. */
void dns_answer_parse(struct span packet, enum dns_type type, struct dns_answer *answer);

#endif
