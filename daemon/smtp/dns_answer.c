/* Reading the answer of a name server. */
#include "daemon/smtp/dns_answer.h"

enum {
    HEADER_BYTES = 12,
    QUESTION_COUNT_AT = 4,
    CLASS_IN = 1,
    LABEL_MAX = 63,
    POINTER =
        0xc0, /* or above, as the length of a label: the name goes on where this and the next byte say */
    POINTERS_MAX = 50, /* in one name: no server needs more than one */
};

struct cursor {
    struct span packet;
    size_t at;
    bool failed;
};

static struct span take(struct cursor *c, size_t n)
{
    struct span bytes = span_slice(c->packet, c->at, n);
    c->failed |= bytes.n < n;
    c->at += bytes.n;
    return bytes;
}

static uint32_t take_number(struct cursor *c, size_t n)
{
    struct span bytes = take(c, n);
    uint32_t number = 0;
    for (size_t i = 0; i < bytes.n; i++)
        number = number << 8 | (unsigned char)bytes.p[i];
    return c->failed ? 0 : number;
}

static void skip_name(struct cursor *c)
{
    for (uint32_t length; !c->failed && (length = take_number(c, 1)) > 0;) {
        if (length >= POINTER) {
            take(c, 1);
            return;
        }
        c->failed |= length > LABEL_MAX;
        take(c, length);
    }
}

/* The name at the cursor, labels parted by dots.  A byte that would look like another label's becomes one that no host
 * name has. */
static bool copy_name(struct cursor c, char to[DNS_NAME_MAX + 1])
{
    size_t n = 0;
    unsigned pointers = 0;
    for (uint32_t length; (length = take_number(&c, 1)) > 0;) {
        if (length >= POINTER) {
            c.at = (length - POINTER) << 8 | take_number(&c, 1);
            if (++pointers > POINTERS_MAX)
                return false;
            continue;
        }
        struct span label = take(&c, length);
        if (c.failed || length > LABEL_MAX || n + length + 1 > DNS_NAME_MAX)
            return false;
        if (n > 0)
            to[n++] = '.';
        for (size_t i = 0; i < label.n; i++)
            to[n++] = label.p[i] == '.' || label.p[i] == '\0' ? '?' : label.p[i];
    }
    to[n] = '\0';
    return !c.failed;
}

static bool read_data(struct cursor *c, enum dns_type type, size_t length, struct dns_record *r)
{
    const size_t address_bytes = type == DNS_A ? 4 : 16;
    if (type == DNS_MX) {
        r->preference = (uint16_t)take_number(c, 2);
        return length > 2 && copy_name(*c, r->name);
    }
    struct span address = take(c, address_bytes);
    if (c->failed || length != address_bytes)
        return false;
    memcpy(r->address, address.p, address.n);
    return true;
}

static void add(struct dns_answer *answer, const struct dns_record *r)
{
    uint32_t at = answer->count;
    while (at > 0 && answer->records[at - 1].preference > r->preference)
        at--;
    if (at == DNS_RECORDS_MAX)
        return;
    if (answer->count == DNS_RECORDS_MAX)
        answer->count--;
    memmove(&answer->records[at + 1], &answer->records[at], (answer->count - at) * sizeof *r);
    answer->records[at] = *r;
    answer->count++;
}

/* Aliases on the way count for the time to live, too; one above 31 bits is none (RFC 2181 8). */
static void read_record(struct cursor *c, enum dns_type type, struct dns_answer *answer)
{
    struct dns_record r = {0};
    skip_name(c);
    uint32_t its_type = take_number(c, 2), class = take_number(c, 2), ttl = take_number(c, 4);
    uint32_t length = take_number(c, 2);
    size_t end = c->at + length;
    if (ttl > INT32_MAX)
        ttl = 0;
    if (ttl < answer->ttl)
        answer->ttl = ttl;
    if (its_type == (uint32_t)type && class == CLASS_IN && !c->failed) {
        if (read_data(c, type, length, &r))
            add(answer, &r);
        else
            c->failed = true;
    }
    c->failed |= end > c->packet.n;
    c->at = end;
}

void dns_answer_parse(struct span packet, enum dns_type type, struct dns_answer *answer)
{
    struct cursor c = {.packet = packet, .at = QUESTION_COUNT_AT};
    answer->count = 0;
    answer->ttl = UINT32_MAX;
    uint32_t questions = take_number(&c, 2), records = take_number(&c, 2);
    c.at = HEADER_BYTES;
    for (; questions > 0 && !c.failed; questions--) {
        skip_name(&c);
        take(&c, 4);
    }
    for (; records > 0 && !c.failed; records--)
        read_record(&c, type, answer);
    if (c.failed)
        answer->count = 0;
    answer->status = c.failed ? DNS_FAILED : answer->count > 0 ? DNS_FOUND : DNS_NO_RECORDS;
}
