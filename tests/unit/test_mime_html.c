/* HTML mail: what is seen, what is hidden, where links lead. */
#include "tests/unit/view_fixture.h"

static struct mime_view html(const char *body)
{
    buf_clear(&mail);
    put("Content-Type: text/html; charset=utf-8\r\n\r\n");
    put(body);
    return view_of_mail();
}

static void expect_text(const char *body, const char *want)
{
    expect_span(html(body).text, want);
}

static void expect_seen(const char *body, const char *seen, const char *hidden)
{
    struct mime_view view = html(body);
    expect_span(view.text, seen);
    expect_span(view.hidden, hidden);
}

static void blocks_become_lines_and_white_space_one_blank(void **state)
{
    (void)state;
    expect_text("<p>one<p>two <b>bold</b>\r\n\t  more<br>three", "one\ntwo bold more\nthree");
    expect_text("<table><tr><td>a<td>b<tr><td>c</table>d", "a b\nc\nd");
    expect_text("in<b>si</b>de", "inside");
    expect_text("<div>&nbsp;&nbsp;</div> <div> x&nbsp;\xc2\xa0y </div>", "x y");
}

static void character_references_are_decoded(void **state)
{
    (void)state;
    expect_text("&lt;&eacute;&#233;&#xe9;&#x20ac;&#128;&euro;&amp",
                "<\xc3\xa9\xc3\xa9\xc3\xa9\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac&");
    expect_text("v&#x69;agr&#0000000097;", "viagra");
    expect_text("AT&T &unknown; &#; & &#xD800; &#99999999999;",
                "AT&T &unknown; &#; & \xef\xbf\xbd \xef\xbf\xbd");
}

static void scripts_styles_and_titles_are_not_text(void **state)
{
    (void)state;
    struct mime_view view = html(
        "<title>t</title><style>p{}</style>a<script>x<b></scriptx></scr>y</SCRIPT >b<style>never closed");
    expect_span(view.text, "ab");
    assert_int_equal(view.scripts, 1);
}

static void comments_are_not_text_and_an_unclosed_one_hides_the_rest(void **state)
{
    (void)state;
    expect_text("a<!-- > -- b -->c<!-->d<!--->e<!--x--!>f<![if !mso]>g<?php ?>h", "acdefgh");
    expect_text("seen<!-- all <b>this</b>", "seen");
}

static void markup_is_read_forgivingly(void **state)
{
    (void)state;
    expect_text("1 < 2 <3 </ x>a<b", "1 < 2 <3 a");
    expect_text("<a\nhref = 'http://a.example/'\n>x</a\n>y", "xy");
    expect_text("<P CLASS=\"a>b\" id=c>z</P>", "z");
    expect_text("last &am", "last &am");
    expect_text("last <", "last <");
}

static void markup_cut_between_blocks_is_read_as_if_it_were_not(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 40; shift++) {
        buf_clear(&mail);
        put("Content-Type: text/html\r\n\r\n<!--");
        put_times("-", 8192 - 20 - shift);
        put("--><p title='&amp;'>&eacute;<a href=\"http://a.example/&amp;\">x</a><!-- y --></p>");
        struct mime_view view = view_of_mail();
        expect_span(view.text, "\xc3\xa9x");
        assert_int_equal(view.url_count, 1);
        expect_span(view.urls[0].target, "http://a.example/&");
    }
}

static void hidden_text_is_kept_apart(void **state)
{
    (void)state;
    expect_seen("a<div style='display:none'>b<div>c</div>d</div>e", "a\ne", "b\nc\nd");
    expect_seen("a<span style=\"VISIBILITY : hidden\">b</span>c", "ac", "b");
    expect_seen("a<span hidden>b</span>c", "ac", "b");
    expect_seen("a<i style='max-height:0;overflow:hidden'>b</i>c", "ac", "b");
    expect_seen("a<i style='opacity:0'>b</i>c", "ac", "b");
}

static void tiny_text_is_hidden_until_the_size_is_set_again(void **state)
{
    (void)state;
    expect_seen("<b style='font-size:0'>a</b><b style='font-size:1px !important'>b</b><b "
                "style='font-size:0.01em'>c</b>",
                "", "abc");
    expect_seen(
        "<b style='font-size:12px'>a</b><b style='font-size:1.1em'>b</b><b style='font-size:90%'>c</b>",
        "abc", "");
    expect_seen("<td style='font-size:0'>a<b style='font-size:14px'>b</b></td>", "b", "a");
}

static void text_in_the_colour_of_its_ground_is_hidden(void **state)
{
    (void)state;
    expect_seen("<font color=white>a</font>b", "b", "a");
    expect_seen("<font color='#fefefe'>a</font>b", "b", "a");
    expect_seen("<p style='color:#f00;background-color:rgb(255, 0, 0)'>a</p>b", "b", "a");
    expect_seen("<table bgcolor=#000080><td><font color=navy>a</font><font color=#ffffff>b</font></table>",
                "b", "a");
    expect_seen("<body bgcolor=black text=white>a</body>", "a", "");
}

static void colours_that_a_style_sheet_may_decide_hide_nothing(void **state)
{
    (void)state;
    expect_seen("<style>td{background:red}</style><font color=white>a</font>", "a", "");
    expect_seen("<a class=button style='color:#fff'>a</a>", "a", "");
    expect_seen("<p style='color:#777;background:rgba(119,119,119,0.3)'>a</p>", "a", "");
    expect_seen("<td background=x.png><font color=white>a</font></td>", "a", "");
}

static void elements_that_end_by_themselves_do_not_hide_what_follows(void **state)
{
    (void)state;
    expect_seen("<p style='display:none'>a<p>b", "b", "a");
    expect_seen("<p style='display:none'>a<div>b", "b", "a");
    expect_seen("<ul><li hidden>a<li>b</ul>c", "b\nc", "a");
    expect_seen("<table><tr><td hidden>a<td>b</table>c", "b\nc", "a");
    expect_seen("<td hidden><table><tr><td>a<td>b</table>c</td>d", "d", "a b\nc");
}

static void links_are_kept_with_their_visible_text(void **state)
{
    (void)state;
    struct mime_view view =
        html("<a href=' http://a.example/?x=1&amp;y=2&copy=3 '>click <b>here</b><i hidden>no</i></a>"
             "<a name=x>no link</a><a href=\"htt\np://b.example\"><img src=c></a>");
    assert_int_equal(view.links, 2);
    assert_int_equal(view.images, 1);
    assert_int_equal(view.url_count, 2);
    expect_span(view.urls[0].target, "http://a.example/?x=1&y=2&copy=3");
    expect_span(view.urls[0].text, "click here");
    expect_span(view.urls[1].target, "http://b.example");
    expect_span(view.urls[1].text, "");
}

static void forms_are_counted_and_their_targets_kept(void **state)
{
    (void)state;
    struct mime_view view = html("<form action=http://a.example/post><input></form><form></form>");
    assert_int_equal(view.forms, 2);
    assert_int_equal(view.url_count, 1);
    expect_span(view.urls[0].target, "http://a.example/post");
}

static uint32_t mismatches(const char *text, const char *target)
{
    struct buf body = {0};
    buf_printf(&body, "<a href=\"%s\">%s</a>", target, text);
    uint32_t count = html(buf_text(&body)).mismatched_links;
    buf_free(&body);
    return count;
}

static void a_link_that_shows_another_host_is_a_mismatch(void **state)
{
    (void)state;
    assert_int_equal(mismatches("https://bank.example/login", "http://evil.test/bank.example"), 1);
    assert_int_equal(mismatches("www.bank.example", "http://bank.example@evil.test/"), 1);
    assert_int_equal(mismatches("bank.example", "https://bank.example.evil.test:443/"), 1);
    assert_int_equal(mismatches(" bank.co.uk/x ", "https://evil.co.uk/"), 1);
}

static void a_link_that_shows_what_it_means_or_no_host_is_none(void **state)
{
    (void)state;
    assert_int_equal(mismatches("www.bank.example", "https://login.bank.example/"), 0);
    assert_int_equal(mismatches("HTTP://BANK.EXAMPLE:80", "http://bank.example"), 0);
    assert_int_equal(mismatches("click here", "http://evil.test/"), 0);
    assert_int_equal(mismatches("invoice.pdf", "http://a.example/"), 0);
    assert_int_equal(mismatches("me@bank.example", "http://a.example/"), 0);
    assert_int_equal(mismatches("version 1.5", "http://a.example/"), 0);
    assert_int_equal(mismatches("bank.example", "mailto:x@a.example"), 0);
}

static void bare_urls_are_found_in_text_and_outside_links(void **state)
{
    (void)state;
    struct mime_view view =
        VIEW("\r\nSee http://a.example/x?y=(z). Or (https://b.example/), WWW.c.example!\r\n"
             "not awww.x http:// or www.. at all");
    assert_int_equal(view.url_count, 3);
    expect_span(view.urls[0].target, "http://a.example/x?y=(z)");
    expect_span(view.urls[1].target, "https://b.example/");
    expect_span(view.urls[2].target, "WWW.c.example");
    expect_span(view.urls[0].text, "");
    view = html("see http://a.example/ and <a href=http://b.example/>http://b.example/</a> or www.c.example");
    assert_int_equal(view.url_count, 3);
    expect_span(view.urls[0].target, "http://a.example/");
    expect_span(view.urls[1].text, "http://b.example/");
    expect_span(view.urls[2].target, "www.c.example");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        VIEW_TEST(blocks_become_lines_and_white_space_one_blank),
        VIEW_TEST(character_references_are_decoded),
        VIEW_TEST(scripts_styles_and_titles_are_not_text),
        VIEW_TEST(comments_are_not_text_and_an_unclosed_one_hides_the_rest),
        VIEW_TEST(markup_is_read_forgivingly),
        VIEW_TEST(markup_cut_between_blocks_is_read_as_if_it_were_not),
        VIEW_TEST(hidden_text_is_kept_apart),
        VIEW_TEST(tiny_text_is_hidden_until_the_size_is_set_again),
        VIEW_TEST(text_in_the_colour_of_its_ground_is_hidden),
        VIEW_TEST(colours_that_a_style_sheet_may_decide_hide_nothing),
        VIEW_TEST(elements_that_end_by_themselves_do_not_hide_what_follows),
        VIEW_TEST(links_are_kept_with_their_visible_text),
        VIEW_TEST(forms_are_counted_and_their_targets_kept),
        VIEW_TEST(a_link_that_shows_another_host_is_a_mismatch),
        VIEW_TEST(a_link_that_shows_what_it_means_or_no_host_is_none),
        VIEW_TEST(bare_urls_are_found_in_text_and_outside_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
