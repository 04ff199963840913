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

static struct buf bounce_of(struct span text, struct span head)
{
    struct bounce_failure failure = {
        .recipient = SPAN("lost@example.net"), .enhanced = SPAN("5.1.1"), .text = text, .code = 550};
    struct bounce b = {.hostname = SPAN("gw.example"),
                       .from = SPAN("Mail Delivery System <MAILER-DAEMON@gw.example>"),
                       .sender = SPAN("from@example.org"),
                       .mid = 42,
                       .now = 1700000000000000,
                       .received = 1700000000000000,
                       .failures = &failure,
                       .count = 1,
                       .head = head};
    struct buf out = {0};
    bounce_put(&out, &b);
    buf_text(&out);
    return out;
}

static void a_bounce_says_who_was_not_reached_and_why(void **state)
{
    (void)state;
    struct buf out = bounce_of(SPAN("no such user"), SPAN("Subject: hello\r\n\r\nsecret body\r\n"));
    assert_non_null(strstr(out.data, "To: <from@example.org>\r\n"));
    assert_non_null(strstr(out.data, "Auto-Submitted: auto-replied\r\n"));
    assert_non_null(strstr(out.data, "From: Mail Delivery System <MAILER-DAEMON@gw.example>\r\n"));
    assert_non_null(strstr(out.data, "Final-Recipient: rfc822; lost@example.net\r\nAction: failed\r\n"
                                     "Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 no such user\r\n"));
    assert_non_null(strstr(out.data, "\r\n\r\nSubject: hello\r\n"));
    assert_null(strstr(out.data, "secret"));
    assert_non_null(strstr(out.data, "Tue, 14 Nov 2023 22:13:20 +0000"));
    buf_free(&out);
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
        cmocka_unit_test(a_bounce_that_returns_8bit_says_so_outside_too),
        cmocka_unit_test(hostile_text_adds_no_lines_to_a_bounce),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
