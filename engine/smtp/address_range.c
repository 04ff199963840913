/* Sets of addresses, and addresses inside of text. */
#include "engine/smtp/address_range.h"

#include <arpa/inet.h>

enum { ADDRESS_BYTES = 16, V4_OFFSET = 12, V4_BITS_OFFSET = 96 };

int smtp_ip_read(struct span text, unsigned char bytes[16])
{
    char copy[INET6_ADDRSTRLEN];
    if (text.n == 0 || text.n >= sizeof copy || memchr(text.p, '\0', text.n))
        return AF_UNSPEC;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    if (inet_pton(AF_INET, copy, bytes) == 1)
        return AF_INET;
    return inet_pton(AF_INET6, copy, bytes) == 1 ? AF_INET6 : AF_UNSPEC;
}

int smtp_ip_family(struct span text)
{
    unsigned char ignored[ADDRESS_BYTES];
    return smtp_ip_read(text, ignored);
}

bool smtp_ip_parse(struct span text, struct in6_addr *address)
{
    unsigned char bytes[ADDRESS_BYTES];
    int family = smtp_ip_read(text, bytes);
    if (family == AF_INET6) {
        memcpy(address->s6_addr, bytes, ADDRESS_BYTES);
    } else if (family == AF_INET) {
        *address = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
        memcpy(address->s6_addr + V4_OFFSET, bytes, ADDRESS_BYTES - V4_OFFSET);
    }
    return family != AF_UNSPEC;
}

void smtp_ip_print(const struct in6_addr *address, char text[INET6_ADDRSTRLEN])
{
    if (IN6_IS_ADDR_V4MAPPED(address))
        inet_ntop(AF_INET, address->s6_addr + V4_OFFSET, text, INET6_ADDRSTRLEN);
    else
        inet_ntop(AF_INET6, address, text, INET6_ADDRSTRLEN);
}

/* ---- ranges ---- */

static int compare(const struct in6_addr *a, const struct in6_addr *b)
{
    return memcmp(a->s6_addr, b->s6_addr, ADDRESS_BYTES);
}

/* Sets or clears the bits behind the first `bits`. */
static void fill_bits(struct in6_addr *address, unsigned bits, bool set)
{
    for (unsigned i = bits / 8; i < ADDRESS_BYTES; i++) {
        unsigned char mask = i == bits / 8 ? (unsigned char)(0xff >> bits % 8) : 0xff;
        if (set)
            address->s6_addr[i] |= mask;
        else
            address->s6_addr[i] &= (unsigned char)~mask;
    }
}

static bool parse_network(struct span digits, struct smtp_address_range *range)
{
    bool is_v4 = IN6_IS_ADDR_V4MAPPED(&range->first);
    uint64_t bits;
    if (!span_parse_u64(digits, &bits) || bits > (is_v4 ? 32 : 128))
        return false;
    unsigned kept = (unsigned)bits + (is_v4 ? V4_BITS_OFFSET : 0);
    fill_bits(&range->first, kept, false);
    fill_bits(&range->last, kept, true);
    return true;
}

static bool parse_last(struct span text, struct smtp_address_range *range)
{
    bool is_v4 = IN6_IS_ADDR_V4MAPPED(&range->first);
    uint64_t octet;
    if (is_v4 && span_parse_u64(text, &octet) && octet <= UINT8_MAX)
        range->last.s6_addr[ADDRESS_BYTES - 1] = (unsigned char)octet;
    else if (!smtp_ip_parse(text, &range->last) || IN6_IS_ADDR_V4MAPPED(&range->last) != is_v4)
        return false;
    return compare(&range->first, &range->last) <= 0;
}

bool smtp_address_range_parse(struct span text, struct smtp_address_range *range)
{
    size_t end = 0;
    while (end < text.n && text.p[end] != '/' && text.p[end] != '-')
        end++;
    if (!smtp_ip_parse(span_slice(text, 0, end), &range->first))
        return false;
    range->last = range->first;
    struct span rest = span_slice(text, end + 1, text.n);
    return end == text.n || (text.p[end] == '/' ? parse_network(rest, range) : parse_last(rest, range));
}

bool smtp_address_range_has(const struct smtp_address_range *range, const struct in6_addr *address)
{
    return compare(&range->first, address) <= 0 && compare(address, &range->last) <= 0;
}

/* last - first */
static struct in6_addr size_of(const struct smtp_address_range *range)
{
    struct in6_addr size = {0};
    unsigned borrow = 0;
    for (unsigned i = ADDRESS_BYTES; i-- > 0;) {
        unsigned difference = 0x100u + range->last.s6_addr[i] - range->first.s6_addr[i] - borrow;
        size.s6_addr[i] = (unsigned char)difference;
        borrow = difference < 0x100;
    }
    return size;
}

int smtp_address_range_compare_size(const struct smtp_address_range *a, const struct smtp_address_range *b)
{
    struct in6_addr x = size_of(a), y = size_of(b);
    return compare(&x, &y);
}

/* ---- inside of text ---- */

static bool is_of_word(char c)
{
    char l = ascii_lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == ':' || c == '-' || c == '_';
}

static bool is_unspecified(const struct in6_addr *address)
{
    static const unsigned char zeros[4];
    return IN6_IS_ADDR_UNSPECIFIED(address) ||
           (IN6_IS_ADDR_V4MAPPED(address) && memcmp(address->s6_addr + V4_OFFSET, zeros, sizeof zeros) == 0);
}

static bool parse_word(struct span word, struct in6_addr *address)
{
    const struct span tag = SPAN("IPv6:"); /* RFC 5321 4.1.3 */
    if (span_starts_nocase(word, tag))
        word = span_slice(word, tag.n, word.n);
    bool good = smtp_ip_parse(word, address);
    if (!good && word.n && (word.p[word.n - 1] == '.' || word.p[word.n - 1] == ':'))
        good = smtp_ip_parse(span_slice(word, 0, word.n - 1), address);
    return good && !is_unspecified(address);
}

bool smtp_ip_find(struct span text, struct span after, struct in6_addr *address)
{
    if (after.n)
        text = span_slice(text, span_find_span(text, after) + after.n, text.n);
    while (text.n) {
        size_t end = 0;
        while (end < text.n && is_of_word(text.p[end]))
            end++;
        if (parse_word(span_slice(text, 0, end), address))
            return true;
        text = span_slice(text, end + 1, text.n);
    }
    return false;
}
