/* The wire forms of a judge's result and edits: what survives, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "engine/judge/judge.h"

static int arena_begin(void **state)
{
    *state = arena_new();
    return 0;
}

static int arena_end(void **state)
{
    arena_free(*state);
    return 0;
}

static const struct judge_edit some_edits[] = {
    {10, 0, {"one", 3}},
    {20, 5, {"", 0}},
    {25, 5, {"three", 5}},
};

static void put_some_result(struct buf *out)
{
    static const uint32_t first[] = {0, 2}, second[] = {1};
    static const struct judge_reason reasons[] = {{{"text", 4}, 1500}, {{"from", 4}, -300}};
    const struct judge_child children[] = {
        {.rids = first,
         .rid_count = 2,
         .policy = SPAN("DEFAULT"),
         .scanner = JUDGE_SCANNER_MULTISCAN,
         .verdict = JUDGE_SUSPECT,
         .own_verdict = JUDGE_POSITIVE,
         .action = JUDGE_DELIVER,
         .score = 77,
         .partial = true,
         .limited_rule = SPAN("slow"),
         .archive = {true},
         .host = SPAN("other.example"),
         .recipient = SPAN("abuse@example.org"),
         .recipient_by = JUDGE_GRAYMAIL,
         .graymail = JUDGE_GRAYMAIL_SOCIAL,
         .graymail_points = 7500,
         .graymail_reasons = reasons + 1,
         .graymail_reason_count = 1,
         .reasons = reasons,
         .reason_count = 2,
         .edits = some_edits,
         .edit_count = 3},
        {.rids = second,
         .rid_count = 1,
         .policy = SPAN("other"),
         .verdict = JUDGE_NOT_SCANNED,
         .score = -1,
         .size_limit = UINT64_C(1) << 40},
    };
    judge_result_put(out, &(struct judge_result){children, 2});
}

static void a_result_survives_the_wire(void **state)
{
    struct arena *arena = *state;
    struct buf wire = {0};
    struct judge_result got;
    put_some_result(&wire);
    assert_true(judge_result_get(buf_span(&wire), 100, 3, arena, &got));
    assert_int_equal(got.child_count, 2);
    const struct judge_child *c = &got.children[0];
    assert_int_equal(c->rid_count, 2);
    assert_int_equal(c->rids[1], 2);
    assert_true(span_equal(c->policy, SPAN("DEFAULT")));
    assert_int_equal(c->scanner, JUDGE_SCANNER_MULTISCAN);
    assert_int_equal(c->verdict, JUDGE_SUSPECT);
    assert_int_equal(c->own_verdict, JUDGE_POSITIVE);
    assert_int_equal(c->score, 77);
    assert_true(c->partial);
    assert_true(span_equal(c->limited_rule, SPAN("slow")));
    assert_false(c->test_mark);
    assert_true(c->archive[JUDGE_ANTISPAM]);
    assert_false(c->archive[JUDGE_GRAYMAIL]);
    assert_int_equal(c->host_by, JUDGE_ANTISPAM);
    assert_int_equal(c->recipient_by, JUDGE_GRAYMAIL);
    assert_int_equal(c->graymail, JUDGE_GRAYMAIL_SOCIAL);
    assert_int_equal(c->graymail_points, 7500);
    assert_true(span_equal(c->graymail_reasons[0].name, SPAN("from")));
    assert_true(span_equal(c->host, SPAN("other.example")));
    assert_true(span_equal(c->recipient, SPAN("abuse@example.org")));
    assert_int_equal(c->reasons[1].millilogodds, -300);
    assert_int_equal(c->edit_count, 3);
    assert_true(span_equal(c->edits[2].insert, SPAN("three")));
    assert_int_equal(got.children[1].score, -1);
    assert_int_equal(got.children[1].size_limit, UINT64_C(1) << 40);

    struct buf again = {0};
    judge_result_put(&again, &got);
    assert_true(span_equal(buf_span(&wire), buf_span(&again)));
    buf_free(&again);
    buf_free(&wire);
}

static void every_cut_and_every_surplus_of_a_result_is_refused(void **state)
{
    struct arena *arena = *state;
    struct buf wire = {0};
    struct judge_result got;
    put_some_result(&wire);
    for (size_t n = 0; n < wire.len; n++)
        assert_false(judge_result_get(span_slice(buf_span(&wire), 0, n), 100, 3, arena, &got));
    buf_append_char(&wire, 0);
    assert_false(judge_result_get(buf_span(&wire), 100, 3, arena, &got));
    buf_free(&wire);
}

static void children_must_partition_the_recipients(void **state)
{
    struct arena *arena = *state;
    static const struct {
        uint32_t a[2], b[1];
        uint32_t recipients;
        bool good;
    } cases[] = {
        {{0, 1}, {2}, 3, true},  {{0, 2}, {1}, 3, true},  {{0, 1}, {1}, 3, false},
        {{0, 0}, {1}, 3, false}, {{1, 0}, {2}, 3, false}, {{0, 1}, {3}, 3, false},
        {{0, 1}, {2}, 4, false}, {{0, 1}, {2}, 2, false}, {{0, 1}, {2}, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct judge_child children[] = {{.rids = cases[i].a, .rid_count = 2},
                                               {.rids = cases[i].b, .rid_count = 1}};
        struct buf wire = {0};
        struct judge_result got;
        judge_result_put(&wire, &(struct judge_result){children, 2});
        assert_int_equal(judge_result_get(buf_span(&wire), 100, cases[i].recipients, arena, &got),
                         cases[i].good);
        buf_free(&wire);
    }
}

static void a_child_without_recipients_is_refused(void **state)
{
    struct arena *arena = *state;
    static const uint32_t all[] = {0};
    const struct judge_child children[] = {{.rids = all, .rid_count = 1}, {.rid_count = 0}};
    struct buf wire = {0};
    struct judge_result got;
    judge_result_put(&wire, &(struct judge_result){children, 2});
    assert_false(judge_result_get(buf_span(&wire), 100, 1, arena, &got));
    buf_free(&wire);
}

static void edits_must_be_in_order_and_inside_the_message(void **state)
{
    struct arena *arena = *state;
    static const struct {
        struct judge_edit edits[2];
        bool good;
    } cases[] = {
        {{{0, 0, {"a", 1}}, {100, 0, {"b", 1}}}, true},
        {{{0, 10, {"a", 1}}, {10, 90, {"b", 1}}}, true},
        {{{0, 10, {"a", 1}}, {9, 1, {"b", 1}}}, false},
        {{{10, 0, {"a", 1}}, {10, 5, {"b", 1}}}, true},
        {{{10, 0, {"a", 1}}, {10, 0, {"b", 1}}}, false},
        {{{10, 5, {"a", 1}}, {10, 5, {"b", 1}}}, false},
        {{{10, 0, {"a", 1}}, {9, 0, {"b", 1}}}, false},
        {{{0, 0, {"a", 1}}, {101, 0, {"b", 1}}}, false},
        {{{0, 0, {"a", 1}}, {90, 11, {"b", 1}}}, false},
        {{{0, 0, {"a", 1}}, {90, UINT64_MAX, {"b", 1}}}, false},
        {{{0, UINT64_MAX, {"a", 1}}, {90, 1, {"b", 1}}}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf wire = {0};
        const struct judge_edit *got;
        uint32_t count;
        judge_edits_put(&wire, cases[i].edits, 2);
        assert_int_equal(judge_edits_get(buf_span(&wire), 100, arena, &got, &count), cases[i].good);
        buf_free(&wire);
    }
}

/* Edits are in the queue's store: their form must stay readable. */
static void edits_have_the_form_that_stores_have_had_from_the_beginning(void **state)
{
    struct arena *arena = *state;
    const struct span stored = SPAN("\1\1\0\0\0\12\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\3\0\0\0one");
    struct buf wire = {0};
    judge_edits_put(&wire, some_edits, 1);
    assert_true(span_equal(buf_span(&wire), stored));
    const struct judge_edit *got;
    uint32_t count;
    assert_true(judge_edits_get(stored, 100, arena, &got, &count));
    buf_free(&wire);
}

static void edits_alone_survive_the_wire_and_no_cut(void **state)
{
    struct arena *arena = *state;
    struct buf wire = {0};
    const struct judge_edit *got;
    uint32_t count;
    judge_edits_put(&wire, some_edits, 3);
    assert_true(judge_edits_get(buf_span(&wire), 100, arena, &got, &count));
    assert_int_equal(count, 3);
    assert_int_equal(got[1].length, 5);
    for (size_t n = 0; n < wire.len; n++)
        assert_false(judge_edits_get(span_slice(buf_span(&wire), 0, n), 100, arena, &got, &count));
    buf_free(&wire);
}

static void values_outside_their_ranges_are_refused(void **state)
{
    struct arena *arena = *state;
    static const uint32_t all[] = {0};
    /* What follows the one rid and the empty policy: scanner, own verdict, verdict, action, score, flags. */
    static const struct {
        unsigned char values[6];
        bool good;
    } cases[] = {
        {{0, 0, 0, 0, 0, 0}, true},
        {{1, JUDGE_POSITIVE, 0, 0, 0, 0}, true},
        {{JUDGE_SCANNERS, 0, 0, 0, 0, 0}, false},
        {{0, JUDGE_NOT_SCANNED, 0, 0, 0, 0}, false},
        {{0, 0, 5, 3, 100, 127}, true},
        {{0, 0, 6, 0, 0, 0}, false},
        {{0, 0, 0, 4, 0, 0}, false},
        {{0, 0, 0, 0, 101, 0}, false},
        {{0, 0, 0, 0, 0xff, 0}, true},
        {{0, 0, 0, 0, 0xfe, 0}, false},
        {{0, 0, 0, 0, 0, 128}, false},
        {{0, 0, JUDGE_UNSCANNABLE, 0, 0, 0}, false}, /* no worker may say that */
    };
    const size_t at = 1 + 4 + 4 + 4 + 4;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct judge_child child = {.rids = all, .rid_count = 1};
        struct buf wire = {0};
        struct judge_result got;
        judge_result_put(&wire, &(struct judge_result){&child, 1});
        memcpy(wire.data + at, cases[i].values, sizeof cases[i].values);
        assert_int_equal(judge_result_get(buf_span(&wire), 100, 1, arena, &got), cases[i].good);
        buf_free(&wire);
    }
}

static void spam_that_is_graymail_is_refused(void **state)
{
    struct arena *arena = *state;
    static const uint32_t all[] = {0};
    static const struct {
        enum judge_verdict verdict;
        enum judge_graymail graymail;
        bool good;
    } cases[] = {
        {JUDGE_NEGATIVE, JUDGE_GRAYMAIL_BULK, true},   {JUDGE_SUSPECT, JUDGE_GRAYMAIL_SOCIAL, true},
        {JUDGE_OFF, JUDGE_GRAYMAIL_MARKETING, true},   {JUDGE_POSITIVE, JUDGE_GRAYMAIL_NEGATIVE, true},
        {JUDGE_POSITIVE, JUDGE_GRAYMAIL_BULK, false},  {JUDGE_NEGATIVE, JUDGE_GRAYMAIL_ANSWERS, false},
        {JUDGE_NEGATIVE, JUDGE_GRAYMAIL_SIGNED, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct judge_child child = {
            .rids = all, .rid_count = 1, .verdict = cases[i].verdict, .graymail = cases[i].graymail};
        struct buf wire = {0};
        struct judge_result got;
        judge_result_put(&wire, &(struct judge_result){&child, 1});
        assert_int_equal(judge_result_get(buf_span(&wire), 100, 1, arena, &got), cases[i].good);
        buf_free(&wire);
    }
}

static void hosts_and_recipients_are_of_spam_that_goes_on(void **state)
{
    struct arena *arena = *state;
    static const uint32_t all[] = {0};
    static const struct {
        enum judge_verdict verdict;
        enum judge_action action;
        struct span host, recipient;
        bool good;
    } cases[] = {
        {JUDGE_POSITIVE, JUDGE_DELIVER, SPAN("a.example"), SPAN("b@a.example"), true},
        {JUDGE_SUSPECT, JUDGE_DELIVER, SPAN("a.example"), SPAN(""), true},
        {JUDGE_SUSPECT, JUDGE_QUARANTINE, SPAN(""), SPAN("b@a.example"), true},
        {JUDGE_SUSPECT, JUDGE_QUARANTINE, SPAN("a.example"), SPAN(""), false},
        {JUDGE_POSITIVE, JUDGE_DROP, SPAN("a.example"), SPAN(""), false},
        {JUDGE_POSITIVE, JUDGE_BOUNCE, SPAN(""), SPAN("b@a.example"), false},
        {JUDGE_NEGATIVE, JUDGE_DELIVER, SPAN("a.example"), SPAN(""), false},
        {JUDGE_NOT_SCANNED, JUDGE_DELIVER, SPAN(""), SPAN("b@a.example"), false},
        {JUDGE_OFF, JUDGE_DELIVER, SPAN("a.example"), SPAN(""), false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct judge_child child = {.rids = all,
                                          .rid_count = 1,
                                          .verdict = cases[i].verdict,
                                          .action = cases[i].action,
                                          .host = cases[i].host,
                                          .recipient = cases[i].recipient};
        struct buf wire = {0};
        struct judge_result got;
        judge_result_put(&wire, &(struct judge_result){&child, 1});
        assert_int_equal(judge_result_get(buf_span(&wire), 100, 1, arena, &got), cases[i].good);
        buf_free(&wire);
    }
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, arena_begin, arena_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(a_result_survives_the_wire),
        WITH_ARENA(every_cut_and_every_surplus_of_a_result_is_refused),
        WITH_ARENA(children_must_partition_the_recipients),
        WITH_ARENA(a_child_without_recipients_is_refused),
        WITH_ARENA(edits_must_be_in_order_and_inside_the_message),
        WITH_ARENA(edits_have_the_form_that_stores_have_had_from_the_beginning),
        WITH_ARENA(edits_alone_survive_the_wire_and_no_cut),
        WITH_ARENA(values_outside_their_ranges_are_refused),
        WITH_ARENA(spam_that_is_graymail_is_refused),
        WITH_ARENA(hosts_and_recipients_are_of_spam_that_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
