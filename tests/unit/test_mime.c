/* The structure of messages: header, parts, transfer encodings, attachments, and how damage is borne. */
#include "tests/unit/view_fixture.h"

static void headers_are_kept_in_order_with_raw_and_decoded_value(void **state)
{
    (void)state;
    struct mime_view view = VIEW("Received: one\r\n\tand more\r\nSubject : Hello \r\n\r\nbody\r\n");
    assert_int_equal(view.header_count, 2);
    expect_span(view.headers[0].name, "Received");
    expect_span(view.headers[0].value, " one\r\n\tand more");
    expect_span(view.headers[0].decoded, "one\tand more");
    expect_header(&view, "SUBJECT", "Hello");
    assert_null(mime_view_header(&view, "To"));
    expect_span(view.text, "body\n");
    assert_int_equal(view.flags, 0);
    assert_int_equal(view.parts, 1);
}

static void line_ends_may_be_lf_only(void **state)
{
    (void)state;
    struct mime_view view = VIEW("A: b\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\none\n--x--\n");
    assert_int_equal(view.header_count, 2);
    expect_span(view.text, "one");
}

static void the_trace_header_is_skipped_but_offsets_count_from_the_start(void **state)
{
    (void)state;
    struct span message = SPAN("Trace: x\r\nSubject: s\r\n\r\nbody");
    struct mime_view view;
    mime_view_build(message, 10, &mime_default_limits, NULL, arena, &view);
    assert_int_equal(view.header_count, 1);
    assert_ptr_equal(view.headers[0].name.p, message.p + 10);
    assert_int_equal(view.body_offset, 24);
    mime_view_build(message, 1000, &mime_default_limits, NULL, arena, &view);
    assert_int_equal(view.body_offset, message.n);
}

static void an_empty_message_gives_an_empty_view(void **state)
{
    (void)state;
    struct mime_view view = VIEW("");
    assert_int_equal(view.header_count + view.text.n + view.flags + view.body_offset, 0);
    view = view_of((struct span){0});
    assert_int_equal(view.parts, 1);
}

static void a_header_without_a_body_ends_at_its_end(void **state)
{
    (void)state;
    struct mime_view view = VIEW("Subject: only\r\n");
    assert_int_equal(view.body_offset, 15);
    assert_int_equal(view.text.n, 0);
    assert_int_equal(view.flags, 0);
}

static void a_line_without_colon_is_skipped_and_told(void **state)
{
    (void)state;
    struct mime_view view = VIEW("A: 1\r\nno colon here\r\nB: 2\r\n\r\nbody");
    assert_int_equal(view.header_count, 2);
    assert_true(view.flags & MIME_BROKEN_STRUCTURE);
    expect_span(view.text, "body");
    view = VIEW("A: 1\r\nno colon here\r\n\r\n");
    assert_int_equal(view.body_offset, 23);
}

static void text_without_any_header_is_the_body(void **state)
{
    (void)state;
    struct mime_view view = VIEW("just some words\r\nand more\r\n");
    expect_span(view.text, "just some words\nand more\n");
    assert_true(view.flags & MIME_BROKEN_STRUCTURE);
    view = VIEW("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nno empty line before\r\n--x--\r\n");
    expect_span(view.text, "no empty line before");
}

static void parts_of_a_multipart_are_read_one_after_another(void **state)
{
    (void)state;
    struct mime_view view =
        VIEW("Content-Type: multipart/alternative; boundary=\"a b\"\r\n\r\n"
             "preamble\r\n--a b\r\n\r\nplain\r\n"
             "--a b  \r\nContent-Type: text/html\r\n\r\n<p>rich</p>\r\n--a b--\r\nepilogue");
    expect_span(view.text, "plain\nrich");
    assert_int_equal(view.parts, 3);
    assert_int_equal(view.depth, 1);
    assert_int_equal(view.plain_parts, 1);
    assert_int_equal(view.html_parts, 1);
    assert_int_equal(view.plain_bytes, 5);
    assert_int_equal(view.html_bytes, 11);
    assert_int_equal(view.flags, 0);
}

static void an_outer_boundary_ends_inner_parts_that_were_never_closed(void **state)
{
    (void)state;
    struct mime_view view = VIEW("Content-Type: multipart/mixed; boundary=out\r\n\r\n"
                                 "--out\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n"
                                 "--in\r\n\r\none\r\n--out\r\n\r\ntwo\r\n--in\r\nthree\r\n--out--\r\n");
    expect_span(view.text, "one\ntwo\n--in\nthree");
    assert_int_equal(view.depth, 2);
}

static void a_missing_last_boundary_is_borne_and_told(void **state)
{
    (void)state;
    struct mime_view view = VIEW("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nall there");
    expect_span(view.text, "all there");
    assert_true(view.flags & MIME_BROKEN_STRUCTURE);
}

static void a_multipart_without_its_boundary_is_read_as_text(void **state)
{
    (void)state;
    struct mime_view view = VIEW("Content-Type: multipart/mixed; boundary=x\r\n\r\nbuy now");
    expect_span(view.text, "buy now");
    assert_true(view.flags & MIME_BROKEN_STRUCTURE);
    view = VIEW("Content-Type: multipart/mixed; boundary=out\r\n\r\n--out\r\n"
                "Content-Type: multipart/mixed; boundary=in\r\n\r\nbuy now\r\n--out--\r\n");
    expect_span(view.text, "buy now");
    view = VIEW("Content-Type: multipart/mixed; boundary=x\r\n\r\nbuy now\r\n--x--\r\n");
    expect_span(view.text, "buy now");
    assert_true(view.flags & MIME_BROKEN_STRUCTURE);
    view = VIEW("Content-Type: multipart/mixed\r\n\r\nbuy now");
    expect_span(view.text, "buy now");
    assert_true(view.flags & MIME_BROKEN_STRUCTURE);
}

static void an_embedded_message_is_walked_into(void **state)
{
    (void)state;
    struct mime_view view =
        VIEW("Content-Type: multipart/digest; boundary=x\r\n\r\n--x\r\n\r\n"
             "Subject: inner\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--x--");
    expect_span(view.text, "hello");
    assert_int_equal(view.header_count, 1);
    assert_int_equal(view.depth, 2);
    assert_null(mime_view_header(&view, "Subject"));
}

static void base64_and_quoted_printable_are_decoded(void **state)
{
    (void)state;
    struct mime_view view = VIEW("Content-Transfer-Encoding: BASE64\r\n\r\nVGhpcyBp\r\ncyBpdA==\r\n");
    expect_span(view.text, "This is it");
    assert_int_equal(view.plain_bytes, 10);
    view = VIEW("Content-Transfer-Encoding: quoted-printable\r\n\r\na=3Db =  \r\nc=C3=A9");
    expect_span(view.text, "a=b c\xc3\xa9");
    assert_int_equal(view.flags, 0);
}

static void every_base64_digit_has_its_value(void **state)
{
    (void)state;
    struct mime_view view =
        VIEW("Content-Type: text/plain; charset=iso-8859-1\r\n"
             "Content-Transfer-Encoding: base64\r\n\r\n"
             "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj9AQUJDREVGR0hJSktMTU5PUFFSU1RVVldY"
             "WVpbXF1eX2BhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ent8fX77/w==");
    char want[128];
    for (int i = 0; i < 95; i++)
        want[i] = (char)(' ' + i);
    memcpy(want + 95, "\xc3\xbb\xc3\xbf", 5);
    expect_span(view.text, want);
}

static void broken_encodings_are_decoded_as_far_as_they_go(void **state)
{
    (void)state;
    struct mime_view view = VIEW("Content-Transfer-Encoding: base64\r\n\r\naGV!sbG8gd29ybGQ");
    expect_span(view.text, "hello world");
    assert_true(view.flags & MIME_BROKEN_ENCODING);
    view = VIEW("Content-Transfer-Encoding: quoted-printable\r\n\r\n100=% off =4Z =E");
    expect_span(view.text, "100=% off =4Z ");
    assert_true(view.flags & MIME_BROKEN_ENCODING);
    view = VIEW("Content-Transfer-Encoding: x-uuencode-or-so\r\n\r\nas it is");
    expect_span(view.text, "as it is");
}

static void nul_bytes_are_left_out_and_told(void **state)
{
    (void)state;
    struct mime_view view = VIEW("Subject: a\0b\r\n\r\nvia\0gra\0");
    expect_span(view.text, "viagra");
    expect_header(&view, "subject", "ab");
    assert_true(view.flags & MIME_NUL_BYTES);
}

static void attachments_have_name_type_and_decoded_size(void **state)
{
    (void)state;
    struct mime_view view = VIEW("Content-Type: multipart/mixed; boundary=x\r\n\r\n"
                                 "--x\r\nContent-Type: Application/PDF; name=\"a.pdf\"\r\n"
                                 "Content-Transfer-Encoding: base64\r\n\r\nQUJDRA==\r\n"
                                 "--x\r\nContent-Type: image/png\r\n\r\n12\r\n"
                                 "--x\r\nContent-Type: text/html\r\nContent-Disposition: attachment;\r\n"
                                 " filename=\"log in.html\"\r\n\r\n<b>open me</b>\r\n--x--\r\n");
    assert_int_equal(view.attachment_count, 3);
    expect_span(view.attachments[0].type, "application/pdf");
    expect_span(view.attachments[0].name, "a.pdf");
    expect_span(view.attachments[1].name, "");
    expect_span(view.attachments[2].name, "log in.html");
    assert_int_equal(view.attachment_bytes, 6);
    expect_span(view.text, "open me");
}

static void a_part_may_end_within_its_header(void **state)
{
    (void)state;
    struct mime_view view = VIEW("Content-Type: multipart/mixed; boundary=x\r\n\r\n"
                                 "--x\r\nContent-Type: text/html\r\n--x\r\n\r\nseen\r\n--x--\r\n");
    expect_span(view.text, "seen");
    assert_int_equal(view.parts, 3);
}

static void the_first_useful_content_type_counts(void **state)
{
    (void)state;
    struct mime_view view = VIEW("Content-Type: text/html\r\nContent-Type: text/plain\r\n\r\n<b>x</b>");
    expect_span(view.text, "x");
    view = VIEW("Content-Type: multipart/mixed;\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
                "--b\r\nContent-Transfer-Encoding: base64\r\n\r\nYnV5\r\n--b--\r\n");
    expect_span(view.text, "buy"); /* without a boundary a multipart is of no use */
}

static void an_invalid_content_type_counts_as_plain_text(void **state)
{
    (void)state;
    struct mime_view view = VIEW("Content-Type: nonsense\r\n\r\nread me");
    expect_span(view.text, "read me");
    assert_int_equal(view.plain_parts, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        VIEW_TEST(headers_are_kept_in_order_with_raw_and_decoded_value),
        VIEW_TEST(line_ends_may_be_lf_only),
        VIEW_TEST(the_trace_header_is_skipped_but_offsets_count_from_the_start),
        VIEW_TEST(an_empty_message_gives_an_empty_view),
        VIEW_TEST(a_header_without_a_body_ends_at_its_end),
        VIEW_TEST(a_line_without_colon_is_skipped_and_told),
        VIEW_TEST(text_without_any_header_is_the_body),
        VIEW_TEST(parts_of_a_multipart_are_read_one_after_another),
        VIEW_TEST(an_outer_boundary_ends_inner_parts_that_were_never_closed),
        VIEW_TEST(a_missing_last_boundary_is_borne_and_told),
        VIEW_TEST(a_multipart_without_its_boundary_is_read_as_text),
        VIEW_TEST(an_embedded_message_is_walked_into),
        VIEW_TEST(base64_and_quoted_printable_are_decoded),
        VIEW_TEST(every_base64_digit_has_its_value),
        VIEW_TEST(broken_encodings_are_decoded_as_far_as_they_go),
        VIEW_TEST(nul_bytes_are_left_out_and_told),
        VIEW_TEST(attachments_have_name_type_and_decoded_size),
        VIEW_TEST(a_part_may_end_within_its_header),
        VIEW_TEST(the_first_useful_content_type_counts),
        VIEW_TEST(an_invalid_content_type_counts_as_plain_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
