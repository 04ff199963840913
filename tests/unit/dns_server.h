/* A name server for tests: answers from a table, on the loop of the code that is tested, by UDP and TCP. */
#ifndef TESTS_DNS_SERVER_H
#define TESTS_DNS_SERVER_H

#include <event2/event.h>
#include <stdint.h>

#include "engine/base/buf.h"

enum dns_code { CODE_GOOD, CODE_SERVFAIL = 2, CODE_NXDOMAIN = 3, CODE_SILENCE = -1 };

/* Ends with a row without a name.  A name that is in no row does not exist; one that is, but not with the type that
 * is asked for, has no such records. */
struct dns_row {
    const char *name;
    const char *data; /* "1.2.3.4", "2001:db8::1" or "10 mx.example", "0 ." */
    uint32_t ttl;
    int code; /* of enum dns_code: instead of the record; without data for every type */
};

struct dns_server {
    const struct dns_row *rows;
    unsigned questions; /* asked so far */
    bool truncate;      /* by UDP: come back by TCP */
};

/* Gives its port. */
uint16_t dns_server_start(struct dns_server *server, struct event_base *base);
/* Appends the answer to a question; false for silence. */
bool dns_server_answer(struct dns_server *server, struct span question, bool udp, struct buf *out);
/* Appends a question. */
void dns_server_ask(const char *name, uint16_t type, struct buf *out);

#endif
