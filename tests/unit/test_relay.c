/* Parts of the way out: splices, routes, waits between tries, the schedule, header and bounce text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "daemon/queue/bounce.h"
#include "daemon/queue/header.h"
#include "daemon/queue/schedule.h"
#include "daemon/route.h"
#include "engine/base/buf.h"
#include "engine/relay/mbox.h"
#include "engine/relay/splice.h"

static void collect(void *context, struct span piece)
{
    buf_append_span(context, piece);
}

/* The same whatever the size of the chunks. */
static void assert_spliced(struct span message, const struct judge_edit *edits, uint32_t count,
                           const char *want)
{
    for (size_t chunk = 1; chunk <= message.n + 1; chunk++) {
        struct splice s;
        struct buf out = {0};
        splice_begin(&s, edits, count);
        splice_feed(&s, (struct span){0}, collect, &out);
        for (size_t at = 0; at < message.n; at += chunk)
            splice_feed(&s, span_slice(message, at, chunk), collect, &out);
        assert_string_equal(buf_text(&out), want);
        buf_free(&out);
    }
}

static void edits_insert_remove_and_replace(void **state)
{
    (void)state;
    const struct judge_edit edits[] = {
        {0, 0, SPAN("<")}, {2, 3, SPAN("")}, {5, 0, SPAN("+")}, {6, 2, SPAN("XYZ")}, {10, 0, SPAN(">")}};
    assert_spliced(SPAN("0123456789"), edits, 5, "<01+5XYZ89>");
    assert_spliced(SPAN("0123456789"), edits, 0, "0123456789");
    const struct judge_edit all = {0, 10, SPAN("new")};
    assert_spliced(SPAN("0123456789"), &all, 1, "new");
    const struct judge_edit nothing = {0, 0, SPAN("only")};
    assert_spliced(SPAN(""), &nothing, 1, "only");
}

/* In pieces of every size. */
static void assert_mbox(struct span message, const char *want)
{
    for (size_t chunk = 1; chunk <= message.n + 1; chunk++) {
        struct buf out = {0};
        struct mbox m = {0};
        for (size_t at = 0; at < message.n; at += chunk)
            mbox_put(&m, span_slice(message, at, chunk), &out);
        mbox_put_end(&m, &out);
        assert_string_equal(buf_text(&out), want);
        buf_free(&out);
    }
}

static void lines_that_look_like_the_next_message_are_quoted(void **state)
{
    (void)state;
    assert_mbox(SPAN("a: b\r\n\r\nFrom me\r\n>From you\r\n>>From all\r\n"),
                "a: b\n\n>From me\n>>From you\n>>>From all\n\n");
    assert_mbox(SPAN("From \r\nFrom\r\nFro\r\n From x\r\nxFrom y\r\n>x>From z\r\n>F>From z\r\nFFrom \r\n"),
                ">From \nFrom\nFro\n From x\nxFrom y\n>x>From z\n>F>From z\nFFrom \n\n");
}

static void a_message_in_an_mbox_ends_with_an_empty_line(void **state)
{
    (void)state;
    assert_mbox(SPAN(""), "\n");
    assert_mbox(SPAN("x"), "x\n\n");
    assert_mbox(SPAN("x\r\n"), "x\n\n");
    assert_mbox(SPAN("x\r"), "x\r\n\n");
    assert_mbox(SPAN("x\ry\r\r\nz\n"), "x\ry\r\nz\n\n");
    assert_mbox(SPAN(">"), ">\n\n");
    assert_mbox(SPAN("Fro"), "Fro\n\n");
    assert_mbox(SPAN("\r"), "\r\n\n");
}

static void the_line_before_a_message_names_sender_and_time(void **state)
{
    (void)state;
    struct buf out = {0};
    mbox_put_from(&out, SPAN("\"a b\"@example.org"), INT64_C(1000000000) * 1000000);
    mbox_put_from(&out, (struct span){0}, 0);
    assert_string_equal(buf_text(&out), "From \"a_b\"@example.org Sun Sep  9 01:46:40 2001\n"
                                        "From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n");
    buf_free(&out);
}

static void routes_are_a_maildir_or_a_host_with_a_port(void **state)
{
    (void)state;
    struct route r;
    struct error e;
    assert_true(route_parse("", &r, &e) && r.kind == ROUTE_NONE);
    assert_true(route_parse("maildir:mail/in", &r, &e) && r.kind == ROUTE_MAILDIR);
    assert_true(span_equal(r.maildir, SPAN("mail/in")));
    assert_true(route_parse("mx.example:2525", &r, &e) && r.kind == ROUTE_SMTP && r.port == 2525);
    assert_true(route_parse("[::1]:25", &r, &e) && span_equal(r.host, SPAN("::1")));
    const char *const wrong[] = {"maildir:",    "mx.example",   ":25",
                                 "mx.example:", "mx.example:0", "mx.example:65536"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(route_parse(wrong[i], &r, &e));
    assert_true(route_parse("MailDir:box", &r, &e) && r.kind == ROUTE_MAILDIR);
    assert_string_equal(r.maildir.p, "box");
}

static void listeners_may_leave_the_port_to_the_kernel(void **state)
{
    (void)state;
    struct span host;
    uint16_t port;
    struct error e;
    assert_true(host_port_parse("[::]:0", &host, &port, &e) && span_equal(host, SPAN("::")) && port == 0);
    const char *const wrong[] = {"", "127.0.0.1", "[]:25", ":0", "h:65536", "h:-1"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(host_port_parse(wrong[i], &host, &port, &e));
}

static void waits_double_up_to_the_longest_and_spread_a_little(void **state)
{
    (void)state;
    int64_t want = 60;
    for (uint32_t tries = 1; tries < 40; tries++) {
        int64_t wait = schedule_retry_wait(60, 3600, tries, tries * 77);
        assert_in_range(wait, want - want / 10, want);
        want = want * 2 < 3600 ? want * 2 : 3600;
    }
    assert_int_equal(schedule_retry_wait(1, 1, 5, 9), 1);
    bool differ = false;
    for (uint64_t seed = 1; seed < 20; seed++)
        differ |= schedule_retry_wait(600, 600, 1, seed) != schedule_retry_wait(600, 600, 1, 0);
    assert_true(differ);
}

static void the_schedule_gives_the_earliest_first(void **state)
{
    (void)state;
    enum { COUNT = 500 };
    static struct message messages[COUNT];
    struct schedule s = {0};
    for (uint64_t i = 0; i < COUNT; i++) {
        messages[i] = (struct message){.node.key = i, .due = (int64_t)(i * 7919 % 101)};
        schedule_add(&s, &messages[i]);
    }
    for (uint64_t i = 0; i < COUNT; i += 3)
        schedule_remove(&s, &messages[i]);
    schedule_remove(&s, &messages[0]);
    const struct message *last = NULL;
    size_t count = 0;
    for (struct message *m; (m = schedule_first(&s)); count++) {
        assert_true(message_mid(m) % 3 != 0);
        if (last)
            assert_true(last->due < m->due || (last->due == m->due && message_mid(last) < message_mid(m)));
        last = m;
        schedule_remove(&s, m);
    }
    assert_int_equal(count, COUNT - (COUNT + 2) / 3);
    schedule_free(&s);
}

static void the_message_id_is_found_in_the_header_only(void **state)
{
    (void)state;
    assert_true(span_equal(header_message_id(SPAN("A: b\r\nmessage-ID: <x@y> \r\n\r\n")), SPAN("<x@y>")));
    assert_true(span_equal(header_message_id(SPAN("Message-ID:\r\n <x@y>\r\nB: c\r\n")), SPAN("<x@y>")));
    assert_int_equal(header_message_id(SPAN("A: b\r\n\r\nMessage-ID: <x@y>\r\n")).n, 0);
    assert_int_equal(header_message_id(SPAN("")).n, 0);
}

static const struct recipient lost_recipient = {.address = {"lost@example.net", 16},
                                                .original = {"rfc822;old+2Bname@example.net", 29}};
static const struct message lost = {
    .sender = {"from@example.org", 16}, .received = 1700000000000000, .envelope_id = {"QQ+2B1", 6}};

static struct span said = {"5.1.1", 5};

static struct buf notice_of(enum bounce_action action, struct span text, struct span head, bool whole)
{
    struct bounce_recipient told = {.recipient = &lost_recipient,
                                    .action = action,
                                    .enhanced = SPAN("5.1.1"),
                                    .said = said,
                                    .text = text,
                                    .code = 550,
                                    .remote = SPAN("mx.example.net")};
    struct bounce b = {.hostname = SPAN("gw.example"),
                       .from = SPAN("Mail Delivery System <MAILER-DAEMON@gw.example>"),
                       .lost = &lost,
                       .mid = 42,
                       .now = 1700000000000000,
                       .retry_until = 1700000000000000,
                       .recipients = &told,
                       .count = 1,
                       .head = head,
                       .whole = whole};
    struct buf out = {0};
    if (whole)
        assert_true(bounce_may_return(&b, head));
    bounce_put(&out, &b);
    buf_text(&out);
    return out;
}

static struct buf bounce_of(struct span text, struct span head)
{
    return notice_of(BOUNCE_FAILED, text, head, false);
}

static void a_bounce_says_who_was_not_reached_and_why(void **state)
{
    (void)state;
    struct buf out = bounce_of(SPAN("no such user"), SPAN("Subject: hello\r\n\r\nsecret body\r\n"));
    assert_non_null(strstr(out.data, "To: <from@example.org>\r\n"));
    assert_non_null(strstr(out.data, "Auto-Submitted: auto-replied\r\n"));
    assert_non_null(strstr(out.data, "From: Mail Delivery System <MAILER-DAEMON@gw.example>\r\n"));
    assert_non_null(strstr(out.data, "Original-Envelope-Id: QQ+1\r\nReporting-MTA: dns; gw.example\r\n"));
    assert_non_null(strstr(out.data, "\r\n\r\nOriginal-Recipient: rfc822; old+name@example.net\r\n"
                                     "Final-Recipient: rfc822; lost@example.net\r\nAction: failed\r\n"
                                     "Status: 5.1.1\r\nRemote-MTA: dns; mx.example.net\r\n"
                                     "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n"));
    assert_non_null(strstr(out.data, "  lost@example.net\r\n    550 5.1.1 no such user\r\n"));
    assert_non_null(strstr(out.data, "\r\n\r\nSubject: hello\r\n"));
    assert_null(strstr(out.data, "secret"));
    assert_non_null(strstr(out.data, "Tue, 14 Nov 2023 22:13:20 +0000"));
    buf_free(&out);
}

static void a_bounce_puts_no_words_into_the_mouth_of_the_next_hop(void **state)
{
    (void)state;
    const struct span sent = said;
    said = SPAN("");
    struct buf out = bounce_of(SPAN("no such user"), SPAN("Subject: hello\r\n\r\n"));
    said = sent;
    assert_non_null(strstr(out.data, "Diagnostic-Code: smtp; 550 no such user\r\n"));
    assert_non_null(strstr(out.data, "Status: 5.1.1\r\n"));
    buf_free(&out);
}

static void a_notice_of_a_delay_says_until_when(void **state)
{
    (void)state;
    struct buf out = notice_of(BOUNCE_DELAYED, SPAN("busy"), SPAN("Subject: hello\r\n\r\n"), false);
    assert_non_null(strstr(out.data, "Subject: Mail is delayed\r\n"));
    assert_non_null(strstr(out.data, "Action: delayed\r\n"));
    assert_non_null(strstr(out.data, "Will-Retry-Until: Tue, 14 Nov 2023 22:13:20 +0000\r\n"));
    buf_free(&out);
}

static void a_whole_message_is_returned_as_it_is(void **state)
{
    (void)state;
    struct buf out =
        notice_of(BOUNCE_FAILED, SPAN("no"), SPAN("Subject: hello\r\n\r\n--x\r\nbody\r\n"), true);
    assert_non_null(strstr(out.data, "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
                                     "Subject: hello\r\n\r\n--x\r\nbody\r\n\r\n--=_42."));
    buf_free(&out);
}

static void a_notice_about_utf8_mail_says_addresses_in_ascii_where_programs_read(void **state)
{
    (void)state;
    const struct recipient to = {.address = SPAN("j\xc3\xb6rg+x@example.net"),
                                 .original = SPAN("utf-8;j\xc3\xb6\\x{FC}+2Bx@example.net")};
    const struct message m = {.sender = SPAN("\xc3\xa4@example.org"), .utf8 = true};
    const struct bounce_recipient told = {.recipient = &to, .enhanced = SPAN("5.6.7"), .text = SPAN("no")};
    const struct bounce b = {.hostname = SPAN("gw.example"),
                             .lost = &m,
                             .recipients = &told,
                             .count = 1,
                             .head = SPAN("Subject: h\xc3\xa9llo\r\n\r\n")};
    struct buf out = {0};
    bounce_put(&out, &b);
    buf_text(&out);
    assert_non_null(strstr(out.data, "To: <\xc3\xa4@example.org>\r\n"));
    assert_non_null(strstr(out.data, "Original-Recipient: utf-8; j\\x{F6}\\x{FC}\\x{2B}x@example.net\r\n"
                                     "Final-Recipient: utf-8; j\\x{F6}rg\\x{2B}x@example.net\r\n"));
    assert_non_null(
        strstr(out.data, "Content-Type: message/global-headers\r\nContent-Transfer-Encoding: 8bit\r\n"));
    assert_non_null(strstr(out.data, "  j\xc3\xb6rg+x@example.net\r\n"));
    buf_free(&out);
}

static void what_would_break_the_notice_is_not_returned_whole(void **state)
{
    (void)state;
    static char line[2000];
    const struct bounce b = {.mid = 42, .now = 7};
    memset(line, 'l', sizeof line);
    assert_true(bounce_may_return(&b, SPAN("A: b\r\n\r\n--=_42.8\r\n")));
    assert_false(bounce_may_return(&b, SPAN("A: b\r\n\r\n--=_42.7\r\n")));
    assert_false(bounce_may_return(&b, SPAN("A: b\r\n\r\n\0\r\n")));
    assert_false(bounce_may_return(&b, span_of(line, sizeof line)));
}

static void a_bounce_that_returns_8bit_says_so_outside_too(void **state)
{
    (void)state;
    struct buf out = bounce_of(SPAN("no such user"), SPAN("Subject: h\xc3\xa9\0llo\r\n\r\n"));
    assert_int_equal(strlen(out.data), out.len); /* no NUL */
    char *outer = strstr(out.data, "Content-Transfer-Encoding: 8bit\r\n");
    assert_non_null(outer);
    assert_true(outer < strstr(out.data, "\r\n\r\n"));
    buf_free(&out);
}

static void hostile_text_adds_no_lines_to_a_bounce(void **state)
{
    (void)state;
    static char head[20000];
    memset(head, 'h', sizeof head);
    memcpy(head, "X: ", 3);
    struct buf out = bounce_of(SPAN("no\r\nBcc: all@example.com\r\n\xff"), span_of(head, sizeof head));
    assert_null(strstr(out.data, "\nBcc:"));
    for (const char *line = out.data; *line; line = strchr(line, '\n') + 1) {
        const char *end = strchr(line, '\n');
        assert_non_null(end);
        assert_true(end - line <= 998);
    }
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edits_insert_remove_and_replace),
        cmocka_unit_test(lines_that_look_like_the_next_message_are_quoted),
        cmocka_unit_test(a_message_in_an_mbox_ends_with_an_empty_line),
        cmocka_unit_test(the_line_before_a_message_names_sender_and_time),
        cmocka_unit_test(routes_are_a_maildir_or_a_host_with_a_port),
        cmocka_unit_test(listeners_may_leave_the_port_to_the_kernel),
        cmocka_unit_test(waits_double_up_to_the_longest_and_spread_a_little),
        cmocka_unit_test(the_schedule_gives_the_earliest_first),
        cmocka_unit_test(the_message_id_is_found_in_the_header_only),
        cmocka_unit_test(a_bounce_says_who_was_not_reached_and_why),
        cmocka_unit_test(a_bounce_puts_no_words_into_the_mouth_of_the_next_hop),
        cmocka_unit_test(a_notice_of_a_delay_says_until_when),
        cmocka_unit_test(a_whole_message_is_returned_as_it_is),
        cmocka_unit_test(a_notice_about_utf8_mail_says_addresses_in_ascii_where_programs_read),
        cmocka_unit_test(what_would_break_the_notice_is_not_returned_whole),
        cmocka_unit_test(a_bounce_that_returns_8bit_says_so_outside_too),
        cmocka_unit_test(hostile_text_adds_no_lines_to_a_bounce),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
