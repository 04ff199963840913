/* Answers of the spamd protocol, whole, in pieces and broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "engine/spamd/spamd_response.h"

static const char usual[] =
    "SPAMD/1.1 0 EX_OK\r\nContent-length: 7\r\nSpam: True ; 15.25 / 5.0\r\n\r\nA_1,B_2";

static enum spamd_response_state read_whole(const char *text, struct spamd_response *r)
{
    *r = (struct spamd_response){0};
    return spamd_response_parse(span_text(text), true, r);
}

static void an_answer_is_verdict_points_and_rules(void **state)
{
    (void)state;
    struct spamd_response r;
    assert_int_equal(read_whole(usual, &r), SPAMD_RESPONSE_WHOLE);
    assert_true(r.code == 0 && r.has_verdict && r.spam && r.points == 15250 && r.required == 5000);
    assert_true(span_equal(r.body, SPAN("A_1,B_2")));
}

static void it_may_come_in_pieces(void **state)
{
    (void)state;
    struct spamd_response so_far = {0};
    const size_t size = sizeof usual - 1;
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(spamd_response_parse(span_of(usual, i), false, &so_far), SPAMD_RESPONSE_PART);
        struct spamd_response r = so_far;
        bool is_line = i == strlen("SPAMD/1.1 0 EX_OK\r\n"); /* as PONG is */
        assert_int_equal(spamd_response_parse(span_of(usual, i), true, &r),
                         is_line ? SPAMD_RESPONSE_WHOLE : SPAMD_RESPONSE_BAD);
        assert_false(is_line && r.has_verdict);
    }
    assert_int_equal(spamd_response_parse(span_of(usual, size), false, &so_far), SPAMD_RESPONSE_WHOLE);
    assert_true(so_far.points == 15250 && span_equal(so_far.body, SPAN("A_1,B_2")));
}

/* Else a peer that sends a long answer a byte at a time would take all our time. */
static void what_was_read_is_not_read_again(void **state)
{
    (void)state;
    struct spamd_response r = {0};
    char text[sizeof usual];
    memcpy(text, usual, sizeof text);
    const size_t size = sizeof usual - 1;
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(spamd_response_parse(span_of(text, i), false, &r), SPAMD_RESPONSE_PART);
        assert_true(r.in_body || r.searched == i);
        memset(text, '?', r.line); /* whole lines */
    }
    assert_int_equal(spamd_response_parse(span_of(text, size), false, &r), SPAMD_RESPONSE_WHOLE);
    assert_true(r.spam && r.points == 15250 && span_equal(r.body, SPAN("A_1,B_2")));
}

static void other_forms_of_it_are_understood(void **state)
{
    (void)state;
    struct spamd_response r;
    assert_int_equal(read_whole("SPAMD/1.5 0 PONG\r\n", &r), SPAMD_RESPONSE_WHOLE);
    assert_true(r.code == 0 && !r.has_verdict);
    assert_int_equal(read_whole("SPAMD/1.0 76 Bad header line\r\n\r\n", &r), SPAMD_RESPONSE_WHOLE);
    assert_int_equal(r.code, 76);
    assert_int_equal(read_whole("SPAMD/1.1 0 EX_OK\nspam: no ; -0.10 / 5\nX-New: field\n\nA", &r),
                     SPAMD_RESPONSE_WHOLE);
    assert_true(r.has_verdict && !r.spam && r.points == -100 && r.required == 5000);
    assert_true(span_equal(r.body, SPAN("A")));
    assert_int_equal(
        read_whole("SPAMD/1.1 0 EX_OK\r\nSpam: Yes ; 123456789012345678901234567890.5 / .5\r\n\r\n", &r),
        SPAMD_RESPONSE_WHOLE);
    assert_true(r.points == SPAMD_POINTS_MOST && r.required == 500);
}

static void what_is_broken_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "SPAMD/1.1\r\n\r\n",
        "SPAMD/1.1 x EX_OK\r\n\r\n",
        "SPAMD/1.1 99999999 EX_OK\r\n\r\n",
        "SPAMD/1.1 0 EX_OK\r\nno field\r\n\r\n",
        "SPAMD/1.1 0 EX_OK\r\nContent-length: -1\r\n\r\n",
        "SPAMD/1.1 0 EX_OK\r\nContent-length: 99999999999999999999999\r\n\r\n",
        "SPAMD/1.1 0 EX_OK\r\nContent-length: 2\r\n\r\nA",
        "SPAMD/1.1 0 EX_OK\r\nSpam: True\r\n\r\n",
        "SPAMD/1.1 0 EX_OK\r\nSpam: True ; 1\r\n\r\n",
        "SPAMD/1.1 0 EX_OK\r\nSpam: True / 1 ; 2\r\n\r\n",
        "SPAMD/1.1 0 EX_OK\r\nSpam: True ; - / 5\r\n\r\n",
        "SPAMD/1.1 0 EX_OK\r\nSpam: True ; 1.2.3 / 5\r\n\r\n",
        "SPAMD/1.1 0 EX_OK\r\nSpam: True ; nan / 5\r\n\r\n",
        "SPAMD/1.1 0 EX_OK\r\nSpam: maybe ; 1 / 5\r\n\r\n",
    };
    struct spamd_response r;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(read_whole(wrong[i], &r), SPAMD_RESPONSE_BAD);
}

static void more_than_the_most_is_refused_before_its_end(void **state)
{
    (void)state;
    struct spamd_response r = {0};
    char *text = malloc(SPAMD_RESPONSE_MOST + 1);
    memset(text, 'A', SPAMD_RESPONSE_MOST + 1);
    memcpy(text, "SPAMD/1.1 0 EX_OK\r\n\r\n", 21);
    assert_int_equal(spamd_response_parse(span_of(text, SPAMD_RESPONSE_MOST), false, &r),
                     SPAMD_RESPONSE_PART);
    assert_int_equal(spamd_response_parse(span_of(text, SPAMD_RESPONSE_MOST + 1), false, &r),
                     SPAMD_RESPONSE_BAD);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_verdict_points_and_rules),
        cmocka_unit_test(it_may_come_in_pieces),
        cmocka_unit_test(what_was_read_is_not_read_again),
        cmocka_unit_test(other_forms_of_it_are_understood),
        cmocka_unit_test(what_is_broken_is_refused),
        cmocka_unit_test(more_than_the_most_is_refused_before_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
