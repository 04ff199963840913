/* The data of a message on its way in and out: line ends, dots, limits, header facts.
 *
 * Every input is fed whole, byte by byte and in all two pieces: where the network cuts must not matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/smtp/data_decoder.h"
#include "engine/smtp/data_encoder.h"
#include "engine/smtp/header_capture.h"

struct outcome {
    bool ended;
    size_t used;
    enum smtp_answer fault;
};

/* Decodes in, cut after every `step` bytes and at `cut`. */
static struct outcome decode(struct span in, size_t step, size_t cut, struct buf *out)
{
    struct smtp_data_decoder d;
    size_t used = 0;
    smtp_data_decoder_init(&d, 1000, 100);
    buf_clear(out);
    while (used < in.n && !d.ended) {
        size_t piece = used < cut && cut - used < step ? cut - used : step;
        used += smtp_data_decode(&d, span_slice(in, used, piece), out);
    }
    return (struct outcome){d.ended, used, d.fault};
}

static void expect_same_in_all_pieces(struct span in, const struct outcome *want, struct span data)
{
    struct buf out = {0};
    for (size_t cut = 0; cut <= in.n; cut++) {
        /* cut 0 stands for byte by byte */
        struct outcome got = decode(in, cut ? in.n : 1, cut, &out);
        if (got.ended != want->ended || got.used != want->used || got.fault != want->fault)
            fail_msg("cut %zu: ended %d used %zu fault %d", cut, got.ended, got.used, got.fault);
        if (!want->fault && want->ended && !span_equal(buf_span(&out), data))
            fail_msg("cut %zu: data '%.*s'", cut, (int)out.len, out.data);
    }
    buf_free(&out);
}

static void good_data_is_freed_of_dots(void **state)
{
    (void)state;
    static const struct {
        struct span in, data;
    } rows[] = {
        {SPAN(".\r\n"), SPAN("")},
        {SPAN("\r\n.\r\n"), SPAN("\r\n")},
        {SPAN("a\r\n.\r\n"), SPAN("a\r\n")},
        {SPAN("..\r\n.\r\n"), SPAN(".\r\n")},
        {SPAN("..a\r\n...\r\n.b\r\nc.\r\n.\r\n"), SPAN(".a\r\n..\r\nb\r\nc.\r\n")},
        {SPAN("a\0b\xff\r\n.\r\n"), SPAN("a\0b\xff\r\n")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct outcome want = {true, rows[i].in.n, SMTP_ANSWER_NONE};
        expect_same_in_all_pieces(rows[i].in, &want, rows[i].data);
    }
}

static void what_follows_the_end_is_left_alone(void **state)
{
    (void)state;
    struct outcome want = {true, 6, SMTP_ANSWER_NONE};
    expect_same_in_all_pieces(SPAN("a\r\n.\r\nMAIL FROM:<x@y>\r\n.\r\n"), &want, SPAN("a\r\n"));
}

/* Each separator that some server takes for the end of data, followed by what a smuggler would like to be taken
 * as commands, and then the real end: one message, refused as a whole. */
static void smuggling_never_splits_a_message(void **state)
{
    (void)state;
    static const struct {
        struct span separator;
        enum smtp_answer fault;
    } rows[] = {
        {SPAN("\n.\n"), SMTP_ANSWER_BARE_LF},         {SPAN("\n.\r\n"), SMTP_ANSWER_BARE_LF},
        {SPAN("\r\n.\n"), SMTP_ANSWER_BARE_LF},       {SPAN("\r.\r"), SMTP_ANSWER_BARE_CR},
        {SPAN("\r\n.\r"), SMTP_ANSWER_BARE_CR},       {SPAN("\r.\r\n"), SMTP_ANSWER_BARE_CR},
        {SPAN("\r.\n"), SMTP_ANSWER_BARE_CR},         {SPAN("\n.\r"), SMTP_ANSWER_BARE_LF},
        {SPAN("\r\r\n.\r\r\n"), SMTP_ANSWER_BARE_CR}, {SPAN("\r\n.\r\r\n"), SMTP_ANSWER_BARE_CR},
        {SPAN("\n\n.\n\n"), SMTP_ANSWER_BARE_LF},     {SPAN("\r\n\r.\r\n"), SMTP_ANSWER_BARE_CR},
        {SPAN("\r\0\n.\r\n"), SMTP_ANSWER_BARE_CR},   {SPAN("\r\n.\0\r\n\n"), SMTP_ANSWER_BARE_LF},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf in = {0};
        buf_append_span(&in, SPAN("one"));
        buf_append_span(&in, rows[i].separator);
        buf_append_span(&in, SPAN("MAIL FROM:<x@y.example>\r\n.\r\n"));
        struct outcome want = {true, in.len, rows[i].fault};
        expect_same_in_all_pieces(buf_span(&in), &want, SPAN(""));
        buf_free(&in);
    }
}

/* The rule itself, as plainly as it can be said: the end is the first CRLF.CRLF when a CRLF stands before all. */
static struct outcome outcome_by_the_rule(struct span in, struct buf *data)
{
    struct buf all = {0};
    struct outcome want = {0};
    buf_append_span(&all, SPAN("\r\n"));
    buf_append_span(&all, in);
    size_t end = span_find_span(buf_span(&all), SPAN("\r\n.\r\n"));
    want.ended = end < all.len;
    want.used = want.ended ? end + 3 : in.n;
    size_t limit = want.ended ? end + 2 : all.len;
    buf_clear(data);
    for (size_t i = 2; i < limit && !want.fault; i++) {
        bool cr = all.data[i] == '\r', feed = all.data[i] == '\n', known = i + 1 < all.len;
        if (cr && known && all.data[i + 1] != '\n')
            want.fault = SMTP_ANSWER_BARE_CR;
        else if (feed && all.data[i - 1] != '\r')
            want.fault = SMTP_ANSWER_BARE_LF;
        bool stuffing = all.data[i] == '.' && all.data[i - 1] == '\n' && all.data[i - 2] == '\r';
        if (!stuffing)
            buf_append_char(data, all.data[i]);
    }
    buf_free(&all);
    return want;
}

static void every_short_text_follows_the_rule(void **state)
{
    (void)state;
    static const char alphabet[] = {'\r', '\n', '.', 'a'};
    enum { LENGTH = 7 };
    struct buf data = {0};
    for (unsigned n = 0; n < 1u << (2 * LENGTH); n++) {
        char text[LENGTH + 5];
        for (unsigned i = 0; i < LENGTH; i++)
            text[i] = alphabet[n >> (2 * i) & 3];
        memcpy(text + LENGTH, "\r\n.\r\n", 5);
        struct outcome want = outcome_by_the_rule(span_of(text, sizeof text), &data);
        assert_true(want.ended);
        expect_same_in_all_pieces(span_of(text, sizeof text), &want, buf_span(&data));
    }
    buf_free(&data);
}

static void limits_refuse_the_message_but_not_its_end(void **state)
{
    (void)state;
    char text[2000];
    struct outcome want = {true, 103, SMTP_ANSWER_NONE};
    memset(text, 'x', sizeof text);
    memcpy(text + 98, "\r\n.\r\n", 5);
    expect_same_in_all_pieces(span_of(text, 103), &want, span_of(text, 100));

    memcpy(text + 98, "x\r\n.\r\n", 6);
    want = (struct outcome){true, 104, SMTP_ANSWER_TEXT_LINE_TOO_LONG};
    expect_same_in_all_pieces(span_of(text, 104), &want, SPAN(""));

    memset(text, 'x', sizeof text);
    for (size_t i = 48; i < 1100; i += 50)
        memcpy(text + i, "\r\n", 2);
    memcpy(text + 1000, ".\r\n", 3);
    want = (struct outcome){true, 1003, SMTP_ANSWER_NONE};
    expect_same_in_all_pieces(span_of(text, 1003), &want, span_of(text, 1000));
    memcpy(text + 1000, "x\r\n.\r\n", 6);
    want = (struct outcome){true, 1006, SMTP_ANSWER_TOO_BIG};
    expect_same_in_all_pieces(span_of(text, 1006), &want, SPAN(""));
}

/* Out */

static void encode(struct span in, size_t cut, struct buf *out)
{
    struct smtp_data_encoder e = {0};
    buf_clear(out);
    smtp_data_encode(&e, span_slice(in, 0, cut), out);
    smtp_data_encode(&e, span_slice(in, cut, in.n), out);
    smtp_data_encode_end(&e, out);
}

static void sent_data_is_stuffed_and_ended(void **state)
{
    (void)state;
    static const struct {
        struct span in, sent;
    } rows[] = {
        {SPAN(""), SPAN(".\r\n")},
        {SPAN("."), SPAN("..\r\n.\r\n")},
        {SPAN("a"), SPAN("a\r\n.\r\n")},
        {SPAN("a\r"), SPAN("a\r\n.\r\n")},
        {SPAN(".\r\n..\r\na.\r\n\r\n."), SPAN("..\r\n...\r\na.\r\n\r\n..\r\n.\r\n")},
        {SPAN("a\n.\r\n"), SPAN("a\n..\r\n.\r\n")},
        {SPAN("a\n"), SPAN("a\n\r\n.\r\n")},
    };
    struct buf out = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t cut = 0; cut <= rows[i].in.n; cut++) {
            encode(rows[i].in, cut, &out);
            assert_true(span_equal(buf_span(&out), rows[i].sent));
        }
    }
    buf_free(&out);
}

static void what_was_sent_is_what_arrives(void **state)
{
    (void)state;
    struct span message = SPAN("Subject: dots\r\n\r\n.\r\n..\r\n...a\r\n\r\n.b\r\n");
    struct buf sent = {0}, arrived = {0};
    encode(message, 20, &sent);
    struct outcome got = decode(buf_span(&sent), sent.len, 0, &arrived);
    assert_true(got.ended && !got.fault);
    assert_true(span_equal(buf_span(&arrived), message));
    buf_free(&sent);
    buf_free(&arrived);
}

/* Header facts */

static void expect_capture(struct span in, const char *message_id, const char *subject, unsigned received)
{
    for (size_t cut = 0; cut <= in.n; cut++) {
        struct smtp_header_capture c = {0};
        if (cut == 0) {
            for (size_t i = 0; i < in.n; i++)
                smtp_header_capture_feed(&c, span_slice(in, i, 1));
        } else {
            smtp_header_capture_feed(&c, span_slice(in, 0, cut));
            smtp_header_capture_feed(&c, span_slice(in, cut, in.n));
        }
        assert_string_equal(buf_text(&c.message_id), message_id);
        assert_string_equal(buf_text(&c.subject), subject);
        assert_int_equal(c.received_count, received);
        smtp_header_capture_free(&c);
    }
}

static void header_facts_are_caught_wherever_the_data_is_cut(void **state)
{
    (void)state;
    expect_capture(
        SPAN("received: one\r\n\tof: x\r\nRECEIVED: two\r\nSubject:  a long\r\n  subject\t\r\n"
             "subject: another\r\nMessage-Id: <1@a.example>\r\n\r\nReceived: body\r\nSubject: body\r\n"),
        "<1@a.example>", "a long  subject", 2);
    expect_capture(SPAN("X: y\r\n\r\n"), "", "", 0);
    expect_capture(SPAN("\r\nSubject: body\r\n"), "", "", 0);
    expect_capture(SPAN("Subject:\r\n folded\r\nA: b\r\n\r\n"), "", "folded", 0);
    expect_capture(SPAN(" odd\r\nSubjec: x\r\nSubject:z\r\nMessage-ID:\r\n\r\n"), "", "z", 0);
}

static void a_long_subject_is_cut(void **state)
{
    (void)state;
    struct smtp_header_capture c = {0};
    smtp_header_capture_feed(&c, SPAN("Subject: "));
    for (int i = 0; i < 500; i++)
        smtp_header_capture_feed(&c, SPAN("wordword\r\n "));
    smtp_header_capture_feed(&c, SPAN("\r\n\r\n"));
    assert_int_equal(c.subject.len, SMTP_CAPTURE_MAX);
    assert_true(c.done);
    smtp_header_capture_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_data_is_freed_of_dots),
        cmocka_unit_test(what_follows_the_end_is_left_alone),
        cmocka_unit_test(smuggling_never_splits_a_message),
        cmocka_unit_test(every_short_text_follows_the_rule),
        cmocka_unit_test(limits_refuse_the_message_but_not_its_end),
        cmocka_unit_test(sent_data_is_stuffed_and_ended),
        cmocka_unit_test(what_was_sent_is_what_arrives),
        cmocka_unit_test(header_facts_are_caught_wherever_the_data_is_cut),
        cmocka_unit_test(a_long_subject_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
