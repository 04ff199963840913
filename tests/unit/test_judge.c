/* The judging function. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "engine/judge/judge.h"
#include "engine/judge/verdict_header.h"
#include "engine/scan/model.h"
#include "engine/scan/rules.h"
#include "engine/wire/wire.h"

static const char trace[] = "Received: from a.example by gw.example; Fri, 20 Nov 2026 12:00:00 +0000\r\n";
enum { TRACE = sizeof trace - 1 };

/* What every test starts with; the model knows only a prior, so the prior is the score. */
struct world {
    struct arena *arena;
    struct buf model_file, message;
    struct scan_model *model;
    struct judge_runtime rt;
    struct judge_result result;
    char breadcrumb[64];
    bool outbound;
};

static struct judge_policy *incoming(struct world *w)
{
    return &w->rt.policies[JUDGE_INCOMING];
}

static void set_log_odds(struct world *w, double log_odds)
{
    static const int8_t weights[1 << SCAN_MODEL_LEAST_BITS];
    struct error error;
    scan_model_free(w->model);
    buf_clear(&w->model_file);
    scan_model_put(&w->model_file, &(struct scan_model_parameters){.table_bits = SCAN_MODEL_LEAST_BITS,
                                                                   .weights = weights,
                                                                   .prior = log_odds,
                                                                   .slope = 1});
    w->model = scan_model_parse(buf_span(&w->model_file), SCAN_ASK_SPAM, &error);
    assert_non_null(w->model);
    w->rt.model = w->model;
}

static int world_begin(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    w->arena = arena_new();
    judge_runtime_defaults(&w->rt);
    set_log_odds(w, -5);
    *state = w;
    return 0;
}

static int world_end(void **state)
{
    struct world *w = *state;
    scan_model_free(w->model);
    buf_free(&w->model_file);
    buf_free(&w->message);
    arena_free(w->arena);
    free(w);
    return 0;
}

static const struct judge_child *judge(struct world *w, const char *text)
{
    static const struct span recipients[] = {{"ann@gw.example", 14}, {"bob@gw.example", 14}};
    buf_clear(&w->message);
    buf_printf(&w->message, "%s%s", trace, text);
    struct judge_input input = {.message = buf_span(&w->message),
                                .trace_bytes = TRACE,
                                .outbound = w->outbound,
                                .recipients = recipients,
                                .recipient_count = 2};
    struct judge_breadcrumb breadcrumb = {w->breadcrumb, sizeof w->breadcrumb};
    judge_message(&w->rt, &input, &breadcrumb, w->arena, &w->result);
    assert_int_equal(w->result.child_count, 1);
    return &w->result.children[0];
}

/* The message as it is delivered. */
static const char *edited(struct world *w, const struct judge_child *child)
{
    struct buf out = {0};
    size_t at = 0;
    for (uint32_t i = 0; i < child->edit_count; i++) {
        const struct judge_edit *e = &child->edits[i];
        buf_append(&out, w->message.data + at, e->offset - at);
        buf_append_span(&out, e->insert);
        at = e->offset + e->length;
    }
    buf_append(&out, w->message.data + at, w->message.len - at);
    const char *text = arena_text(w->arena, buf_span(&out));
    buf_free(&out);
    return text;
}

static void expect_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void ordinary_mail_is_delivered_to_all_with_the_two_headers(void **state)
{
    struct world *w = *state;
    const struct judge_child *c = judge(w, "Subject: hi\r\n\r\nbody\r\n");
    assert_int_equal(c->verdict, JUDGE_NEGATIVE);
    assert_int_equal(c->action, JUDGE_DELIVER);
    assert_int_equal(c->score, 0);
    assert_false(c->partial);
    assert_int_equal(c->rid_count, 2);
    assert_true(span_equal(c->policy, SPAN("DEFAULT")));
    const char *out = edited(w, c);
    const char filtered[] = "X-IronPort-Anti-Spam-Filtered: true\r\nX-IronPort-Anti-Spam-Result: ";
    assert_memory_equal(out, filtered, sizeof filtered - 1);
    expect_contains(out, trace);
    expect_contains(out, "\r\nSubject: hi\r\n\r\nbody\r\n");
    assert_true(strcspn(out + 37, "\r") < 78);
}

static void a_result_value_says_the_same_when_it_is_read(void **state)
{
    (void)state;
    struct judge_result_value value = {.model = 0xdeadbeef,
                                       .features = 3,
                                       .score = 97,
                                       .verdict = JUDGE_POSITIVE,
                                       .test_mark = true,
                                       .rule_count = JUDGE_RESULT_RULES_MAX},
                              read;
    for (uint32_t i = 0; i < value.rule_count; i++)
        value.rules[i] = i * 0x01020304;
    struct buf text = {0};
    judge_result_value_put(&text, &value);
    for (struct span rest = buf_span(&text); rest.n;
         rest = span_slice(rest, span_find(rest, '\n') + 1, rest.n))
        assert_true(span_find(rest, '\r') < 78);
    assert_true(judge_result_value_get(buf_span(&text), &read));
    assert_memory_equal(&read, &value, sizeof value);
    text.data[7] = text.data[7] == 'A' ? 'B' : 'A';
    assert_false(judge_result_value_get(buf_span(&text), &read));
    assert_false(judge_result_value_get(span_slice(buf_span(&text), 0, 10), &read));
    assert_false(judge_result_value_get(SPAN(""), &read));
    assert_false(judge_result_value_get(SPAN("not base64!"), &read));
    buf_free(&text);
}

static void reaching_a_threshold_is_enough(void **state)
{
    struct world *w = *state;
    static const struct {
        double log_odds;
        int score;
        enum judge_verdict verdict;
        enum judge_action action;
    } cases[] = {
        {-0.02, 49, JUDGE_NEGATIVE, JUDGE_DELIVER}, {0.001, 50, JUDGE_SUSPECT, JUDGE_DELIVER},
        {2.19, 89, JUDGE_SUSPECT, JUDGE_DELIVER},   {2.1973, 90, JUDGE_POSITIVE, JUDGE_QUARANTINE},
        {9, 99, JUDGE_POSITIVE, JUDGE_QUARANTINE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        set_log_odds(w, cases[i].log_odds);
        const struct judge_child *c = judge(w, "Subject: hi\r\n\r\nbody\r\n");
        assert_int_equal(c->score, cases[i].score);
        assert_int_equal(c->verdict, cases[i].verdict);
        assert_int_equal(c->action, cases[i].action);
    }
}

static const struct judge_reason *reason_named(const struct judge_child *c, const char *name)
{
    for (uint32_t i = 0; i < c->reason_count; i++)
        if (span_equal(c->reasons[i].name, span_text(name)))
            return &c->reasons[i];
    return NULL;
}

/* All weights are alike, so a rule that hits shows as a reason of its own and moves the score. */
static void a_rule_that_hits_is_a_reason_by_its_name(void **state)
{
    struct world *w = *state;
    static int8_t weights[1 << SCAN_MODEL_LEAST_BITS];
    struct error error;
    struct scan_rule_complaints complaints = {.tell = NULL};
    struct scan_rules *rules =
        scan_rules_parse("test",
                         SPAN("rule lunch\n scope body\n match /lunch/\n about A\nrule dinner\n scope body\n "
                              "match /dinner/\n about B\n"),
                         &complaints);
    memset(weights, 1, sizeof weights);
    scan_model_free(w->model);
    buf_clear(&w->model_file);
    scan_model_put(&w->model_file, &(struct scan_model_parameters){.table_bits = SCAN_MODEL_LEAST_BITS,
                                                                   .weights = weights,
                                                                   .weight_unit = 1,
                                                                   .slope = 1});
    w->rt.model = w->model = scan_model_parse(buf_span(&w->model_file), SCAN_ASK_SPAM, &error);
    w->rt.rules = rules;
    const struct judge_child *c = judge(w, "Subject: Hi\r\n\r\nlunch?\r\n");
    assert_non_null(reason_named(c, "lunch"));
    assert_true(reason_named(c, "lunch")->millilogodds > 0);
    assert_null(reason_named(c, "dinner"));
    assert_null(reason_named(c, "rules"));
    w->rt.rules = NULL;
    scan_rules_free(rules);
}

static void a_pass_cut_short_by_the_budget_is_partial(void **state)
{
    struct world *w = *state;
    struct scan_rule_complaints complaints = {.tell = NULL};
    struct scan_rules *rules =
        scan_rules_parse("test", SPAN("rule lunch\n scope body\n match /lunch/\n about A\n"), &complaints);
    w->rt.rules = rules;
    w->rt.budget_us = -1;
    const struct judge_child *c = judge(w, "Subject: Hi\r\n\r\nlunch?\r\n");
    assert_true(c->partial);
    assert_null(reason_named(c, "lunch"));
    w->rt.rules = NULL;
    scan_rules_free(rules);
}

static void reasons_sum_up_to_the_score(void **state)
{
    struct world *w = *state;
    set_log_odds(w, 1.25);
    const struct judge_child *c = judge(w, "Subject: hi\r\n\r\nbody\r\n");
    assert_int_equal(c->reason_count, 1);
    assert_true(span_equal(c->reasons[0].name, SPAN("prior")));
    assert_int_equal(c->reasons[0].millilogodds, 1250);
}

static void the_test_header_makes_any_mail_spam(void **state)
{
    struct world *w = *state;
    const struct judge_child *c = judge(w, "x-advertisement:  SPAM \r\nSubject: hi\r\n\r\nbody\r\n");
    assert_int_equal(c->verdict, JUDGE_POSITIVE);
    assert_int_equal(c->score, 100);
    assert_true(c->test_mark);
}

static void the_test_header_counts_only_as_a_header_with_that_value(void **state)
{
    struct world *w = *state;
    static const char *const others[] = {
        "X-Advertisement: spammy\r\n\r\nbody\r\n",
        "X-Advertisement: no\r\n\r\nbody\r\n",
        "X-Advertisements: spam\r\n\r\nbody\r\n",
        "Subject: hi\r\n\r\nX-Advertisement: spam\r\n",
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const struct judge_child *c = judge(w, others[i]);
        assert_int_equal(c->verdict, JUDGE_NEGATIVE);
        assert_false(c->test_mark);
    }
}

static void the_subject_of_suspect_mail_is_marked(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *before, *after;
    } cases[] = {
        {"Subject: hi\r\n\r\nbody\r\n", "\r\nSubject: [SUSPECTED SPAM] hi\r\n\r\nbody\r\n"},
        {"subject:hi\r\n\r\nbody\r\n", "\r\nsubject:[SUSPECTED SPAM] hi\r\n\r\nbody\r\n"},
        {"Subject: \thi\r\n there\r\n\r\nbody\r\n",
         "\r\nSubject: \t[SUSPECTED SPAM] hi\r\n there\r\n\r\nbody\r\n"},
        {"Subject:\r\n hi\r\nTo: x\r\n\r\nbody\r\n",
         "\r\nSubject:\r\n [SUSPECTED SPAM] hi\r\nTo: x\r\n\r\nbody\r\n"},
        {"Subject:\r\n\r\nbody\r\n", "\r\nSubject:[SUSPECTED SPAM] \r\n\r\nbody\r\n"},
        {"To: x\r\n\r\nSubject: body\r\n", "\r\nSubject: [SUSPECTED SPAM] \r\nReceived: from a.example"},
        {"Subject: one\r\nSubject: two\r\n\r\n", "\r\nSubject: [SUSPECTED SPAM] one\r\nSubject: two\r\n\r\n"},
    };
    set_log_odds(w, 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct judge_child *c = judge(w, cases[i].before);
        assert_int_equal(c->verdict, JUDGE_SUSPECT);
        expect_contains(edited(w, c), cases[i].after);
    }
}

static void a_subject_is_changed_as_the_policy_says_and_blanks_are_kept(void **state)
{
    struct world *w = *state;
    static const struct {
        enum judge_subject_change change;
        struct span text;
        const char *before, *after;
    } cases[] = {
        {JUDGE_SUBJECT_KEEP, {"unused", 6}, "Subject: hi\r\n\r\n", "\r\nSubject: hi\r\n\r\n"},
        {JUDGE_SUBJECT_PREPEND, {" * ", 3}, "Subject: hi\r\n\r\n", "\r\nSubject:  * hi\r\n\r\n"},
        {JUDGE_SUBJECT_APPEND, {" [S] ", 5}, "Subject: hi\r\n\r\n", "\r\nSubject: hi [S] \r\n\r\n"},
        {JUDGE_SUBJECT_APPEND, {"[S]", 3}, "Subject: hi \r\n\r\n", "\r\nSubject: hi [S]\r\n\r\n"},
        {JUDGE_SUBJECT_APPEND,
         {"[S]", 3},
         "Subject: a\r\n b\r\nTo: x\r\n\r\n",
         "\r\nSubject: a\r\n b[S]\r\nTo: x\r\n\r\n"},
        {JUDGE_SUBJECT_APPEND, {" [S]", 4}, "Subject:\r\n\r\n", "\r\nSubject: [S]\r\n\r\n"},
        {JUDGE_SUBJECT_APPEND, {" [S]", 4}, "Subject: cut off", "\r\nSubject: cut off [S]"},
        {JUDGE_SUBJECT_APPEND,
         {" [S]", 4},
         "To: x\r\n\r\n.\r\n",
         "\r\nSubject:  [S]\r\nReceived: from a.example"},
    };
    set_log_odds(w, 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        incoming(w)->suspect.subject_change = cases[i].change;
        incoming(w)->suspect.subject_text = cases[i].text;
        const struct judge_child *c = judge(w, cases[i].before);
        assert_int_equal(c->verdict, JUDGE_SUSPECT);
        expect_contains(edited(w, c), cases[i].after);
    }
}

static void each_verdict_gets_its_own_treatment(void **state)
{
    struct world *w = *state;
    static const enum judge_action actions[] = {JUDGE_DELIVER, JUDGE_DROP, JUDGE_BOUNCE, JUDGE_QUARANTINE};
    for (unsigned i = 0; i < 16; i++) {
        struct judge_treatment *positive = &incoming(w)->positive, *suspect = &incoming(w)->suspect;
        positive->action = actions[i % 4];
        positive->header = SPAN("X-Spam: yes");
        positive->archive = i & 1;
        suspect->action = actions[i / 4];
        suspect->header = SPAN("X-Spam: perhaps");
        suspect->archive = i & 2;

        set_log_odds(w, 9);
        const struct judge_child *c = judge(w, "Subject: hi\r\n\r\n");
        assert_int_equal(c->verdict, JUDGE_POSITIVE);
        assert_int_equal(c->action, positive->action);
        assert_int_equal(c->archive, positive->archive);
        bool goes_on = c->action == JUDGE_DELIVER || c->action == JUDGE_QUARANTINE;
        assert_int_equal(strstr(edited(w, c), "\r\nX-Spam: yes\r\nReceived: from a.example") != NULL,
                         goes_on);
        expect_contains(edited(w, c), "\r\nSubject: hi\r\n");

        set_log_odds(w, 1);
        c = judge(w, "Subject: hi\r\n\r\n");
        assert_int_equal(c->verdict, JUDGE_SUSPECT);
        assert_int_equal(c->action, suspect->action);
        assert_int_equal(c->archive, suspect->archive);
        goes_on = c->action == JUDGE_DELIVER || c->action == JUDGE_QUARANTINE;
        const char *text = edited(w, c);
        assert_int_equal(strstr(text, "\r\nX-Spam: perhaps\r\nReceived: from a.example") != NULL, goes_on);
        expect_contains(text, goes_on ? "\r\nSubject: [SUSPECTED SPAM] hi\r\n" : "\r\nSubject: hi\r\n");

        set_log_odds(w, -9);
        c = judge(w, "Subject: hi\r\n\r\n");
        assert_int_equal(c->verdict, JUDGE_NEGATIVE);
        assert_int_equal(c->action, JUDGE_DELIVER);
        assert_false(c->archive);
        assert_null(strstr(edited(w, c), "X-Spam"));
    }
}

static void an_alternate_host_and_an_alternate_recipient_are_told(void **state)
{
    struct world *w = *state;
    incoming(w)->positive.host = SPAN("spam.example");
    incoming(w)->suspect.recipient = SPAN("abuse@example.org");
    set_log_odds(w, 9);
    const struct judge_child *c = judge(w, "Subject: hi\r\n\r\n");
    assert_int_equal(c->action, JUDGE_DELIVER); /* the policy says quarantine */
    assert_true(span_equal(c->host, SPAN("spam.example")));
    assert_int_equal(c->recipient.n, 0);
    set_log_odds(w, 1);
    c = judge(w, "Subject: hi\r\n\r\n");
    assert_true(span_equal(c->recipient, SPAN("abuse@example.org")));
    assert_int_equal(c->host.n, 0);
}

static void without_suspects_mail_is_spam_or_legitimate(void **state)
{
    struct world *w = *state;
    incoming(w)->treat_suspects = false;
    set_log_odds(w, 1);
    assert_int_equal(judge(w, "Subject: hi\r\n\r\n")->verdict, JUDGE_NEGATIVE);
    set_log_odds(w, 9);
    assert_int_equal(judge(w, "Subject: hi\r\n\r\n")->verdict, JUDGE_POSITIVE);
}

static void mail_that_goes_out_has_a_policy_of_its_own(void **state)
{
    struct world *w = *state;
    w->rt.policies[JUDGE_OUTGOING].name = SPAN("OUT");
    w->rt.policies[JUDGE_OUTGOING].positive.action = JUDGE_BOUNCE;
    set_log_odds(w, 9);
    assert_int_equal(judge(w, "Subject: hi\r\n\r\n")->action, JUDGE_QUARANTINE);
    w->outbound = true;
    const struct judge_child *c = judge(w, "Subject: hi\r\n\r\n");
    assert_int_equal(c->action, JUDGE_BOUNCE);
    assert_true(span_equal(c->policy, SPAN("OUT")));
}

static void where_anti_spam_is_off_mail_passes_without_score_or_headers(void **state)
{
    struct world *w = *state;
    const char *text = "X-IronPort-Anti-Spam-Filtered: true\r\nX-Advertisement: spam\r\n\r\nbody\r\n";
    for (int gateway = 0; gateway < 2; gateway++) {
        w->rt.antispam = !gateway;
        incoming(w)->antispam = gateway;
        const struct judge_child *c = judge(w, text);
        assert_int_equal(c->verdict, JUDGE_OFF);
        assert_int_equal(c->action, JUDGE_DELIVER);
        assert_int_equal(c->score, -1);
        assert_int_equal(c->reason_count, 0);
        assert_int_equal(c->rid_count, 2);
        assert_null(strstr(edited(w, c), "X-IronPort-Anti-Spam"));
        expect_contains(edited(w, c), "\r\nX-Advertisement: spam\r\n\r\nbody\r\n");
    }
    w->outbound = true; /* the gateway's switch is on again, and so is the other policy */
    w->rt.antispam = true;
    assert_int_equal(judge(w, text)->verdict, JUDGE_POSITIVE);
}

static void the_aggressive_score_is_monotone_and_never_lower(void **state)
{
    (void)state;
    for (int score = 0; score <= 100; score++) {
        assert_true(judge_aggressive_score(score) >= score);
        assert_true(score == 0 || judge_aggressive_score(score) >= judge_aggressive_score(score - 1));
    }
    assert_int_equal(judge_aggressive_score(0), 0);
    assert_int_equal(judge_aggressive_score(34), 50);
    assert_int_equal(judge_aggressive_score(50), 66);
    assert_int_equal(judge_aggressive_score(82), 90);
    assert_int_equal(judge_aggressive_score(99), 99);
    assert_int_equal(judge_aggressive_score(100), 100);
}

static void the_aggressive_profile_doubles_the_odds_and_says_so(void **state)
{
    struct world *w = *state;
    set_log_odds(w, -0.5); /* a score of 37 */
    assert_int_equal(judge(w, "Subject: hi\r\n\r\n")->verdict, JUDGE_NEGATIVE);
    w->rt.profile = JUDGE_AGGRESSIVE;
    const struct judge_child *c = judge(w, "Subject: hi\r\n\r\n");
    assert_int_equal(c->score, 54);
    assert_int_equal(c->verdict, JUDGE_SUSPECT);
    assert_true(span_equal(c->reasons[0].name, SPAN("profile")));
    assert_int_equal(c->reasons[0].millilogodds, 693);
}

static void verdict_headers_of_the_sender_are_taken_out(void **state)
{
    struct world *w = *state;
    const char *forged = "X-IronPort-Anti-Spam-Filtered: true\r\n"
                         "X-Mailward-Unscannable: yes\r\n"
                         "Subject: hi\r\n"
                         "x-ironport-anti-spam-result: folded\r\n value\r\n"
                         "To: a@gw.example\r\n\r\nX-IronPort-Anti-Spam-Filtered: in the body\r\n";
    const char *text = edited(w, judge(w, forged));
    expect_contains(
        text, "\r\nSubject: hi\r\nTo: a@gw.example\r\n\r\nX-IronPort-Anti-Spam-Filtered: in the body\r\n");
    assert_null(strstr(text, "folded"));
    assert_null(strstr(text, "X-Mailward-Unscannable"));
    struct buf wire = {0}; /* and the queue takes such a result */
    struct judge_result got;
    judge_result_put(&wire, &w->result);
    assert_true(judge_result_get(buf_span(&wire), w->message.len, 2, w->arena, &got));
    buf_free(&wire);

    w->rt.never_scan_bytes = 10; /* what is not scanned carries no such header at all */
    text = edited(w, judge(w, forged));
    assert_int_equal(w->result.children[0].verdict, JUDGE_NOT_SCANNED);
    assert_null(strstr(text, "Filtered: true"));
    expect_contains(text, "in the body");
}

static void mail_above_never_scan_is_left_alone(void **state)
{
    struct world *w = *state;
    w->rt.never_scan_bytes = 30;
    const struct judge_child *c = judge(w, "X-Advertisement: spam\r\n\r\nmore than thirty bytes\r\n");
    assert_int_equal(c->verdict, JUDGE_NOT_SCANNED);
    assert_int_equal(c->action, JUDGE_DELIVER);
    assert_int_equal(c->score, -1);
    assert_int_equal(c->size_limit, 30);
    assert_int_equal(c->edit_count, 0);
    assert_int_equal(c->rid_count, 2);
}

static void mail_above_always_scan_is_looked_at_in_part(void **state)
{
    struct world *w = *state;
    w->rt.always_scan_bytes = 30;
    const struct judge_child *c = judge(w, "X-Advertisement: spam\r\n\r\nmore than thirty bytes\r\n");
    assert_true(c->partial);
    assert_int_equal(c->verdict, JUDGE_POSITIVE);
    w->rt.always_scan_bytes = 10;
    assert_int_equal(judge(w, "Subject: twenty\r\nX-Advertisement: spam\r\n\r\n")->verdict, JUDGE_NEGATIVE);
}

static void no_budget_gives_a_partial_verdict(void **state)
{
    struct world *w = *state;
    struct buf text = {0};
    buf_printf(&text, "Subject: long\r\n\r\n");
    for (int i = 0; i < 1500; i++)
        buf_printf(&text, "a line of text that goes on\r\n");
    assert_false(judge(w, buf_text(&text))->partial);
    w->rt.budget_us = w->rt.budget_us_per_mib = 0;
    const struct judge_child *c = judge(w, buf_text(&text));
    assert_true(c->partial);
    assert_int_equal(c->verdict, JUDGE_NEGATIVE);
    assert_int_equal(c->edit_count, 1);
    buf_free(&text);
}

static void test_hooks_are_for_those_who_ask_for_them(void **state)
{
    struct world *w = *state;
    judge(w, "X-Mailward-Test: crash\r\n\r\n");
    assert_string_equal(w->breadcrumb, "edits");
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(ordinary_mail_is_delivered_to_all_with_the_two_headers),
        WITH_WORLD(a_result_value_says_the_same_when_it_is_read),
        WITH_WORLD(reaching_a_threshold_is_enough),
        WITH_WORLD(a_rule_that_hits_is_a_reason_by_its_name),
        WITH_WORLD(a_pass_cut_short_by_the_budget_is_partial),
        WITH_WORLD(reasons_sum_up_to_the_score),
        WITH_WORLD(the_test_header_makes_any_mail_spam),
        WITH_WORLD(the_test_header_counts_only_as_a_header_with_that_value),
        WITH_WORLD(the_subject_of_suspect_mail_is_marked),
        WITH_WORLD(a_subject_is_changed_as_the_policy_says_and_blanks_are_kept),
        WITH_WORLD(each_verdict_gets_its_own_treatment),
        WITH_WORLD(an_alternate_host_and_an_alternate_recipient_are_told),
        WITH_WORLD(without_suspects_mail_is_spam_or_legitimate),
        WITH_WORLD(mail_that_goes_out_has_a_policy_of_its_own),
        WITH_WORLD(where_anti_spam_is_off_mail_passes_without_score_or_headers),
        cmocka_unit_test(the_aggressive_score_is_monotone_and_never_lower),
        WITH_WORLD(the_aggressive_profile_doubles_the_odds_and_says_so),
        WITH_WORLD(verdict_headers_of_the_sender_are_taken_out),
        WITH_WORLD(mail_above_never_scan_is_left_alone),
        WITH_WORLD(mail_above_always_scan_is_looked_at_in_part),
        WITH_WORLD(no_budget_gives_a_partial_verdict),
        WITH_WORLD(test_hooks_are_for_those_who_ask_for_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
