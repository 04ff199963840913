/* Header words, parameters and character sets. */
#include <sys/resource.h>

#include "tests/unit/view_fixture.h"

#include "engine/mime/charset_names.h"
#include "engine/mime/parameter.h"

static void encoded_words_are_decoded(void **state)
{
    (void)state;
    expect_subject("=?utf-8?Q?Gr=C3=BC=C3=9Fe_aus?= Berlin", "Gr\xc3\xbc\xc3\x9f"
                                                             "e aus Berlin");
    expect_subject("=?ISO-8859-1?b?5OT2?=", "\xc3\xa4\xc3\xa4\xc3\xb6");
    expect_subject("=?koi8-r?Q?=F0=D2?= =?windows-1251?Q?=E8=E2?=", "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2");
    expect_subject("=?us-ascii*en?Q?a=5Fb_c?=", "a_b c");
}

static void blanks_between_adjacent_words_go_and_others_stay(void **state)
{
    (void)state;
    expect_subject("=?utf-8?Q?a?= \r\n =?utf-8?Q?b?= c =?utf-8?Q?d?=", "ab c d");
}

static void a_character_cut_between_two_words_is_whole_again(void **state)
{
    (void)state;
    expect_subject("=?utf-8?B?4oI=?= =?utf-8?B?rA==?=", "\xe2\x82\xac");
    expect_subject("=?utf-8?B?4oI=?= then =?utf-8?B?rA==?=", "\xef\xbf\xbd\xef\xbf\xbd then \xef\xbf\xbd");
}

static void what_is_no_encoded_word_stays_as_it_is(void **state)
{
    (void)state;
    expect_subject("=?utf-8?X?abc?= =?utf-8?Q?abc =?", "=?utf-8?X?abc?= =?utf-8?Q?abc =?");
    expect_subject("=?", "=?");
    expect_subject("=?=?=?utf-8?Q?yes?=", "=?=?yes");
}

static void raw_bytes_in_headers_become_valid_utf8(void **state)
{
    (void)state;
    expect_subject("caf\xe9 \xc3\xa9", "caf\xc3\xa9 \xc3\xa9");
    expect_subject("=?no-such-charset?Q?=FF=E9?=", "\xc3\xbf\xc3\xa9");
    expect_subject("=?utf-8?Q?=FFx?=", "\xef\xbf\xbdx");
}

static void expect_body(const char *charset, const char *body, const char *want, uint32_t flags)
{
    struct buf message = {0};
    buf_printf(&message, "Content-Type: text/plain; charset=\"%s\"\r\n\r\n%s", charset, body);
    struct mime_view view = view_of(buf_span(&message));
    expect_span(view.text, want);
    assert_int_equal(view.flags, flags);
    buf_free(&message);
}

static void bodies_of_many_charsets_become_utf8(void **state)
{
    (void)state;
    expect_body("UTF-8", "\xe2\x82\xac", "\xe2\x82\xac", 0);
    expect_body("iso-8859-1", "\x80\xe9", "\xe2\x82\xac\xc3\xa9", 0);
    expect_body("windows-1251", "\xcf\xf0", "\xd0\x9f\xd1\x80", 0);
    expect_body("KOI8-R", "\xf0\xd2", "\xd0\x9f\xd1\x80", 0);
    expect_body("gb2312", "\xd6\xd0", "\xe4\xb8\xad", 0);
    expect_body("big5", "\xa4\xa4", "\xe4\xb8\xad", 0);
    expect_body("euc-jp", "\xc6\xfc", "\xe6\x97\xa5", 0);
    expect_body("shift_jis", "\x93\xfa", "\xe6\x97\xa5", 0);
    expect_body("iso-2022-jp", "\x1b$BF|\x1b(B.", "\xe6\x97\xa5.", 0);
    expect_body("ks_c_5601-1987", "\xc7\xd1", "\xed\x95\x9c", 0);
    expect_body("windows-1255", "\xf9\xec", "\xd7\xa9\xd7\x9c", 0);
    expect_body("utf-7", "+AOk-", "\xc3\xa9", 0);
    expect_body("x-never-heard-of", "\xe9", "\xc3\xa9", MIME_UNKNOWN_CHARSET);
    expect_body("ISO-2022-CN-EXT", "a", "a", MIME_UNKNOWN_CHARSET);
}

static void bytes_that_are_no_character_never_stop_a_body(void **state)
{
    (void)state;
    expect_body("utf-8", "a\xff\xc3(b\xed\xa0\x80",
                "a\xef\xbf\xbd\xef\xbf\xbd(b\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 0);
    expect_body("euc-jp",
                "a\xff"
                "b\xc6",
                "a\xef\xbf\xbd"
                "b\xef\xbf\xbd",
                0);
}

static void expect_last_words(const char *charset, const char *word, size_t shift)
{
    buf_clear(&mail);
    buf_printf(&mail, "Content-Type: text/plain; charset=%s\r\n\r\n", charset);
    put_times("x", 8192 - shift);
    put_times(word, 20);
    struct mime_view view = view_of_mail();
    assert_int_equal(view.text.n, 8192 - shift + 60);
    for (size_t i = 0; i < 20; i++)
        expect_span(span_slice(view.text, 8192 - shift + 3 * i, 3), "\xe4\xb8\xad");
}

static void a_character_cut_between_two_blocks_is_whole_again(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 40; shift++) {
        expect_last_words("gb18030", "\xd6\xd0", shift);
        expect_last_words("utf-8", "\xe4\xb8\xad", shift);
        expect_last_words("euc-jp", "\xc3\xe6", shift);
        expect_last_words("iso-2022-jp", "\x1b$BCf\x1b(B", shift);
    }
}

static void every_name_in_the_charset_table_is_found(void **state)
{
    (void)state;
    static const char *const names[] = {"ansi_x3.4-1968", "ASCII",  "utf-8",       "Windows-1252",
                                        "x-cp1251",       "koi8-u", "gbk",         "GB18030",
                                        "Big5-HKSCS",     "euc-kr", "iso-8859-15", "windows-31j"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_not_equal(mime_charset_find(span_text(names[i])), MIME_CHARSET_UNKNOWN);
    assert_int_equal(mime_charset_find(SPAN("")), MIME_CHARSET_UNKNOWN);
}

static void expect_parameter(const char *value, const char *name, const char *want)
{
    expect_span(mime_parameter_text(span_text(value), span_text(name), arena), want);
}

static void parameters_are_unquoted_and_forgiving(void **state)
{
    (void)state;
    expect_parameter("a/b; name=\"x \\\"y\\\" z\"", "name", "x \"y\" z");
    expect_parameter("a/b; other=name; NAME = free text ; z", "name", "free text");
    expect_parameter("a/b name=x", "name", "x");
    expect_parameter("a/b; name=\"never closed", "name", "never closed");
    expect_parameter("a/b; name=one; name=two", "name", "one");
    expect_parameter("a/b; name=\"=?utf-8?B?w6kucGRm?=\"", "name", "\xc3\xa9.pdf");
    expect_parameter("a/b; filename=x", "name", "");
    expect_span(mime_parameter_token(SPAN("a/b; charset=utf-8 (a comment)"), SPAN("charset"), arena),
                "utf-8");
}

static void parameters_in_sections_are_joined_in_order_and_converted(void **state)
{
    (void)state;
    expect_parameter("a; name*=iso-8859-1'en'caf%E9.pdf", "name", "caf\xc3\xa9.pdf");
    expect_parameter("a; name*1=b; name*0=\"a \"; name*2=c", "name", "a bc");
    expect_parameter("a; name*0*=utf-8''%C3; name*1*=%A9; name*2=\"%41\"", "name", "\xc3\xa9%41");
    expect_parameter("a; name*0=a; name*2=c", "name", "a");
    expect_parameter("a; name=plain; name*=utf-8''better", "name", "better");
    struct mime_view view = VIEW("Content-Type: multipart/mixed; boundary*0=x; boundary*1=y\r\n\r\n"
                                 "--xy\r\n\r\nseen\r\n--xy--");
    expect_span(view.text, "seen");
}

static void a_parameter_is_cut_at_one_kibibyte(void **state)
{
    (void)state;
    put("a; name=");
    put_times("\xc3\xa9", 1000);
    struct span name = mime_parameter_text(buf_span(&mail), SPAN("name"), arena);
    assert_int_equal(name.n, 1024);
}

/* Must run first: what other tests have opened would stay open. */
static void no_file_is_opened_once_all_converters_are_open(void **state)
{
    struct rlimit before, none;
    mime_charsets_open();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    bodies_of_many_charsets_become_utf8(state);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        VIEW_TEST(no_file_is_opened_once_all_converters_are_open),
        VIEW_TEST(encoded_words_are_decoded),
        VIEW_TEST(blanks_between_adjacent_words_go_and_others_stay),
        VIEW_TEST(a_character_cut_between_two_words_is_whole_again),
        VIEW_TEST(what_is_no_encoded_word_stays_as_it_is),
        VIEW_TEST(raw_bytes_in_headers_become_valid_utf8),
        VIEW_TEST(bodies_of_many_charsets_become_utf8),
        VIEW_TEST(bytes_that_are_no_character_never_stop_a_body),
        VIEW_TEST(a_character_cut_between_two_blocks_is_whole_again),
        VIEW_TEST(every_name_in_the_charset_table_is_found),
        VIEW_TEST(parameters_are_unquoted_and_forgiving),
        VIEW_TEST(parameters_in_sections_are_joined_in_order_and_converted),
        VIEW_TEST(a_parameter_is_cut_at_one_kibibyte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
