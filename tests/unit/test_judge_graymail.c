/* The judging function on graymail: when it is asked for, and what two engines make of one message. */
#include "tests/unit/judge_fixture.h"

#include <stdio.h>

#include "engine/judge/verdict_header.h"
#include "engine/scan/rules.h"

static void graymail_rules(struct world *w)
{
    static const char text[] =
        "rule letter\n scope body\n match /newsletter/i\n tag graymail:bulk\n points +6\n"
        " about A newsletter\n";
    struct scan_rule_complaints none = {.count = 0};
    w->rt.rules = scan_rules_parse("test.rules", span_text(text), &none);
    assert_non_null(w->rt.rules);
}

static void graymail_is_asked_for_only_of_mail_that_is_no_spam(void **state)
{
    struct world *w = *state;
    static const struct {
        double log_odds;
        bool gateway, policy, antispam, policy_antispam;
        enum judge_graymail answer;
        bool phdr;
    } cases[] = {
        {-5, true, true, true, true, JUDGE_GRAYMAIL_BULK, true},
        {1, true, true, true, true, JUDGE_GRAYMAIL_BULK, true},
        {9, true, true, true, true, JUDGE_GRAYMAIL_NEGATIVE, true},
        {-5, false, true, true, true, JUDGE_GRAYMAIL_OFF, true},
        {-5, true, false, true, true, JUDGE_GRAYMAIL_OFF, true},
        {-5, true, true, false, true, JUDGE_GRAYMAIL_OFF, true},
        {-5, true, true, true, false, JUDGE_GRAYMAIL_BULK, true},
        {-5, false, true, true, false, JUDGE_GRAYMAIL_OFF, false},
    };
    graymail_rules(w);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        set_log_odds(w, cases[i].log_odds);
        w->rt.graymail = cases[i].gateway;
        w->rt.scanners[JUDGE_SCANNER_ANTISPAM].on = cases[i].antispam;
        incoming(w)->graymail = cases[i].policy;
        incoming(w)->antispam = cases[i].policy_antispam;
        const struct judge_child *c = judge(w, "Subject: hi\r\n\r\nThe newsletter\r\n");
        assert_int_equal(c->graymail, cases[i].answer);
        assert_int_equal(c->graymail_points, cases[i].answer == JUDGE_GRAYMAIL_BULK ? 6000 : 0);
        assert_int_equal(c->graymail_reason_count, cases[i].answer == JUDGE_GRAYMAIL_BULK);
        assert_int_equal(strstr(edited(w, c), "IronPort-PHdr: ") != NULL, cases[i].phdr);
    }
    scan_rules_free((struct scan_rules *)w->rt.rules);
}

static void two_engines_change_one_subject(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *subject, *wanted;
        enum judge_subject_change first, second;
    } cases[] = {
        {"Subject: hi\r\n", "Subject: 21hi\r\n", JUDGE_SUBJECT_PREPEND, JUDGE_SUBJECT_PREPEND},
        {"Subject: hi\r\n", "Subject: hi12\r\n", JUDGE_SUBJECT_APPEND, JUDGE_SUBJECT_APPEND},
        {"Subject: hi\r\n", "Subject: 1hi2\r\n", JUDGE_SUBJECT_PREPEND, JUDGE_SUBJECT_APPEND},
        {"Subject: hi\r\n", "Subject: 2hi1\r\n", JUDGE_SUBJECT_APPEND, JUDGE_SUBJECT_PREPEND},
        {"Subject:\r\n", "Subject:12\r\n", JUDGE_SUBJECT_PREPEND, JUDGE_SUBJECT_APPEND},
        {"", "Subject: 21\r\n", JUDGE_SUBJECT_PREPEND, JUDGE_SUBJECT_PREPEND},
    };
    graymail_rules(w);
    set_log_odds(w, 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct judge_treatment *first = &incoming(w)->suspect, *second = &incoming(w)->bulk;
        *first = (struct judge_treatment){.threshold = 50,
                                          .subject_change = cases[i].first,
                                          .subject_text = SPAN("1"),
                                          .header = SPAN("X-First: 1")};
        *second = (struct judge_treatment){
            .subject_change = cases[i].second, .subject_text = SPAN("2"), .header = SPAN("X-Second: 2")};
        char text[128];
        snprintf(text, sizeof text, "%sX: y\r\n\r\nThe newsletter\r\n", cases[i].subject);
        const char *out = edited(w, judge(w, text));
        expect_contains(out, cases[i].wanted);
        expect_contains(out, "X-First: 1\r\nX-Second: 2\r\n");
    }
    scan_rules_free((struct scan_rules *)w->rt.rules);
}

static void a_value_of_phdr_says_the_same_when_it_is_read(void **state)
{
    (void)state;
    struct judge_phdr_value value = {.graymail = JUDGE_GRAYMAIL_SOCIAL, .points = -750, .rule_count = 2},
                            read;
    struct judge_result_value other;
    value.rules[0] = 0xdeadbeef;
    value.rules[1] = 1;
    struct buf text = {0};
    judge_phdr_value_put(&text, &value);
    assert_true(judge_phdr_value_get(buf_span(&text), &read));
    assert_memory_equal(&read, &value, sizeof value);
    assert_false(judge_result_value_get(buf_span(&text), &other));
    text.data[3] = text.data[3] == 'A' ? 'B' : 'A';
    assert_false(judge_phdr_value_get(buf_span(&text), &read));
    assert_false(judge_phdr_value_get(span_slice(buf_span(&text), 0, 4), &read));
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(graymail_is_asked_for_only_of_mail_that_is_no_spam),
        WITH_WORLD(two_engines_change_one_subject),
        WITH_WORLD(a_value_of_phdr_says_the_same_when_it_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
