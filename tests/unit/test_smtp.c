/* The parsers of SMTP: commands, addresses, replies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>

#include "engine/smtp/command.h"
#include "engine/smtp/date.h"
#include "engine/smtp/reply.h"

static void expect_span(struct span got, const char *want)
{
    if (!span_equal(got, span_text(want)))
        fail_msg("got '%.*s', want '%s'", (int)got.n, got.p, want);
}

/* Commands */

static void commands_are_known_in_any_case(void **state)
{
    (void)state;
    struct smtp_command c;
    assert_int_equal(smtp_command_parse(SPAN("mAiL from:<a@b.example>\r\n"), &c), SMTP_ANSWER_NONE);
    assert_int_equal(c.verb, SMTP_VERB_MAIL);
    expect_span(c.argument, "from:<a@b.example>");
    assert_int_equal(smtp_command_parse(SPAN("quit  \r\n"), &c), SMTP_ANSWER_NONE);
    assert_int_equal(c.verb, SMTP_VERB_QUIT);
    assert_int_equal(c.argument.n, 0);
}

static void what_is_no_command_line_is_refused(void **state)
{
    (void)state;
    static const struct {
        struct span line;
        enum smtp_answer answer;
    } rows[] = {
        {SPAN("NOOP\n"), SMTP_ANSWER_BAD_LINE_END},
        {SPAN("\n"), SMTP_ANSWER_BAD_LINE_END},
        {SPAN("\r\n"), SMTP_ANSWER_UNKNOWN_COMMAND},
        {SPAN("NO\rOP\r\n"), SMTP_ANSWER_BAD_CHARACTER},
        {SPAN("NOOP\r\r\n"), SMTP_ANSWER_BAD_CHARACTER},
        {SPAN("NOOP \0x\r\n"), SMTP_ANSWER_BAD_CHARACTER},
        {SPAN("NOOP \x7f\r\n"), SMTP_ANSWER_BAD_CHARACTER},
        {SPAN("NOOPS\r\n"), SMTP_ANSWER_UNKNOWN_COMMAND},
        {SPAN("NOO\r\n"), SMTP_ANSWER_UNKNOWN_COMMAND},
        {SPAN("Subject: hello\r\n"), SMTP_ANSWER_UNKNOWN_COMMAND},
        {SPAN("DATA now\r\n"), SMTP_ANSWER_NO_ARGUMENT_ALLOWED},
        {SPAN("QUIT \tx\r\n"), SMTP_ANSWER_NO_ARGUMENT_ALLOWED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct smtp_command c;
        assert_int_equal(smtp_command_parse(rows[i].line, &c), rows[i].answer);
    }
}

static void only_mail_and_rcpt_may_be_longer_than_512_bytes(void **state)
{
    (void)state;
    struct smtp_command c;
    char line[SMTP_COMMAND_MAX + 2];
    memset(line, 'x', sizeof line);
    memcpy(line, "NOOP ", 5);
    memcpy(line + SMTP_COMMAND_MAX - 2, "\r\n", 2);
    assert_int_equal(smtp_command_parse(span_of(line, SMTP_COMMAND_MAX), &c), SMTP_ANSWER_NONE);
    memcpy(line + SMTP_COMMAND_MAX - 2, "xx\r\n", 4);
    assert_int_equal(smtp_command_parse(span_of(line, sizeof line), &c), SMTP_ANSWER_LINE_TOO_LONG);
    memcpy(line, "RCPT ", 5);
    assert_int_equal(smtp_command_parse(span_of(line, sizeof line), &c), SMTP_ANSWER_NONE);
}

static void mail_takes_size_and_body(void **state)
{
    (void)state;
    struct smtp_mail_argument m;
    assert_int_equal(smtp_mail_parse(SPAN("FROM:<a@b.example> SIZE=1234 body=8bitmime"), &m),
                     SMTP_ANSWER_NONE);
    expect_span(m.sender.text, "a@b.example");
    assert_int_equal(m.size, 1234);
    assert_true(m.body_8bit);
    assert_int_equal(smtp_mail_parse(SPAN("From: <>"), &m), SMTP_ANSWER_NONE);
    assert_int_equal(m.sender.text.n, 0);
    assert_false(m.body_8bit);
    assert_int_equal(smtp_mail_parse(SPAN("FROM:<>  BODY=7BIT"), &m), SMTP_ANSWER_NONE);
}

static void mail_refuses_what_it_does_not_know(void **state)
{
    (void)state;
    static const struct {
        struct span argument;
        enum smtp_answer answer;
    } rows[] = {
        {SPAN(""), SMTP_ANSWER_BAD_MAIL},
        {SPAN("<a@b.example>"), SMTP_ANSWER_BAD_MAIL},
        {SPAN("FROM:a@b.example"), SMTP_ANSWER_BAD_SENDER},
        {SPAN("FROM:<a@b.example"), SMTP_ANSWER_BAD_SENDER},
        {SPAN("FROM:<a@b.example>SIZE=1"), SMTP_ANSWER_BAD_MAIL},
        {SPAN("FROM:<a@b.example> SIZE"), SMTP_ANSWER_BAD_SIZE},
        {SPAN("FROM:<a@b.example> SIZE=-1"), SMTP_ANSWER_BAD_SIZE},
        {SPAN("FROM:<a@b.example> SIZE=99999999999999999999999"), SMTP_ANSWER_BAD_SIZE},
        {SPAN("FROM:<a@b.example> SIZE=1 SIZE=2"), SMTP_ANSWER_PARAMETER_TWICE},
        {SPAN("FROM:<a@b.example> BODY=BINARYMIME"), SMTP_ANSWER_BAD_BODY},
        {SPAN("FROM:<a@b.example> NOTIFY=NEVER"), SMTP_ANSWER_UNKNOWN_PARAMETER},
        {SPAN("FROM:<a@b.example> RET=SOME"), SMTP_ANSWER_BAD_RET},
        {SPAN("FROM:<a@b.example> RET=HDRS RET=HDRS"), SMTP_ANSWER_PARAMETER_TWICE},
        {SPAN("FROM:<a@b.example> ENVID"), SMTP_ANSWER_BAD_ENVID},
        {SPAN("FROM:<a@b.example> ENVID=a=b"), SMTP_ANSWER_BAD_ENVID},
        {SPAN("FROM:<a@b.example> ENVID=a+3"), SMTP_ANSWER_BAD_ENVID},
        {SPAN("FROM:<a@b.example> ENVID=a+3d"), SMTP_ANSWER_BAD_ENVID},
        {SPAN("FROM:<a@b.example> ENVID=a+0A"), SMTP_ANSWER_BAD_ENVID},
        {SPAN("FROM:<j\xc3\xb6rg@b.example>"), SMTP_ANSWER_ADDRESS_8BIT},
        {SPAN("FROM:<a@b\xc3\xb6.example>"), SMTP_ANSWER_ADDRESS_8BIT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct smtp_mail_argument m;
        if (smtp_mail_parse(rows[i].argument, &m) != rows[i].answer)
            fail_msg("'%.*s'", (int)rows[i].argument.n, rows[i].argument.p);
    }
}

static void rcpt_takes_no_empty_path(void **state)
{
    (void)state;
    struct smtp_rcpt_argument r;
    assert_int_equal(smtp_rcpt_parse(SPAN("TO:<a@b.example>"), false, &r), SMTP_ANSWER_NONE);
    expect_span(r.recipient.domain, "b.example");
    assert_int_equal(r.notify, 0);
    assert_int_equal(smtp_rcpt_parse(SPAN("to:<Postmaster>"), false, &r), SMTP_ANSWER_NONE);
    expect_span(r.recipient.text, "Postmaster");
    assert_int_equal(smtp_rcpt_parse(SPAN("TO:<>"), false, &r), SMTP_ANSWER_BAD_RECIPIENT);
    assert_int_equal(smtp_rcpt_parse(SPAN("TO:<a@b.example> SIZE=1"), false, &r),
                     SMTP_ANSWER_UNKNOWN_PARAMETER);
}

/* What the sender wants to be told */

static void mail_takes_ret_and_envid(void **state)
{
    (void)state;
    struct smtp_mail_argument m;
    assert_int_equal(smtp_mail_parse(SPAN("FROM:<a@b.example> ret=hdrs ENVID=QQ+2B314159"), &m),
                     SMTP_ANSWER_NONE);
    assert_int_equal(m.returns, SMTP_RETURN_HEADERS);
    expect_span(m.envelope_id, "QQ+2B314159");
    assert_int_equal(smtp_mail_parse(SPAN("FROM:<> RET=FULL"), &m), SMTP_ANSWER_NONE);
    assert_int_equal(m.returns, SMTP_RETURN_FULL);
    char line[200] = "FROM:<> ENVID=";
    size_t n = strlen(line);
    memset(line + n, 'x', SMTP_ENVELOPE_ID_MAX + 1);
    assert_int_equal(smtp_mail_parse(span_of(line, n + SMTP_ENVELOPE_ID_MAX), &m), SMTP_ANSWER_NONE);
    assert_int_equal(smtp_mail_parse(span_of(line, n + SMTP_ENVELOPE_ID_MAX + 1), &m), SMTP_ANSWER_BAD_ENVID);
}

static void rcpt_takes_notify_and_orcpt(void **state)
{
    (void)state;
    struct smtp_rcpt_argument r;
    assert_int_equal(
        smtp_rcpt_parse(SPAN("TO:<a@b.example> NOTIFY=delay,SUCCESS ORCPT=rfc822;a+2Bb@c.example"), false,
                        &r),
        SMTP_ANSWER_NONE);
    assert_int_equal(r.notify, SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_DELAY);
    expect_span(r.original, "rfc822;a+2Bb@c.example");
    assert_int_equal(smtp_rcpt_parse(SPAN("TO:<a@b.example> NOTIFY=NEVER"), false, &r), SMTP_ANSWER_NONE);
    assert_int_equal(r.notify, SMTP_NOTIFY_NEVER);
    static const struct {
        struct span argument;
        enum smtp_answer answer;
    } rows[] = {
        {SPAN("TO:<a@b.example> NOTIFY=NEVER,DELAY"), SMTP_ANSWER_BAD_NOTIFY},
        {SPAN("TO:<a@b.example> NOTIFY=DELAY,DELAY"), SMTP_ANSWER_BAD_NOTIFY},
        {SPAN("TO:<a@b.example> NOTIFY=DELAY,"), SMTP_ANSWER_BAD_NOTIFY},
        {SPAN("TO:<a@b.example> NOTIFY="), SMTP_ANSWER_BAD_NOTIFY},
        {SPAN("TO:<a@b.example> NOTIFY"), SMTP_ANSWER_BAD_NOTIFY},
        {SPAN("TO:<a@b.example> NOTIFY=NEVER NOTIFY=NEVER"), SMTP_ANSWER_PARAMETER_TWICE},
        {SPAN("TO:<a@b.example> ORCPT=a@c.example"), SMTP_ANSWER_BAD_ORCPT},
        {SPAN("TO:<a@b.example> ORCPT=;a@c.example"), SMTP_ANSWER_BAD_ORCPT},
        {SPAN("TO:<a@b.example> ORCPT=rfc822;"), SMTP_ANSWER_BAD_ORCPT},
        {SPAN("TO:<a@b.example> ORCPT=rfc822;a+0D+0AB"), SMTP_ANSWER_BAD_ORCPT},
        {SPAN("TO:<a@b.example> ORCPT=rfc822;j\xc3\xb6rg@c.example"), SMTP_ANSWER_BAD_ORCPT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (smtp_rcpt_parse(rows[i].argument, false, &r) != rows[i].answer)
            fail_msg("'%.*s'", (int)rows[i].argument.n, rows[i].argument.p);
    char line[600] = "TO:<a@b.example> ORCPT=rfc822;";
    size_t n = strlen(line), most = n + SMTP_ORIGINAL_MAX - strlen("rfc822;");
    memset(line + n, 'x', sizeof line - n);
    assert_int_equal(smtp_rcpt_parse(span_of(line, most), false, &r), SMTP_ANSWER_NONE);
    assert_int_equal(smtp_rcpt_parse(span_of(line, most + 1), false, &r), SMTP_ANSWER_BAD_ORCPT);
}

/* Addresses in UTF-8 (RFC 6531) */

static void utf8_addresses_need_smtputf8(void **state)
{
    (void)state;
    struct smtp_mail_argument m;
    struct smtp_rcpt_argument r;
    assert_int_equal(smtp_mail_parse(SPAN("FROM:<j\xc3\xb6rg@b\xc3\xbc.example> SMTPUTF8"), &m),
                     SMTP_ANSWER_NONE);
    assert_true(m.utf8);
    expect_span(m.sender.domain, "b\xc3\xbc.example");
    assert_int_equal(smtp_mail_parse(SPAN("FROM:<a@b.example>"), &m), SMTP_ANSWER_NONE);
    assert_false(m.utf8);
    assert_int_equal(smtp_mail_parse(SPAN("FROM:<a@b.example> SMTPUTF8="), &m), SMTP_ANSWER_BAD_SMTPUTF8);
    assert_int_equal(smtp_mail_parse(SPAN("FROM:<a@b.example> SMTPUTF8 SMTPUTF8"), &m),
                     SMTP_ANSWER_PARAMETER_TWICE);
    const struct span to = SPAN("TO:<j\xc3\xb6rg@b.example> ORCPT=utf-8;j\xc3\xb6rg@b.example");
    assert_int_equal(smtp_rcpt_parse(to, false, &r), SMTP_ANSWER_ADDRESS_8BIT);
    assert_int_equal(smtp_rcpt_parse(to, true, &r), SMTP_ANSWER_NONE);
    expect_span(r.original, "utf-8;j\xc3\xb6rg@b.example");
    assert_int_equal(smtp_rcpt_parse(SPAN("TO:<a@b.example> ORCPT=rfc822;j\xc3\xb6rg@b.example"), true, &r),
                     SMTP_ANSWER_BAD_ORCPT);
    assert_int_equal(smtp_rcpt_parse(SPAN("TO:<a@b.example> ORCPT=utf-8;a\xc2\x85"), true, &r),
                     SMTP_ANSWER_BAD_ORCPT);
}

static void utf8_addresses_are_valid_utf8_without_controls(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        bool good;
    } rows[] = {
        {"j\xc3\xb6rg@b.example", true},
        {"\"j \xc3\xb6\"@b.example", true},
        {"\xf0\x9f\x93\xac@\xe4\xbe\x8b.example", true},
        {"j\xf6rg@b.example", false},      /* Latin-1 */
        {"j\xc3@b.example", false},        /* cut off */
        {"\xc0\xaf@b.example", false},     /* overlong */
        {"\xed\xa0\x80@b.example", false}, /* a surrogate */
        {"a\xc2\x85@b.example", false},    /* a C1 control */
        {"\"a\xc2\x9b\"@b.example", false},
        {"a@b\xc2\x80.example", false},
        {"a@[\xc3\xb6]", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct smtp_mailbox m;
        if (smtp_mailbox_parse_utf8(span_text(rows[i].address), &m) != rows[i].good)
            fail_msg("row %zu", i);
        assert_false(smtp_mailbox_parse(span_text(rows[i].address), &m));
    }
}

static void utf8_is_written_in_ascii_for_reports(void **state)
{
    (void)state;
    struct buf out = {0};
    smtp_utf8_put_ascii(&out, SPAN("j\xc3\xb6\xe2\x82\xac\xf0\x9f\x93\xac\xffx+\0"), "");
    assert_string_equal(buf_text(&out), "j\\x{F6}\\x{20AC}\\x{1F4EC}?x+");
    buf_clear(&out);
    smtp_utf8_put_ascii(&out, SPAN("a+\\="), "+=\\");
    assert_string_equal(buf_text(&out), "a\\x{2B}\\x{5C}\\x{3D}");
    buf_free(&out);
}

static void wishes_are_written_as_they_are_read(void **state)
{
    (void)state;
    struct buf out = {0};
    smtp_notify_put(&out, SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_FAILURE | SMTP_NOTIFY_DELAY);
    assert_string_equal(buf_text(&out), "SUCCESS,FAILURE,DELAY");
    buf_clear(&out);
    smtp_notify_put(&out, SMTP_NOTIFY_NEVER);
    assert_string_equal(buf_text(&out), "NEVER");
    buf_clear(&out);
    smtp_xtext_decode(&out, SPAN("a+2Bb+3Dc+20d"));
    assert_string_equal(buf_text(&out), "a+b=c d");
    buf_free(&out);
}

/* Addresses */

static void good_paths_give_their_mailbox(void **state)
{
    (void)state;
    static const struct {
        const char *path, *mailbox, *domain;
    } rows[] = {
        {"<a@b.example>", "a@b.example", "b.example"},
        {"<first.last+tag@sub.b.example>", "first.last+tag@sub.b.example", "sub.b.example"},
        {"<\"john smith\"@b.example>", "\"john smith\"@b.example", "b.example"},
        {"<\"a\\\"b\\\\\"@b.example>", "\"a\\\"b\\\\\"@b.example", "b.example"},
        {"<\"\"@b.example>", "\"\"@b.example", "b.example"},
        {"<a@[192.0.2.1]>", "a@[192.0.2.1]", "[192.0.2.1]"},
        {"<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"},
        {"<@x.example,@y.example:a@b.example>", "a@b.example", "b.example"},
        {"<@x.example:a@b.example>", "a@b.example", "b.example"},
        {"<a@host_1.example>", "a@host_1.example", "host_1.example"},
        {"<a@localhost>", "a@localhost", "localhost"},
        {"<POSTMASTER>", "POSTMASTER", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct span in = span_text(rows[i].path);
        struct smtp_mailbox m;
        if (smtp_path_parse(&in, &m) != SMTP_PATH_OK)
            fail_msg("%s", rows[i].path);
        assert_int_equal(in.n, 0);
        expect_span(m.text, rows[i].mailbox);
        expect_span(m.domain, rows[i].domain);
    }
}

static void bad_paths_are_refused(void **state)
{
    (void)state;
    static const struct span rows[] = {
        SPAN(""),
        SPAN("<"),
        SPAN(">"),
        SPAN("a@b.example"),
        SPAN("<a>"),
        SPAN("<a@>"),
        SPAN("<@b.example>"),
        SPAN("<a@b@c>"),
        SPAN("<a b@c>"),
        SPAN("<.a@b>"),
        SPAN("<a.@b>"),
        SPAN("<a..b@c>"),
        SPAN("<a@.b>"),
        SPAN("<a@b.>"),
        SPAN("<a@b..c>"),
        SPAN("<a@-b>"),
        SPAN("<a@b->"),
        SPAN("<a@b-.c>"),
        SPAN("<a@b c>"),
        SPAN("<a@b\0>"),
        SPAN("<a\0@b>"),
        SPAN("<<a@b>"),
        SPAN("<a<@b>"),
        SPAN("<\"a>b\"@c>"),
        SPAN("<\"a<b\"@c>"),
        SPAN("<\"a@b>"),
        SPAN("<\"a\"b@c>"),
        SPAN("<\"a\\\"@b>"),
        SPAN("<\"a\r\nb\"@c>"),
        SPAN("<\"a\\\r\"@c>"),
        SPAN("<a@b\r\nRCPT TO:<c@d>"),
        SPAN("<a@[1.2.3]>"),
        SPAN("<a@[1.2.3.4>"),
        SPAN("<a@[]>"),
        SPAN("<a@[IPv6:1.2.3.4]>"),
        SPAN("<a@[2001:db8::1]>"),
        SPAN("<@x.example a@b>"),
        SPAN("<@x.example:>"),
        SPAN("<@x,a@b>"),
        SPAN("<@x.example,:a@b>"),
        SPAN("<@x.example"),
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct span in = rows[i];
        struct smtp_mailbox m;
        if (smtp_path_parse(&in, &m) != SMTP_PATH_BAD)
            fail_msg("row %zu '%.*s'", i, (int)rows[i].n, rows[i].p);
    }
}

static void addresses_have_a_greatest_length(void **state)
{
    (void)state;
    struct smtp_mailbox m;
    char text[400];
    memset(text, 'a', sizeof text);
    memcpy(text + SMTP_MAILBOX_MAX - 4, "@b.c", 4);
    assert_true(smtp_mailbox_parse(span_of(text, SMTP_MAILBOX_MAX), &m));
    memcpy(text + SMTP_MAILBOX_MAX - 4, "a@b.c", 5);
    assert_false(smtp_mailbox_parse(span_of(text, SMTP_MAILBOX_MAX + 1), &m));
    memset(text, 'a', sizeof text);
    text[1] = '@';
    assert_true(smtp_mailbox_parse(span_of(text, 2 + 63), &m));
    assert_false(smtp_mailbox_parse(span_of(text, 2 + 64), &m));
}

static void a_mailbox_ends_where_its_text_ends(void **state)
{
    (void)state;
    struct smtp_mailbox m;
    assert_true(smtp_mailbox_parse(SPAN("a@b.example"), &m));
    assert_true(smtp_mailbox_parse(SPAN("postmaster"), &m));
    assert_false(smtp_mailbox_parse(SPAN(""), &m));
    assert_false(smtp_mailbox_parse(SPAN("a@b.example>"), &m));
    assert_false(smtp_mailbox_parse(SPAN("a@b.example\r\n"), &m));
    assert_false(smtp_mailbox_parse(SPAN("postmasterx"), &m));
}

/* Replies */

static enum smtp_reply_status feed_lines(struct smtp_reply *r, const char *const *lines)
{
    enum smtp_reply_status status = SMTP_REPLY_MORE;
    smtp_reply_clear(r);
    for (; *lines && status == SMTP_REPLY_MORE; lines++)
        status = smtp_reply_line(r, span_text(*lines));
    return status;
}

#define LINES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void replies_are_put_together_from_their_lines(void **state)
{
    (void)state;
    struct smtp_reply r = {0};
    assert_int_equal(feed_lines(&r, LINES("250 2.1.5 fine\r\n")), SMTP_REPLY_DONE);
    assert_int_equal(r.code, 250);
    assert_string_equal(r.enhanced, "2.1.5");
    expect_span(buf_span(&r.text), "fine");

    assert_int_equal(feed_lines(&r, LINES("550-5.7.1 not\r\n", "550-\r\n", "550 5.7.1 here\r\n")),
                     SMTP_REPLY_DONE);
    assert_string_equal(r.enhanced, "5.7.1");
    expect_span(buf_span(&r.text), "not\n\nhere");

    assert_int_equal(feed_lines(&r, LINES("450\r\n")), SMTP_REPLY_DONE);
    assert_string_equal(r.enhanced, "4.0.0");
    assert_int_equal(r.text.len, 0);

    assert_int_equal(feed_lines(&r, LINES("250-more\r\n")), SMTP_REPLY_MORE);
    smtp_reply_free(&r);
}

static void an_enhanced_code_must_fit_the_code(void **state)
{
    (void)state;
    struct smtp_reply r = {0};
    feed_lines(&r, LINES("550 2.1.5 odd\r\n"));
    assert_string_equal(r.enhanced, "5.0.0");
    expect_span(buf_span(&r.text), "2.1.5 odd");
    assert_int_equal(smtp_enhanced_length(SPAN("5.1.1 x"), 550), 5);
    assert_int_equal(smtp_enhanced_length(SPAN("5.123.456"), 550), 9);
    assert_int_equal(smtp_enhanced_length(SPAN("5.1234.1"), 550), 0);
    assert_int_equal(smtp_enhanced_length(SPAN("5.1.1.1"), 550), 0);
    assert_int_equal(smtp_enhanced_length(SPAN("5.1."), 550), 0);
    smtp_reply_free(&r);
}

static void what_is_no_reply_is_seen(void **state)
{
    (void)state;
    struct smtp_reply r = {0};
    assert_int_equal(feed_lines(&r, LINES("hello\r\n")), SMTP_REPLY_BAD);
    assert_int_equal(feed_lines(&r, LINES("\r\n")), SMTP_REPLY_BAD);
    assert_int_equal(feed_lines(&r, LINES("99 x\r\n")), SMTP_REPLY_BAD);
    assert_int_equal(feed_lines(&r, LINES("650 x\r\n")), SMTP_REPLY_BAD);
    assert_int_equal(feed_lines(&r, LINES("2500 x\r\n")), SMTP_REPLY_BAD);
    assert_int_equal(feed_lines(&r, LINES("250-a\r\n", "251 b\r\n")), SMTP_REPLY_BAD);
    smtp_reply_free(&r);
}

static void a_reply_without_end_takes_bounded_memory(void **state)
{
    (void)state;
    struct smtp_reply r = {0};
    char line[1000] = "250-";
    memset(line + 4, 'x', sizeof line - 4);
    for (int i = 0; i < SMTP_REPLY_LINES_MAX; i++)
        assert_int_equal(smtp_reply_line(&r, span_of(line, sizeof line)), SMTP_REPLY_MORE);
    assert_int_equal(r.text.len, SMTP_REPLY_TEXT_MAX);
    assert_int_equal(smtp_reply_line(&r, span_of(line, sizeof line)), SMTP_REPLY_BAD);
    smtp_reply_free(&r);
}

static void extensions_are_found_behind_the_greeting(void **state)
{
    (void)state;
    struct smtp_extensions e =
        smtp_extensions_parse(SPAN("mx.example\npipelining\nSIZE 1000\n8BITMIME\nDSN"));
    assert_true(e.pipelining && e.size && e.body_8bit && e.dsn);
    e = smtp_extensions_parse(SPAN("PIPELINING"));
    assert_false(e.pipelining);
    e = smtp_extensions_parse(SPAN("mx.example\nPIPELININGX\nXSIZE"));
    assert_false(e.pipelining || e.size || e.body_8bit);
}

static void a_header_date_is_in_utc(void **state)
{
    (void)state;
    struct buf out = {0};
    smtp_date_put(&out, INT64_C(1795295137000000));
    assert_string_equal(buf_text(&out), "Sat, 21 Nov 2026 21:05:37 +0000");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_date_is_in_utc),
        cmocka_unit_test(commands_are_known_in_any_case),
        cmocka_unit_test(what_is_no_command_line_is_refused),
        cmocka_unit_test(only_mail_and_rcpt_may_be_longer_than_512_bytes),
        cmocka_unit_test(mail_takes_size_and_body),
        cmocka_unit_test(mail_refuses_what_it_does_not_know),
        cmocka_unit_test(rcpt_takes_no_empty_path),
        cmocka_unit_test(mail_takes_ret_and_envid),
        cmocka_unit_test(rcpt_takes_notify_and_orcpt),
        cmocka_unit_test(utf8_addresses_need_smtputf8),
        cmocka_unit_test(utf8_addresses_are_valid_utf8_without_controls),
        cmocka_unit_test(utf8_is_written_in_ascii_for_reports),
        cmocka_unit_test(wishes_are_written_as_they_are_read),
        cmocka_unit_test(good_paths_give_their_mailbox),
        cmocka_unit_test(bad_paths_are_refused),
        cmocka_unit_test(addresses_have_a_greatest_length),
        cmocka_unit_test(a_mailbox_ends_where_its_text_ends),
        cmocka_unit_test(replies_are_put_together_from_their_lines),
        cmocka_unit_test(an_enhanced_code_must_fit_the_code),
        cmocka_unit_test(what_is_no_reply_is_seen),
        cmocka_unit_test(a_reply_without_end_takes_bounded_memory),
        cmocka_unit_test(extensions_are_found_behind_the_greeting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
