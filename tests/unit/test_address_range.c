/* Addresses of incoming relays, and the address of the sender in the headers that they bring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/smtp/address_range.h"
#include "engine/smtp/header_capture.h"

static struct smtp_address_range range_of(const char *text)
{
    struct smtp_address_range range;
    if (!smtp_address_range_parse(span_text(text), &range))
        fail_msg("'%s' is refused", text);
    return range;
}

static bool has(const char *text, const char *address)
{
    struct smtp_address_range range = range_of(text);
    struct in6_addr a;
    assert_true(smtp_ip_parse(span_text(address), &a));
    return smtp_address_range_has(&range, &a);
}

static void every_form_of_an_address_holds_what_it_says(void **state)
{
    (void)state;
    static const struct {
        const char *range, *inside[3], *outside[3];
    } rows[] = {
        {"10.2.3.1", {"10.2.3.1", "::ffff:10.2.3.1"}, {"10.2.3.2", "::10.2.3.1"}},
        {"10.2.3.1/8",
         {"10.0.0.0", "10.2.3.1", "10.255.255.255"},
         {"9.255.255.255", "11.0.0.0", "a02:301::"}},
        {"10.2.3.1-10", {"10.2.3.1", "10.2.3.10"}, {"10.2.3.0", "10.2.3.11", "10.2.4.5"}},
        {"10.2.3.1-10.2.4.1", {"10.2.3.1", "10.2.3.255", "10.2.4.1"}, {"10.2.4.2"}},
        {"2620:101:2004:4202::0-2620:101:2004:4202::ff",
         {"2620:101:2004:4202::", "2620:101:2004:4202::ff"},
         {"2620:101:2004:4202::100", "2620:101:2004:4201:ffff::"}},
        {"2620:101:2004:4202::", {"2620:101:2004:4202::"}, {"2620:101:2004:4202::1"}},
        {"2620:101:2004:4202::23", {"2620:101:2004:4202::23"}, {"2620:101:2004:4202::24"}},
        {"2620:101:2004:4202::/64",
         {"2620:101:2004:4202::", "2620:101:2004:4202:ffff:ffff:ffff:ffff"},
         {"2620:101:2004:4203::"}},
        {"0.0.0.0/0", {"0.0.0.0", "255.255.255.255"}, {"2001:db8::1"}},
        {"::/0", {"::", "ffff::1", "192.0.2.1"}, {NULL}},
        {"10.1.1.1/31", {"10.1.1.0", "10.1.1.1"}, {"10.1.1.2"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t j = 0; j < 3; j++) {
            if (rows[i].inside[j] && !has(rows[i].range, rows[i].inside[j]))
                fail_msg("%s lacks %s", rows[i].range, rows[i].inside[j]);
            if (rows[i].outside[j] && has(rows[i].range, rows[i].outside[j]))
                fail_msg("%s holds %s", rows[i].range, rows[i].outside[j]);
        }
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",           "10.2.3",       "10.2.3.1/33",     "10.2.3.1/",     "10.2.3.1-",    "10.2.3.9-1",
        "10.2.3.256", "10.2.3.1-256", "2001:db8::1/129", "::2-::1",       "10.2.3.1-::1", "relay.example.com",
        "/8",         "-10",          "10.2.3.1 ",       "2001:db8::1-5", "10.2.3.1/8-9", "10.2.3.1-5/8",
    };
    struct smtp_address_range range;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (smtp_address_range_parse(span_text(texts[i]), &range))
            fail_msg("'%s' is taken", texts[i]);
}

static void ranges_are_ordered_by_how_much_they_hold(void **state)
{
    (void)state;
    static const char *const texts[] = {"10.2.3.1",      "10.2.3.1-2",    "10.2.3.1-10",
                                        "10.0.0.0/24",   "2001:db8::/96", "10.0.0.255-10.0.1.0",
                                        "2001:db8::/32", "::/0"};
    static const unsigned order[] = {0, 1, 2, 3, 5, 1, 6, 7};
    for (size_t i = 0; i < 8; i++)
        for (size_t j = 0; j < 8; j++) {
            struct smtp_address_range a = range_of(texts[i]), b = range_of(texts[j]);
            int got = smtp_address_range_compare_size(&a, &b);
            int want = (order[i] > order[j]) - (order[i] < order[j]);
            if ((got > 0) - (got < 0) != want)
                fail_msg("%s and %s: %d", texts[i], texts[j], got);
        }
}

/* ---- the sender in a header ---- */

/* Mail that a machine outside gave to mx, which gave it to mta (10.2.3.5), which gives it to us.  The brackets of
 * the first header do not match. */
static const struct span sample = SPAN(
    "Received: from mx.example.com (mx.example.com) [10.2.3.4]) by mta.example.com\r\n"
    "\t(8.12.11/8.12.11) with ESMTP id a5ABcDe6008155 for <ann@example.com>;\r\n"
    "\tWed, 21 Sep 2005 13:46:07 -0700\r\n"
    "Received: from outside.example.net (outside.example.net [7.8.9.1])\r\n"
    "\tby mx.example.com (Postfix) with ESMTP id 4F3DA15AC22; Wed, 21 Sep 2005 13:45:00 -0700\r\n"
    "Received: from client.example.net ([192.0.2.77]) by outside.example.net; 21 Sep 2005 13:44:00 -0700\r\n"
    "SenderIP: 7.8.9.2\r\n"
    "Subject: hop\r\n"
    "SenderIP: 192.0.2.66\r\n"
    "\r\n"
    "Received: from [192.0.2.99]\r\n");

/* "" when there is none; captured whole, byte by byte and in all two pieces. */
static const char *sender(struct span message, const char *header, unsigned hop, const char *after)
{
    static char text[INET6_ADDRSTRLEN], first[INET6_ADDRSTRLEN];
    struct in6_addr address;
    for (size_t cut = 0; cut <= message.n; cut++) {
        struct smtp_header_capture c = {.wanted_name = span_text(header), .wanted_nth = hop};
        smtp_header_capture_feed(&c, span_slice(message, 0, cut));
        for (size_t i = cut; i < message.n; i += cut ? message.n : 1)
            smtp_header_capture_feed(&c, span_slice(message, i, cut ? message.n : 1));
        text[0] = '\0';
        if (c.wanted_found && smtp_ip_find(buf_span(&c.wanted), span_text(after), &address))
            smtp_ip_print(&address, text);
        smtp_header_capture_free(&c);
        if (cut == 0)
            memcpy(first, text, sizeof first);
        assert_string_equal(text, first);
    }
    return text;
}

static void the_sender_is_found_at_its_hop_behind_the_text(void **state)
{
    (void)state;
    assert_string_equal(sender(sample, "Received:", 2, "["), "7.8.9.1");
    assert_string_equal(sender(sample, "Received:", 2, ")"), ""); /* no address follows */
    assert_string_equal(sender(sample, "Received:", 1, "["), "10.2.3.4");
    assert_string_equal(sender(sample, "Received:", 1, ")"), "10.2.3.4"); /* the first one, not the last */
    assert_string_equal(sender(sample, "Received:", 3, "from"), "192.0.2.77");
    assert_string_equal(sender(sample, "Received:", 4, "["), ""); /* that one is in the body */
    assert_string_equal(sender(sample, "Received:", 2, "{"), "");
    assert_string_equal(sender(sample, "senderip:", 1, ""), "7.8.9.2"); /* the first of them */
    assert_string_equal(sender(sample, "X-CustomHeader:", 1, ""), "");
}

static const char *found(const char *text)
{
    static char shown[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (!smtp_ip_find(span_text(text), SPAN(""), &address))
        return "none";
    smtp_ip_print(&address, shown);
    return shown;
}

static void only_whole_words_are_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *address;
    } rows[] = {
        {"7.8.9.1", "7.8.9.1"},
        {"from x ([IPv6:2001:DB8:0::1]) by y", "2001:db8::1"},
        {"[ipv6:::ffff:7.8.9.1]", "7.8.9.1"},
        {"2001:db8::25.", "2001:db8::25"},
        {"mail from 7.8.9.1.", "7.8.9.1"},
        {"ip=7.8.9.1;port=25", "7.8.9.1"},
        {"7.8.9.1, 10.0.0.1", "7.8.9.1"},
        {"host 7.8.9.1.in-addr.example, 10.0.0.1", "10.0.0.1"},
        {"v1.7.8.9.1 10.0.0.2", "10.0.0.2"},
        {"7.8.9.1-2 10.0.0.3", "10.0.0.3"},
        {"7.8.9.256 10.0.0.4", "10.0.0.4"},
        {"at 13:46:07 10.0.0.5", "10.0.0.5"},
        {"a::b::c 0.0.0.0 :: 10.0.0.6", "10.0.0.6"},
        {"8.12.11 4F3DA15AC22 unknown", "none"},
        {"1.2.3.4.5", "none"},
        {"...:::---", "none"},
        {"", "none"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(found(rows[i].text), rows[i].address);
}

/* A sender may write what he likes, in front of the text as behind it. */
static void hostile_text_costs_nothing(void **state)
{
    (void)state;
    struct buf text = {0};
    struct in6_addr address;
    for (int i = 0; i < 100000; i++)
        buf_append_span(&text, i % 2 ? SPAN("1:") : SPAN(" \0[."));
    assert_false(smtp_ip_find(buf_span(&text), SPAN("["), &address));
    buf_append_span(&text, SPAN(" 7.8.9.1"));
    assert_true(smtp_ip_find(buf_span(&text), SPAN("["), &address));
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_an_address_holds_what_it_says),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(ranges_are_ordered_by_how_much_they_hold),
        cmocka_unit_test(the_sender_is_found_at_its_hop_behind_the_text),
        cmocka_unit_test(only_whole_words_are_addresses),
        cmocka_unit_test(hostile_text_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
