/* What name servers say, byte by byte, and the order of addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/smtp/destination.h"
#include "daemon/smtp/dns_answer.h"
#include "engine/base/xalloc.h"
#include "tests/unit/dns_server.h"

static struct buf answer_of(const struct dns_row *rows, const char *name, enum dns_type type)
{
    struct dns_server server = {.rows = rows};
    struct buf question = {0}, packet = {0};
    dns_server_ask(name, (uint16_t)type, &question);
    dns_server_answer(&server, buf_span(&question), false, &packet);
    buf_free(&question);
    return packet;
}

static const struct dns_row mail_rows[] = {{"a.example", "20 two.example", 300, 0},
                                           {"a.example", "10 one.example", 200, 0},
                                           {"a.example", "10 other.example", 400, 0},
                                           {0}};

static void exchanges_are_read_by_preference_with_the_shortest_time(void **state)
{
    (void)state;
    struct dns_answer a;
    struct buf packet = answer_of(mail_rows, "a.example", DNS_MX);
    dns_answer_parse(buf_span(&packet), DNS_MX, &a);
    assert_int_equal(a.status, DNS_FOUND);
    assert_int_equal(a.count, 3);
    assert_int_equal(a.ttl, 200);
    assert_string_equal(a.records[0].name, "one.example");
    assert_string_equal(a.records[1].name, "other.example");
    assert_string_equal(a.records[2].name, "two.example");
    dns_answer_parse(buf_span(&packet), DNS_A, &a);
    assert_int_equal(a.status, DNS_NO_RECORDS);
    buf_free(&packet);
}

static void a_time_to_live_above_31_bits_is_none(void **state)
{
    (void)state;
    static const struct dns_row rows[] = {{"a.example", "192.0.2.1", 0x80000000, 0}, {0}};
    struct dns_answer a;
    struct buf packet = answer_of(rows, "a.example", DNS_A);
    dns_answer_parse(buf_span(&packet), DNS_A, &a);
    assert_int_equal(a.count, 1);
    assert_int_equal(a.ttl, 0);
    buf_free(&packet);
}

/* In memory of exactly its size, so that reading past the end is seen. */
static void parse_copy(struct span packet, struct dns_answer *a)
{
    char *copy = malloc(packet.n ? packet.n : 1);
    assert_non_null(copy);
    memcpy(copy, packet.p, packet.n);
    dns_answer_parse(span_of(copy, packet.n), DNS_MX, a);
    free(copy);
}

static void a_packet_that_is_cut_anywhere_says_nothing(void **state)
{
    (void)state;
    struct dns_answer a;
    struct buf packet = answer_of(mail_rows, "a.example", DNS_MX);
    for (size_t n = 0; n < packet.len; n++) {
        parse_copy(span_of(packet.data, n), &a);
        assert_int_equal(a.status, DNS_FAILED);
        assert_int_equal(a.count, 0);
    }
    buf_free(&packet);
}

static void a_packet_with_a_wrong_byte_anywhere_does_no_harm(void **state)
{
    (void)state;
    struct dns_answer a;
    struct buf packet = answer_of(mail_rows, "a.example", DNS_MX);
    for (size_t i = 0; i < packet.len; i++) {
        for (int byte = 0; byte < 256; byte++) {
            char was = packet.data[i];
            packet.data[i] = (char)byte;
            parse_copy(buf_span(&packet), &a);
            assert_true(a.count <= DNS_RECORDS_MAX);
            packet.data[i] = was;
        }
    }
    buf_free(&packet);
}

/* Exchanges whose name is a pointer to itself: a loop. */
static void names_that_never_end_say_nothing(void **state)
{
    (void)state;
    struct dns_answer a;
    struct buf packet = answer_of(mail_rows, "a.example", DNS_MX);
    size_t at = span_find_span(buf_span(&packet), SPAN("\003two"));
    packet.data[at] = (char)0xc0;
    packet.data[at + 1] = (char)at;
    parse_copy(buf_span(&packet), &a);
    assert_int_equal(a.status, DNS_FAILED);
    buf_free(&packet);
}

static void a_dot_inside_a_label_is_not_one_between_labels(void **state)
{
    (void)state;
    struct dns_answer a;
    struct buf packet = answer_of(mail_rows, "a.example", DNS_MX);
    for (size_t i = 0; i + 3 < packet.len; i++)
        if (memcmp(packet.data + i, "one", 3) == 0)
            packet.data[i + 1] = '.';
    dns_answer_parse(buf_span(&packet), DNS_MX, &a);
    assert_string_equal(a.records[0].name, "o?e.example");
    buf_free(&packet);
}

static void add(struct destination *d, uint16_t preference, const char *text)
{
    unsigned char bytes[16];
    int family = strchr(text, ':') ? AF_INET6 : AF_INET;
    assert_int_equal(inet_pton(family, text, bytes), 1);
    destination_add(d, preference, family, bytes);
}

static void an_address_is_kept_once_at_its_best_preference(void **state)
{
    (void)state;
    struct destination d = {0};
    add(&d, 20, "192.0.2.1");
    add(&d, 10, "192.0.2.1");
    add(&d, 30, "192.0.2.1");
    assert_int_equal(d.count, 1);
    assert_int_equal(destination_preference(&d, 0), 10);
}

static void addresses_that_no_host_can_have_are_left_out(void **state)
{
    (void)state;
    struct destination d = {0};
    const char *const wrong[] = {"0.0.0.0", "224.0.0.1", "255.255.255.255",
                                 "::",      "ff02::1",   "::ffff:192.0.2.1"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        add(&d, 10, wrong[i]);
    assert_int_equal(d.count, 0);
}

static void equal_sets_are_equal_whatever_the_order_of_the_answer(void **state)
{
    (void)state;
    struct destination a = {0}, b = {0};
    add(&a, 10, "192.0.2.1"), add(&a, 10, "192.0.2.2");
    add(&b, 10, "192.0.2.2"), add(&b, 10, "192.0.2.1");
    assert_true(destination_equal(&a, &b));
    add(&b, 10, "192.0.2.3");
    assert_false(destination_equal(&a, &b));
}

static void each_address_is_tried_once_and_better_ones_first(void **state)
{
    (void)state;
    struct destination d = {0};
    for (unsigned i = 0; i < DESTINATION_MAX + 10; i++) {
        char text[16];
        snprintf(text, sizeof text, "192.0.2.%u", i + 1);
        add(&d, (uint16_t)(10 * (1 + i % 4)), text);
    }
    assert_int_equal(d.count, DESTINATION_MAX);
    uint64_t tried = 0;
    uint16_t last = 0;
    for (unsigned i = 0; i < DESTINATION_MAX; i++) {
        int index = destination_choose(&d, tried);
        assert_in_range(index, 0, DESTINATION_MAX - 1);
        assert_false(tried >> index & 1);
        assert_true(destination_preference(&d, index) >= last);
        last = destination_preference(&d, index);
        tried |= UINT64_C(1) << index;
    }
    assert_int_equal(destination_choose(&d, tried), -1);
}

static void equal_addresses_take_turns(void **state)
{
    (void)state;
    struct destination d = {0};
    unsigned chosen[4] = {0};
    add(&d, 10, "192.0.2.1"), add(&d, 10, "192.0.2.2"), add(&d, 10, "192.0.2.3"), add(&d, 20, "192.0.2.4");
    for (int i = 0; i < 3000; i++)
        chosen[destination_choose(&d, 0)]++;
    for (int i = 0; i < 3; i++)
        assert_in_range(chosen[i], 800, 1200);
    assert_int_equal(chosen[3], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exchanges_are_read_by_preference_with_the_shortest_time),
        cmocka_unit_test(a_time_to_live_above_31_bits_is_none),
        cmocka_unit_test(a_packet_that_is_cut_anywhere_says_nothing),
        cmocka_unit_test(a_packet_with_a_wrong_byte_anywhere_does_no_harm),
        cmocka_unit_test(names_that_never_end_say_nothing),
        cmocka_unit_test(a_dot_inside_a_label_is_not_one_between_labels),
        cmocka_unit_test(an_address_is_kept_once_at_its_best_preference),
        cmocka_unit_test(addresses_that_no_host_can_have_are_left_out),
        cmocka_unit_test(equal_sets_are_equal_whatever_the_order_of_the_answer),
        cmocka_unit_test(each_address_is_tried_once_and_better_ones_first),
        cmocka_unit_test(equal_addresses_take_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
