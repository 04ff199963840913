/* The spamd protocol: requests as they come, whole or in pieces, and what is answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/schema/schema.h"
#include "engine/spamd/spamd_reply.h"

static struct buf out;

static enum spamd_parse parse(const char *text, struct spamd_request *request, size_t *used,
                              struct error *error)
{
    return spamd_request_parse(span_text(text), request, used, error);
}

static struct spamd_request request_of(const char *text)
{
    struct spamd_request request;
    struct error error;
    size_t used;
    assert_int_equal(parse(text, &request, &used, &error), SPAMD_PARSE_DONE);
    assert_int_equal(used, strlen(text));
    return request;
}

static void requests_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum spamd_method method;
        unsigned version;
        bool has_length;
        uint64_t length;
        const char *user;
        bool compressed;
    } rows[] = {
        {"CHECK SPAMC/1.2\r\nContent-length: 12\r\n\r\n", SPAMD_CHECK, 12, true, 12, "", false},
        {"CHECK SPAMC/1.5\nUser: anna\n\n", SPAMD_CHECK, 15, false, 0, "anna", false},
        {"REPORT SPAMC/1.2\r\nUser: nobody\r\ncontent-LENGTH:0\r\n\r\n", SPAMD_REPORT, 12, true, 0, "nobody",
         false},
        {"REPORT_IFSPAM SPAMC/1.3\r\n\r\n", SPAMD_REPORT_IFSPAM, 13, false, 0, "", false},
        {"SYMBOLS SPAMC/1.0\r\n", SPAMD_SYMBOLS, 10, false, 0, "", false},
        {"PROCESS SPAMC/1.9\r\nX-New: of tomorrow\r\n\r\n", SPAMD_PROCESS, 15, false, 0, "", false},
        {"HEADERS SPAMC/1.4\r\nCompress: zlib\r\n\r\n", SPAMD_HEADERS, 14, false, 0, "", true},
        {"TELL SPAMC/1.3\r\nMessage-class: spam\r\nSet: local\r\n\r\n", SPAMD_TELL, 13, false, 0, "", false},
        {"PING SPAMC/1.2\r\n", SPAMD_PING, 12, false, 0, "", false},
        {"SKIP SPAMC/1.2\r\n", SPAMD_SKIP, 12, false, 0, "", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct spamd_request r = request_of(rows[i].text);
        if (r.method != rows[i].method || r.version != rows[i].version ||
            r.has_length != rows[i].has_length || r.length != rows[i].length ||
            r.compressed != rows[i].compressed || !span_equal(r.user, span_text(rows[i].user)))
            fail_msg("%s", rows[i].text);
    }
}

static void what_is_told_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *headers;
        enum spamd_class message_class;
        bool set, remove;
    } rows[] = {
        {"Message-class: spam\r\nSet: local\r\n", SPAMD_CLASS_SPAM, true, false},
        {"message-CLASS: HAM\r\nSET: remote , LOCAL\r\n", SPAMD_CLASS_HAM, true, false},
        {"Message-class: ham\r\nSet: local\r\nRemove: remote\r\n", SPAMD_CLASS_HAM, true, false},
        {"Remove: local,remote\r\n", SPAMD_CLASS_NONE, false, true},
        {"Set: locally\r\nRemove:\r\n", SPAMD_CLASS_NONE, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        buf_clear(&out);
        buf_printf(&out, "TELL SPAMC/1.5\r\n%s\r\n", rows[i].headers);
        struct spamd_request request = request_of(buf_text(&out));
        assert_int_equal(request.message_class, rows[i].message_class);
        assert_int_equal(request.set_local, rows[i].set);
        assert_int_equal(request.remove_local, rows[i].remove);
    }
}

static void what_is_told_is_answered(void **state)
{
    (void)state;
    buf_clear(&out);
    spamd_put_told(&out, true, false);
    assert_string_equal(buf_text(&out), "SPAMD/1.1 0 EX_OK\r\nDidSet: local\r\nContent-length: 0\r\n\r\n");
    buf_clear(&out);
    spamd_put_told(&out, false, true);
    assert_string_equal(buf_text(&out), "SPAMD/1.1 0 EX_OK\r\nDidRemove: local\r\nContent-length: 0\r\n\r\n");
    buf_clear(&out);
    spamd_put_told(&out, false, false);
    assert_string_equal(buf_text(&out), "SPAMD/1.1 0 EX_OK\r\nContent-length: 0\r\n\r\n");
}

static void what_is_no_request_is_refused_with_a_reason(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } rows[] = {
        {"\r\n", "unknown command"},
        {"GET / HTTP/1.1\r\n", "unknown command"},
        {"check SPAMC/1.2\r\n", "unknown command"},
        {"CHECK\r\n", "the command is not followed by SPAMC/1.x"},
        {"CHECK SPAMC/2.0\r\n", "the command is not followed by SPAMC/1.x"},
        {"CHECK SPAMC/1.\r\n", "the command is not followed by SPAMC/1.x"},
        {"CHECK SPAMC/1.2 x\r\n", "the command is not followed by SPAMC/1.x"},
        {"CHECK SPAMC/1.2\r\nno colon\r\n", "a header has no colon"},
        {"CHECK SPAMC/1.2\r\nContent-length: -1\r\n", "Content-length is not a number"},
        {"CHECK SPAMC/1.2\r\nContent-length: 99999999999999999999\r\n", "Content-length is not a number"},
        {"CHECK SPAMC/1.2\r\nContent-length:\r\n", "Content-length is not a number"},
        {"CHECK SPAMC/1.2\r\nContent-length: 1\r\nContent-length: 2\r\n",
         "there are two different Content-length"},
        {"TELL SPAMC/1.5\r\nMessage-class: eggs\r\n", "Message-class is neither spam nor ham"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct spamd_request request;
        struct error error = {""};
        size_t used;
        if (parse(rows[i].text, &request, &used, &error) != SPAMD_PARSE_WRONG ||
            strcmp(error.text, rows[i].reason) != 0)
            fail_msg("%s: %s", rows[i].text, error.text);
    }
}

static void a_request_may_come_in_pieces_and_is_never_longer_than_its_limit(void **state)
{
    (void)state;
    const char *text = "CHECK SPAMC/1.5\r\nContent-length: 5\r\nUser: anna\r\n\r\nhello";
    struct spamd_request request;
    struct error error;
    size_t used = 0, head = strlen(text) - 5;
    for (size_t n = 0; n < head; n++)
        assert_int_equal(spamd_request_parse(span_of(text, n), &request, &used, &error), SPAMD_PARSE_MORE);
    assert_int_equal(parse(text, &request, &used, &error), SPAMD_PARSE_DONE);
    assert_int_equal(used, head);
    buf_clear(&out);
    buf_append_span(&out, SPAN("CHECK SPAMC/1.5\r\nX: "));
    while (out.len < SPAMD_HEAD_MAX - 1)
        buf_append_char(&out, 'x');
    assert_int_equal(spamd_request_parse(buf_span(&out), &request, &used, &error), SPAMD_PARSE_MORE);
    buf_append_char(&out, 'x');
    assert_int_equal(spamd_request_parse(buf_span(&out), &request, &used, &error), SPAMD_PARSE_WRONG);
}

/* ---- answers ---- */

static const struct judge_reason reasons[] = {
    {SPAN("text"), 2610}, {SPAN("sales_act_now"), 190}, {SPAN("a,b\r\nc"), -1500}};

static struct spamd_verdict verdict(int score)
{
    return (struct spamd_verdict){
        .score = score, .hostname = "gw.example.com", .reasons = reasons, .reason_count = 3};
}

static const char *head(const char *request, int score, bool raw, uint64_t body_bytes)
{
    struct spamd_request r = request_of(request);
    struct spamd_verdict v = verdict(score);
    v.raw = raw;
    buf_clear(&out);
    spamd_put_head(&out, &r, &v, body_bytes);
    return buf_text(&out);
}

static void heads_have_the_headers_that_the_clients_version_expects(void **state)
{
    (void)state;
    assert_string_equal(head("CHECK SPAMC/1.2\r\n\r\n", 50, false, 0),
                        "SPAMD/1.1 0 EX_OK\r\nSpam: True ; 5.0 / 5.0\r\n\r\n");
    assert_string_equal(head("CHECK SPAMC/1.5\r\n\r\n", 49, false, 0),
                        "SPAMD/1.1 0 EX_OK\r\nSpam: False ; 4.9 / 5.0\r\n\r\n");
    assert_string_equal(head("CHECK SPAMC/1.5\r\n\r\n", 100, true, 0),
                        "SPAMD/1.1 0 EX_OK\r\nSpam: True ; 100 / 50\r\n\r\n");
    /* as mail servers read it that speak 1.2: one header, then the report */
    assert_string_equal(head("REPORT SPAMC/1.2\r\n\r\n", 0, false, 7),
                        "SPAMD/1.1 0 EX_OK\r\nSpam: False ; 0.0 / 5.0\r\n\r\n");
    assert_string_equal(head("REPORT SPAMC/1.3\r\n\r\n", 7, false, 7),
                        "SPAMD/1.1 0 EX_OK\r\nContent-length: 7\r\nSpam: False ; 0.7 / 5.0\r\n\r\n");
    assert_string_equal(head("PROCESS SPAMC/1.2\r\n\r\n", 7, false, 9),
                        "SPAMD/1.1 0 EX_OK\r\nContent-length: 9\r\n\r\n");
    assert_string_equal(head("HEADERS SPAMC/1.4\r\n\r\n", 99, false, 9),
                        "SPAMD/1.1 0 EX_OK\r\nContent-length: 9\r\nSpam: True ; 9.9 / 5.0\r\n\r\n");
    assert_string_equal(head("PROCESS SPAMC/1.1\r\n\r\n", 7, false, 9), "SPAMD/1.1 0 EX_OK\r\n");
}

static const char *body(const char *request, int score)
{
    struct spamd_request r = request_of(request);
    struct spamd_verdict v = verdict(score);
    buf_clear(&out);
    spamd_put_body(&out, &r, &v);
    return buf_text(&out);
}

static void names_of_reasons_cannot_end_a_line_or_a_list(void **state)
{
    (void)state;
    assert_string_equal(body("SYMBOLS SPAMC/1.5\r\n\r\n", 60), "text,sales_act_now,a_b__c");
    assert_string_equal(body("SYMBOLS SPAMC/1.2\r\n\r\n", 60), "text,sales_act_now,a_b__c\r\n");
    assert_non_null(strstr(body("REPORT SPAMC/1.2\r\n\r\n", 60), "\n    -1.50  a_b__c\n"));
    assert_string_equal(body("CHECK SPAMC/1.2\r\n\r\n", 60), "");
}

static void only_spam_has_a_report_if_spam(void **state)
{
    (void)state;
    assert_non_null(strstr(body("REPORT_IFSPAM SPAMC/1.2\r\n\r\n", 50), "gw.example.com: spam, score 5.0, "));
    assert_string_equal(body("REPORT_IFSPAM SPAMC/1.2\r\n\r\n", 49), "");
    assert_non_null(strstr(body("REPORT SPAMC/1.2\r\n\r\n", 49), "gw.example.com: not spam, score 4.9, "));
}

/* The header of the message without our fields; *body_at is where its body begins. */
static const char *header(const char *message, int score, size_t *body_at)
{
    struct spamd_verdict v = verdict(score);
    buf_clear(&out);
    *body_at = spamd_put_message_header(&out, span_text(message), &v);
    return buf_text(&out);
}

static void a_message_gets_our_fields_and_loses_forged_ones(void **state)
{
    (void)state;
    size_t at;
    const char *message =
        "From: a@example.org\r\nX-SPAM-Flag: NO\r\n folded\r\nSubject: s\r\n t\r\nx-spam-level : *\r\n"
        "no field\r\nX-Spam-Status: No\r\n\r\nX-Spam-Flag: in the body\r\n";
    const char *text = header(message, 73, &at);
    assert_string_equal(message + at, "X-Spam-Flag: in the body\r\n");
    assert_non_null(
        strstr(text, "X-Spam-Flag: YES\r\nX-Spam-Level: *******\r\n"
                     "X-Spam-Status: Yes, score=7.3 required=5.0\r\n\ttests=text,sales_act_now,a_b__c\r\n"
                     "From: a@example.org\r\nSubject: s\r\n t\r\nno field\r\n\r\n"));
    assert_ptr_equal(strstr(text, "X-Spam-Checker-Version: mailward "), text);
    assert_null(strstr(text, "folded"));
    assert_non_null(
        strstr(header("Subject: s\n\nbody", 9, &at), "\nX-Spam-Status: No, score=0.9 required=5.0\n\t"));
    assert_null(strchr(buf_text(&out), '\r'));
    assert_null(strstr(buf_text(&out), "X-Spam-Flag"));
    assert_null(strstr(buf_text(&out), "X-Spam-Level"));
}

static void messages_without_a_body_or_anything_keep_what_they_have(void **state)
{
    (void)state;
    static const char *const messages[] = {
        "", "\n", "\r\n\r\n", "Subject: s", "From x\nSubject: s\n\nb", "From x", "x"};
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        size_t at;
        const char *text = header(messages[i], 60, &at);
        assert_in_range(at, 0, strlen(messages[i]));
        assert_non_null(strstr(text, "X-Spam-Flag: YES"));
    }
    size_t at;
    assert_ptr_equal(strstr(header("From x\nSubject: s\n\nb", 60, &at), "From x\nX-Spam-"), buf_text(&out));
    assert_int_equal(at, strlen("From x\nSubject: s\n\n"));
    assert_ptr_equal(strstr(header("From x", 60, &at), "From x\r\nX-Spam-"), buf_text(&out));
}

static void a_refusal_is_one_line(void **state)
{
    (void)state;
    buf_clear(&out);
    spamd_put_refusal(&out, SPAMD_CHECK, SPAMD_EX_PROTOCOL, "unknown command");
    assert_string_equal(buf_text(&out), "SPAMD/1.1 76 EX_PROTOCOL: unknown command\r\n\r\n");
    buf_clear(&out);
    spamd_put_refusal(&out, SPAMD_TELL, SPAMD_EX_UNAVAILABLE, "off");
    assert_string_equal(buf_text(&out), "SPAMD/1.1 69 EX_UNAVAILABLE: off\r\n");
}

/* ---- the lists of its settings ---- */

static void lists_of_clients_and_sockets_are_checked(void **state)
{
    (void)state;
    static const struct {
        bool (*check)(struct span text, struct error *error);
        const char *text;
        bool good;
    } rows[] = {
        {schema_check_networks, "", true},
        {schema_check_networks, "127.0.0.1, ::1,192.0.2.0/24,2001:db8::/32,0.0.0.0/0", true},
        {schema_check_networks, "192.0.2.1/24", false},
        {schema_check_networks, "192.0.2.0/33", false},
        {schema_check_networks, "192.0.2.0/", false},
        {schema_check_networks, "example.com", false},
        {schema_check_networks, "127.0.0.1,", false},
        {schema_check_networks, ",", false},
        {schema_check_sockets, "", true},
        {schema_check_sockets, "127.0.0.1:783,[::1]:783, 0.0.0.0:0", true},
        {schema_check_sockets, "127.0.0.1", false},
        {schema_check_sockets, "::1:783", false},
        {schema_check_sockets, "[127.0.0.1]:783", false},
        {schema_check_sockets, "127.0.0.1:65536", false},
        {schema_check_sockets, "localhost:783", false},
        {schema_check_sockets, "127.0.0.1:783,", false},
        {schema_check_sockets,
         "1.1.1.1:1,1.1.1.1:2,1.1.1.1:3,1.1.1.1:4,1.1.1.1:5,1.1.1.1:6,1.1.1.1:7,1.1.1.1:8,1.1.1.1:9", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct error error;
        if (rows[i].check(span_text(rows[i].text), &error) != rows[i].good)
            fail_msg("%s", rows[i].text);
    }
}

static void a_network_has_the_addresses_that_begin_as_it_does(void **state)
{
    (void)state;
    static const unsigned char in[] = {192, 0, 3, 255}, beyond[] = {192, 0, 4, 0}, v6[16] = {0x20, 1};
    struct span list = SPAN("192.0.2.0/23,::/0");
    struct schema_network n;
    assert_int_equal(schema_network_next(&list, &n), SCHEMA_NEXT_GOOD);
    assert_true(schema_network_has(&n, false, in));
    assert_false(schema_network_has(&n, false, beyond));
    assert_false(schema_network_has(&n, true, v6));
    assert_int_equal(schema_network_next(&list, &n), SCHEMA_NEXT_GOOD);
    assert_true(schema_network_has(&n, true, v6));
    assert_false(schema_network_has(&n, false, in));
    assert_int_equal(schema_network_next(&list, &n), SCHEMA_NEXT_END);
}

static int free_out(void **state)
{
    (void)state;
    buf_free(&out);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_read),
        cmocka_unit_test(what_is_told_is_read),
        cmocka_unit_test(what_is_told_is_answered),
        cmocka_unit_test(what_is_no_request_is_refused_with_a_reason),
        cmocka_unit_test(a_request_may_come_in_pieces_and_is_never_longer_than_its_limit),
        cmocka_unit_test(heads_have_the_headers_that_the_clients_version_expects),
        cmocka_unit_test(names_of_reasons_cannot_end_a_line_or_a_list),
        cmocka_unit_test(only_spam_has_a_report_if_spam),
        cmocka_unit_test(a_message_gets_our_fields_and_loses_forged_ones),
        cmocka_unit_test(messages_without_a_body_or_anything_keep_what_they_have),
        cmocka_unit_test(a_refusal_is_one_line),
        cmocka_unit_test(lists_of_clients_and_sockets_are_checked),
        cmocka_unit_test(a_network_has_the_addresses_that_begin_as_it_does),
    };
    return cmocka_run_group_tests(tests, NULL, free_out);
}
