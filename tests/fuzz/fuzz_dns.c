/* The answer of a name server: any bytes as a packet, read as each type of record. */
#define _GNU_SOURCE /* strnlen */
#include <stdint.h>
#include <stdlib.h>

#include "daemon/smtp/dns_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct dns_answer *a)
{
    if (a->count > DNS_RECORDS_MAX || (a->count > 0) != (a->status == DNS_FOUND))
        abort();
    for (uint32_t i = 0; i < a->count; i++)
        if (strnlen(a->records[i].name, sizeof a->records[i].name) > DNS_NAME_MAX ||
            (i > 0 && a->records[i].preference < a->records[i - 1].preference))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum dns_type types[] = {DNS_A, DNS_MX, DNS_AAAA};
    struct dns_answer answer;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        dns_answer_parse(span_of(data, size), types[i], &answer);
        check(&answer);
    }
    return 0;
}
