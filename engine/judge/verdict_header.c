/* The header fields by which this gateway tells what it made of a message.
 *
 * The value of X-IronPort-Anti-Spam-Result is these bytes in base64url without padding (RFC 4648, 5):
 *     format, 1 | model id, 4 | feature version, 1 | score, 1 | verdict, 1 | flags, 1 | rules, 4 each | check, 2
 * Flags: 1 partial, 2 test header.  The check is the lower half of a hash of the bytes before it and tells a damaged
 * value, nothing more.
 *
 * That of IronPort-PHdr is made alike:
 *     format, 1 | answer about graymail, 1 | points in hundredths, 2 | rules, 4 each | check, 2
 */
#include "engine/judge/verdict_header.h"

#include <string.h>

#include "engine/scan/hash.h"
#include "engine/wire/wire.h"

enum {
    FORMAT = 2,
    PHDR_FORMAT = 0x81,
    FIXED_BYTES = 9,
    PHDR_FIXED_BYTES = 4,
    CHECK_BYTES = 2,
    RULE_BYTES = 4,
    LINE_CHARACTERS = 64
};

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

bool judge_is_verdict_header(struct span field)
{
    return span_starts_nocase(field, SPAN("X-IronPort-Anti-Spam-")) ||
           span_starts_nocase(field, SPAN(JUDGE_PHDR_HEADER)) ||
           span_starts_nocase(field, SPAN(JUDGE_PEER_HEADER)) ||
           span_starts_nocase(field, SPAN(JUDGE_UNSCANNABLE_HEADER));
}

uint32_t judge_result_rule(const struct scan_rule_info *rule)
{
    return (uint32_t)rule->feature;
}

/* The first line is short, as the name of the field stands before it. */
static void put_digit(struct buf *out, unsigned digit, size_t *column)
{
    if (++*column > LINE_CHARACTERS) {
        buf_append_span(out, SPAN("\r\n "));
        *column = 1;
    }
    buf_append_char(out, digits[digit & 63]);
}

static void put_base64url(struct buf *out, struct span bytes)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t column = LINE_CHARACTERS / 2;
    for (size_t i = 0; i < bytes.n; i++) {
        bits = bits << 8 | (unsigned char)bytes.p[i];
        for (held += 8; held >= 6; held -= 6)
            put_digit(out, bits >> (held - 6), &column);
    }
    if (held)
        put_digit(out, bits << (6 - held), &column);
}

static bool get_base64url(struct span text, struct buf *bytes)
{
    uint32_t bits = 0;
    unsigned held = 0;
    for (size_t i = 0; i < text.n; i++) {
        const char *digit = text.p[i] ? strchr(digits, text.p[i]) : NULL;
        if (!digit && strchr(" \t\r\n", text.p[i]) && text.p[i])
            continue;
        if (!digit)
            return false;
        bits = bits << 6 | (uint32_t)(digit - digits);
        if ((held += 6) >= 8)
            buf_append_char(bytes, (char)(bits >> (held -= 8)));
    }
    return true;
}

static uint16_t check_of(struct span bytes)
{
    return (uint16_t)scan_hash_bytes(0, bytes);
}

/* Rules and check behind the fixed bytes, and all of it in letters. */
static void finish(struct buf *out, struct buf *bytes, const uint32_t *rules, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        wire_put_u32(bytes, rules[i]);
    wire_put_u16(bytes, check_of(buf_span(bytes)));
    put_base64url(out, buf_span(bytes));
    buf_free(bytes);
}

void judge_result_value_put(struct buf *out, const struct judge_result_value *value)
{
    struct buf bytes = {0};
    wire_put_u8(&bytes, FORMAT);
    wire_put_u32(&bytes, value->model);
    wire_put_u8(&bytes, value->features);
    wire_put_u8(&bytes, value->score);
    wire_put_u8(&bytes, value->verdict);
    wire_put_u8(&bytes, (uint8_t)(value->partial | value->test_mark << 1));
    finish(out, &bytes, value->rules, value->rule_count);
}

void judge_phdr_value_put(struct buf *out, const struct judge_phdr_value *value)
{
    struct buf bytes = {0};
    wire_put_u8(&bytes, PHDR_FORMAT);
    wire_put_u8(&bytes, value->graymail);
    wire_put_u16(&bytes, (uint16_t)value->points);
    finish(out, &bytes, value->rules, value->rule_count);
}

/* How many rules a value of these bytes has; -1 when it cannot be one. */
static int count_rules(struct span bytes, size_t fixed)
{
    size_t rules = bytes.n - fixed - CHECK_BYTES;
    bool good = bytes.n >= fixed + CHECK_BYTES && rules % RULE_BYTES == 0 &&
                rules <= JUDGE_RESULT_RULES_MAX * RULE_BYTES;
    return good ? (int)(rules / RULE_BYTES) : -1;
}

static bool get_rules(struct wire_reader *in, struct span bytes, uint32_t *rules, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        rules[i] = wire_get_u32(in);
    return wire_get_u16(in) == check_of(span_slice(bytes, 0, bytes.n - CHECK_BYTES));
}

static bool read_value(struct span bytes, struct judge_result_value *value)
{
    int rules = count_rules(bytes, FIXED_BYTES);
    if (rules < 0)
        return false;
    struct wire_reader in = wire_reader_of(bytes);
    uint8_t format = wire_get_u8(&in);
    *value = (struct judge_result_value){.model = wire_get_u32(&in), .rule_count = (uint32_t)rules};
    value->features = wire_get_u8(&in);
    value->score = wire_get_u8(&in);
    value->verdict = wire_get_u8(&in);
    uint8_t flags = wire_get_u8(&in);
    value->partial = flags & 1;
    value->test_mark = flags & 2;
    return get_rules(&in, bytes, value->rules, value->rule_count) && format == FORMAT;
}

static bool read_phdr(struct span bytes, struct judge_phdr_value *value)
{
    int rules = count_rules(bytes, PHDR_FIXED_BYTES);
    if (rules < 0)
        return false;
    struct wire_reader in = wire_reader_of(bytes);
    uint8_t format = wire_get_u8(&in);
    *value = (struct judge_phdr_value){.graymail = wire_get_u8(&in), .rule_count = (uint32_t)rules};
    value->points = (int16_t)wire_get_u16(&in);
    return get_rules(&in, bytes, value->rules, value->rule_count) && format == PHDR_FORMAT;
}

bool judge_result_value_get(struct span text, struct judge_result_value *value)
{
    struct buf bytes = {0};
    bool good = get_base64url(text, &bytes) && read_value(buf_span(&bytes), value);
    buf_free(&bytes);
    return good;
}

bool judge_phdr_value_get(struct span text, struct judge_phdr_value *value)
{
    struct buf bytes = {0};
    bool good = get_base64url(text, &bytes) && read_phdr(buf_span(&bytes), value);
    buf_free(&bytes);
    return good;
}
