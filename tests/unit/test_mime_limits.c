/* Hostile mail: every limit holds, is told, and the first text is still found.
 *
 * What is asserted are counts and bytes, never seconds; tests/perf measures.
 */
#include "tests/unit/view_fixture.h"

#define MARKER "a marker of spam"

static const char plain_header[] = "Subject: x\r\n";

static bool never(void *calls)
{
    ++*(size_t *)calls;
    return false;
}

/* The view of what was put together: with the marker in its text, in little memory, and no byte looked at by more
 * than a few steps, which the askings of the budget count. */
static struct mime_view expect_found(uint32_t flags)
{
    size_t calls = 0;
    struct mime_budget budget = {never, &calls};
    struct mime_view view;
    mime_view_build(buf_span(&mail), 0, &mime_default_limits, &budget, arena, &view);
    assert_true(holds(view.text, MARKER));
    assert_int_equal(view.flags & flags, flags);
    assert_true(arena_used(arena) <= 8 * MIB);
    assert_true(calls <= 3 * (mail.len / (16 * 1024) + 1));
    return view;
}

static void put_nested(size_t depth)
{
    put(plain_header);
    for (size_t i = 0; i < depth; i++)
        buf_printf(&mail, "Content-Type: multipart/mixed; boundary=b%zu\r\n\r\n--b%zu\r\n", i, i);
}

static void depth_is_limited_and_text_deeper_inside_still_found(void **state)
{
    (void)state;
    put_nested(100000);
    put("\r\n" MARKER "\r\n");
    struct mime_view view = expect_found(MIME_LIMIT_DEPTH | MIME_LIMIT_PARTS);
    assert_int_equal(view.depth, 64);
    assert_int_equal(view.parts, 10000);
}

static void depth_64_is_no_limit_hit_and_65_is(void **state)
{
    (void)state;
    put_nested(64);
    put("\r\n" MARKER);
    assert_false(expect_found(0).flags & MIME_LIMIT_DEPTH);
    buf_clear(&mail);
    put_nested(65);
    put("\r\n" MARKER);
    expect_found(MIME_LIMIT_DEPTH);
}

static void embedded_messages_count_as_nesting(void **state)
{
    (void)state;
    put_times("Content-Type: message/rfc822\r\n\r\n", 100000);
    put("Subject: x\r\n\r\n" MARKER);
    assert_int_equal(expect_found(MIME_LIMIT_DEPTH).depth, 64);
}

static void headers_that_never_end_are_read_in_linear_time(void **state)
{
    (void)state;
    put(MARKER "\r\n");
    for (size_t i = 0; i < 100000; i++)
        buf_printf(&mail, "Content-Type: multipart/mixed; boundary=b%zu\r\n--b%zu\r\n", i, i);
    struct mime_view view = view_of_mail();
    assert_true(view.flags & MIME_BROKEN_STRUCTURE);
    assert_int_equal(view.parts, 1);
    buf_clear(&mail);
    put("Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\n" MARKER "\r\n");
    put_times("--a\r\nodd\r\nContent-Type: message/rfc822\r\n", 100000);
    expect_found(MIME_LIMIT_PARTS | MIME_BROKEN_STRUCTURE);
}

static void messages_in_a_digest_beyond_the_depth_limit_come_to_an_end(void **state)
{
    (void)state;
    put_nested(64);
    put("Content-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n--d\r\n\r\nA: b\r\n\r\n" MARKER "\r\n");
    expect_found(MIME_LIMIT_DEPTH);
}

static void parts_are_limited_and_the_walk_then_ends(void **state)
{
    (void)state;
    put("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" MARKER "\r\n");
    put_times("--b\r\n\r\n\r\n", 1000000);
    put("--b\r\n\r\nnever seen\r\n");
    struct mime_view view = expect_found(MIME_LIMIT_PARTS);
    assert_int_equal(view.parts, 10000);
    assert_false(holds(view.text, "never seen"));
}

static void the_first_text_is_found_behind_a_million_empty_parts(void **state)
{
    (void)state;
    put("Content-Type: multipart/mixed; boundary=b\r\n\r\n");
    put_times("--b\r\n\r\n\r\n", 1000000);
    put("--b\r\n\r\n" MARKER "\r\n--b\r\n\r\nnever seen");
    struct mime_view view = expect_found(MIME_LIMIT_PARTS);
    assert_false(holds(view.text, "never seen"));
}

static void at_most_64_attachments_are_kept(void **state)
{
    (void)state;
    put("Content-Type: multipart/mixed; boundary=b\r\n\r\n");
    put_times("--b\r\nContent-Type: a/b\r\n\r\n1\r\n", 100);
    put("--b\r\n\r\n" MARKER);
    struct mime_view view = expect_found(0);
    assert_int_equal(view.attachment_count, 64);
    assert_int_equal(view.attachment_bytes, 100);
}

static void headers_are_limited_and_the_body_still_found(void **state)
{
    (void)state;
    put_times("X-Y: z\r\n", 100000);
    put("Content-Transfer-Encoding: quoted-printable\r\n\r\n=61 marker of spam");
    assert_int_equal(expect_found(MIME_LIMIT_HEADERS).header_count, 10000);
}

static void the_header_block_is_limited_to_one_mebibyte(void **state)
{
    (void)state;
    put("Subject: ");
    put_times("q", 2 * MIB);
    put("\r\nLate: x\r\n\r\n" MARKER);
    struct mime_view view = expect_found(MIME_LIMIT_HEADERS);
    assert_int_equal(view.header_count, 1);
    assert_int_equal(view.headers[0].value.n, MIB - strlen("Subject:"));
}

static void fifty_thousand_encoded_words_are_decoded_within_the_limit(void **state)
{
    (void)state;
    put("Subject: ");
    put_times("=?utf-8?B?"
              "YWJj"
              "?=\r\n ",
              50000);
    put("\r\n\r\n" MARKER);
    struct mime_view view = expect_found(0);
    assert_int_equal(mime_view_header(&view, "subject")->decoded.n, 150000);
}

static void endless_beginnings_of_encoded_words_stay_text(void **state)
{
    (void)state;
    put("Subject: ");
    put_times("=?a?q?", 100000);
    put("\r\n\r\n" MARKER);
    struct mime_view view = expect_found(0);
    assert_int_equal(mime_view_header(&view, "subject")->decoded.n, 600000);
}

static void a_hundred_thousand_addresses_are_one_header(void **state)
{
    (void)state;
    put("To: ");
    put_times("a@example.org,\r\n ", 60000);
    put("b@example.org\r\n\r\n" MARKER);
    struct mime_view view = expect_found(0);
    assert_int_equal(mime_view_header(&view, "to")->decoded.n, 60000 * 15 + 13);
}

static void a_hundred_thousand_parameters_are_passed_over(void **state)
{
    (void)state;
    put("Content-Type: text/plain");
    put_times("; a=b", 100000);
    put("; charset=utf-8\r\n\r\n" MARKER);
    expect_found(0);
}

static void of_a_hundred_thousand_parameter_sections_64_are_joined(void **state)
{
    (void)state;
    put("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: a/b");
    for (size_t i = 0; i < 100000; i++)
        buf_printf(&mail, "; name*%zu=a", i);
    put("\r\n\r\n--b\r\n\r\n" MARKER);
    assert_int_equal(expect_found(0).attachments[0].name.n, 64);
}

static void text_is_limited_at_the_end_of_a_character(void **state)
{
    (void)state;
    struct mime_limits limits = mime_default_limits;
    limits.text_bytes = 8;
    struct mime_view view = view_with(SPAN("\r\n1234567\xe2\x82\xac more"), &limits);
    expect_span(view.text, "1234567");
    assert_true(view.flags & MIME_LIMIT_TEXT);
    view = view_with(SPAN("\r\n12345678"), &limits);
    expect_span(view.text, "12345678");
    assert_false(view.flags & MIME_LIMIT_TEXT);
}

static void a_line_of_ten_megabytes_fills_the_text(void **state)
{
    (void)state;
    put("\r\n" MARKER);
    put_times("0123456789", 1000000);
    assert_int_equal(expect_found(MIME_LIMIT_TEXT).text.n, 65536);
}

static void hidden_text_is_limited_to_four_kibibytes(void **state)
{
    (void)state;
    put("Content-Type: text/html\r\n\r\n" MARKER "<p hidden>");
    put_times("0123456789", 1000);
    assert_int_equal(expect_found(0).hidden.n, 4096);
}

static void urls_are_limited_and_links_still_counted(void **state)
{
    (void)state;
    put("Content-Type: text/html\r\n\r\n" MARKER);
    put_times("<a href=http://a.example>www.b.example</a>", 1000);
    struct mime_view view = expect_found(MIME_LIMIT_URLS);
    assert_int_equal(view.url_count, 256);
    assert_int_equal(view.links, 1000);
    assert_int_equal(view.mismatched_links, 1000);
}

static void nested_elements_cost_no_memory(void **state)
{
    (void)state;
    put("Content-Type: text/html\r\n\r\n" MARKER);
    size_t before = arena_used(arena);
    put_times("<div style='color:red'>", 100000);
    expect_found(0);
    assert_true(arena_used(arena) - before < 128 * 1024);
}

static void a_million_attributes_and_references_cost_no_memory(void **state)
{
    (void)state;
    put("Content-Type: text/html\r\n\r\n" MARKER "<a ");
    put_times("a=b style=c ", 500000);
    put(">");
    put_times("&eacute;", 1000000);
    expect_found(MIME_LIMIT_TEXT);
    assert_true(arena_used(arena) < 128 * 1024);
}

static void long_attribute_values_are_cut(void **state)
{
    (void)state;
    put("Content-Type: text/html\r\n\r\n" MARKER "<a href='http://a.example/");
    put_times("\xc3\xa9", 100000);
    put("'>x</a>");
    struct mime_view view = expect_found(0);
    assert_int_equal(view.urls[0].target.n, 2047); /* 17 and a whole number of characters */
}

static bool at_third(void *calls)
{
    return ++*(size_t *)calls == 3;
}

static void the_budget_is_asked_every_16_kib_wherever_the_bytes_are(void **state)
{
    (void)state;
    static const char *const begins[] = {"\r\n",
                                         "Content-Type: text/html\r\n\r\n",
                                         "Content-Type: text/html\r\n\r\n<!--",
                                         "Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n",
                                         "X: y\r\n",
                                         "Content-Type: multipart/mixed; boundary=b\r\n\r\n"};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        size_t calls = 0;
        struct mime_budget budget = {never, &calls};
        struct mime_view view;
        buf_clear(&mail);
        put(begins[i]);
        put_times("A: b\r\n", 100000);
        mime_view_build(buf_span(&mail), 0, &mime_default_limits, &budget, arena, &view);
        assert_in_range(calls, mail.len / (24 * 1024), mail.len / (4 * 1024));
    }
}

static void an_expired_budget_ends_the_pass_and_keeps_what_was_found(void **state)
{
    (void)state;
    size_t calls = 0;
    struct mime_budget budget = {at_third, &calls};
    struct mime_view view;
    put("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" MARKER "\r\n--b\r\n\r\n");
    put_times("more text\r\n", 100000);
    mime_view_build(buf_span(&mail), 0, &mime_default_limits, &budget, arena, &view);
    assert_true(view.flags & MIME_LIMIT_BUDGET);
    assert_true(holds(view.text, MARKER));
    assert_int_equal(calls, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        VIEW_TEST(depth_is_limited_and_text_deeper_inside_still_found),
        VIEW_TEST(depth_64_is_no_limit_hit_and_65_is),
        VIEW_TEST(embedded_messages_count_as_nesting),
        VIEW_TEST(headers_that_never_end_are_read_in_linear_time),
        VIEW_TEST(messages_in_a_digest_beyond_the_depth_limit_come_to_an_end),
        VIEW_TEST(parts_are_limited_and_the_walk_then_ends),
        VIEW_TEST(the_first_text_is_found_behind_a_million_empty_parts),
        VIEW_TEST(at_most_64_attachments_are_kept),
        VIEW_TEST(headers_are_limited_and_the_body_still_found),
        VIEW_TEST(the_header_block_is_limited_to_one_mebibyte),
        VIEW_TEST(fifty_thousand_encoded_words_are_decoded_within_the_limit),
        VIEW_TEST(endless_beginnings_of_encoded_words_stay_text),
        VIEW_TEST(a_hundred_thousand_addresses_are_one_header),
        VIEW_TEST(a_hundred_thousand_parameters_are_passed_over),
        VIEW_TEST(of_a_hundred_thousand_parameter_sections_64_are_joined),
        VIEW_TEST(text_is_limited_at_the_end_of_a_character),
        VIEW_TEST(a_line_of_ten_megabytes_fills_the_text),
        VIEW_TEST(hidden_text_is_limited_to_four_kibibytes),
        VIEW_TEST(urls_are_limited_and_links_still_counted),
        VIEW_TEST(nested_elements_cost_no_memory),
        VIEW_TEST(a_million_attributes_and_references_cost_no_memory),
        VIEW_TEST(long_attribute_values_are_cut),
        VIEW_TEST(the_budget_is_asked_every_16_kib_wherever_the_bytes_are),
        VIEW_TEST(an_expired_budget_ends_the_pass_and_keeps_what_was_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
