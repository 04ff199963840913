/* Verdicts of other engines: what is read of rspamd's answers, what survives the wire, and what they are worth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "engine/peers/peer.h"
#include "engine/peers/rspamd_reply.h"

static struct buf symbols;

static bool reads(const char *json, struct peer_verdict *v)
{
    return rspamd_reply_parse(span_text(json), &symbols, v);
}

static int free_symbols(void **state)
{
    (void)state;
    buf_free(&symbols);
    return 0;
}

static void an_answer_of_rspamd_is_points_action_and_symbols(void **state)
{
    (void)state;
    struct peer_verdict v;
    assert_true(reads(
        "{\"is_skipped\":false,\"score\":7.25,\"required_score\":15,\"action\":\"add header\","
        "\"symbols\":{\"A\":{\"score\":1},\"NOTE\":{\"score\":0},\"B.C\":{\"score\":-2.5}},\"more\":[]}",
        &v));
    assert_int_equal(v.state, PEER_ANSWERED);
    assert_true(v.spam);
    assert_int_equal(v.points, 7250);
    assert_int_equal(v.required, 15000);
    assert_true(span_equal(v.symbols, SPAN("A,B.C")));
    assert_true(reads("{\"score\":-3,\"action\":\"no action\"}", &v));
    assert_true(!v.spam && v.points == -3000 && v.required == 0 && v.symbols.n == 0);
    assert_true(reads("{\"score\":1e300,\"action\":\"greylist\"}", &v));
    assert_true(!v.spam && v.points == PEER_POINTS_MOST);
}

static void a_message_that_rspamd_skipped_has_no_verdict_unless_it_is_spam(void **state)
{
    (void)state;
    struct peer_verdict v;
    assert_true(reads("{\"is_skipped\":true,\"score\":0,\"action\":\"no action\"}", &v));
    assert_int_equal(v.state, PEER_SKIPPED);
    assert_true(reads("{\"is_skipped\":true,\"score\":15,\"action\":\"reject\"}", &v));
    assert_int_equal(v.state, PEER_ANSWERED);
}

static void what_is_no_answer_of_rspamd_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "{}",
        "[]",
        "7",
        "{\"score\":1}",
        "{\"action\":\"reject\"}",
        "{\"score\":\"1\",\"action\":\"reject\"}",
        "{\"score\":1,\"action\":1}",
        "{\"score\":1e999,\"action\":\"reject\"}",
        "{\"score\":NaN,\"action\":\"reject\"}",
        "{\"score\":1,\"action\":\"reject\"} and more",
        "{\"score\":1,\"action\":\"\xff\"}",
    };
    struct peer_verdict v;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(reads(wrong[i], &v));
}

static void names_of_rules_are_safe_and_bounded(void **state)
{
    (void)state;
    struct buf list = {0};
    static const struct span bad[] = {SPAN(""), SPAN("a b"), SPAN("a,b"), SPAN("a\r\nb"), SPAN("\xc3\xa4")};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        peer_symbols_add(&list, bad[i]);
    assert_int_equal(list.len, 0);
    for (int i = 0; i < 1000; i++)
        peer_symbols_add(&list, SPAN("A_RULE-1.2"));
    assert_in_range(list.len, PEER_SYMBOLS_MOST - 11, PEER_SYMBOLS_MOST);
    buf_free(&list);
}

static void the_worth_of_points_never_falls_and_is_bounded(void **state)
{
    (void)state;
    for (unsigned id = 0; id < PEER_COUNT; id++) {
        struct peer_verdict v = {.state = PEER_ANSWERED, .points = -PEER_POINTS_MOST};
        double before = peer_log_odds(id, &v), least = before;
        for (v.points = -5000; v.points <= 20000; v.points += 10) {
            double now = peer_log_odds(id, &v);
            assert_true(now >= before && now - before < 0.01);
            before = now;
        }
        v.points = PEER_POINTS_MOST;
        assert_true(peer_log_odds(id, &v) == before);
        assert_true(least < 0 && least >= -0.5 && before >= 1.5 && before <= 2);
    }
}

static void an_engine_without_a_verdict_is_worth_nothing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PEER_STATE_COUNT; i++) {
        const struct peer_verdict v = {.state = i, .points = 12000};
        assert_true((peer_log_odds(PEER_SPAMD, &v) != 0) == (i == PEER_ANSWERED));
    }
}

static void put_some(struct buf *out)
{
    const struct peer_verdict some[PEER_COUNT] = {
        {.state = PEER_ANSWERED, .spam = true, .points = -1, .required = 5000, .symbols = SPAN("A,B")},
        {.state = PEER_TIMED_OUT},
    };
    peer_verdicts_put(out, some);
}

static void verdicts_survive_the_wire(void **state)
{
    (void)state;
    struct buf wire = {0};
    struct peer_verdict got[PEER_COUNT];
    put_some(&wire);
    struct wire_reader in = wire_reader_of(buf_span(&wire));
    peer_verdicts_get(&in, got);
    assert_true(wire_reader_done(&in));
    assert_true(got[0].state == PEER_ANSWERED && got[0].spam && got[0].points == -1 &&
                got[0].required == 5000);
    assert_true(span_equal(got[0].symbols, SPAN("A,B")) && got[1].state == PEER_TIMED_OUT);
    buf_free(&wire);
}

static void verdicts_that_are_not_well_formed_are_refused(void **state)
{
    (void)state;
    enum { STATE = 0, SPAM = 1, POINTS_TOP = 5, SYMBOL = 14 };
    static const struct {
        size_t at;
        char byte;
    } damage[] = {{STATE, PEER_STATE_COUNT}, {SPAM, 2}, {POINTS_TOP, 0x7f}, {SYMBOL, '\n'}, {SYMBOL, ','},
                  {SYMBOL + 2, ','}};
    for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        struct buf wire = {0};
        struct peer_verdict got[PEER_COUNT];
        put_some(&wire);
        wire.data[damage[i].at] = damage[i].byte;
        struct wire_reader in = wire_reader_of(buf_span(&wire));
        peer_verdicts_get(&in, got);
        assert_false(wire_reader_done(&in));
        buf_free(&wire);
    }
}

static void points_are_shown_with_one_digit(void **state)
{
    (void)state;
    struct buf text = {0};
    static const int32_t points[] = {0, 7250, -1000, -49, 999950};
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        peer_points_print(&text, points[i]);
        buf_append_char(&text, ' ');
    }
    assert_string_equal(buf_text(&text), "0.0 7.3 -1.0 0.0 1000.0 ");
    buf_free(&text);
    assert_int_equal(peer_points(NAN), 0);
    assert_int_equal(peer_points(-INFINITY), -PEER_POINTS_MOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_of_rspamd_is_points_action_and_symbols),
        cmocka_unit_test(a_message_that_rspamd_skipped_has_no_verdict_unless_it_is_spam),
        cmocka_unit_test(what_is_no_answer_of_rspamd_is_refused),
        cmocka_unit_test(names_of_rules_are_safe_and_bounded),
        cmocka_unit_test(the_worth_of_points_never_falls_and_is_bounded),
        cmocka_unit_test(an_engine_without_a_verdict_is_worth_nothing),
        cmocka_unit_test(verdicts_survive_the_wire),
        cmocka_unit_test(verdicts_that_are_not_well_formed_are_refused),
        cmocka_unit_test(points_are_shown_with_one_digit),
    };
    return cmocka_run_group_tests(tests, NULL, free_symbols);
}
