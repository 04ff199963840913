/* Other engines' verdicts as inputs of the judge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "engine/judge/judge.h"
#include "engine/scan/model.h"

/* Multiscan with a score of 50 of our own for any mail, so that either peer can tip the scales. */
struct world {
    struct arena *arena;
    struct buf model_file;
    struct scan_model *model;
    struct judge_runtime rt;
    struct peer_verdict peers[PEER_COUNT];
    bool without_antispam, without_multiscan; /* the key */
    struct judge_result result;
};

static int world_begin(void **state)
{
    static const int8_t weights[1 << SCAN_MODEL_LEAST_BITS];
    struct world *w = calloc(1, sizeof *w);
    struct error error;
    w->arena = arena_new();
    judge_runtime_defaults(&w->rt);
    scan_model_put(&w->model_file, &(struct scan_model_parameters){
                                       .table_bits = SCAN_MODEL_LEAST_BITS, .weights = weights, .slope = 1});
    w->rt.model = w->model = scan_model_parse(buf_span(&w->model_file), SCAN_ASK_SPAM, &error);
    assert_non_null(w->model);
    w->rt.scanners[JUDGE_SCANNER_ANTISPAM].on = false;
    w->rt.scanners[JUDGE_SCANNER_MULTISCAN].on = true;
    w->rt.policies[JUDGE_INCOMING].scanner = JUDGE_SCANNER_MULTISCAN;
    *state = w;
    return 0;
}

static int world_end(void **state)
{
    struct world *w = *state;
    scan_model_free(w->model);
    buf_free(&w->model_file);
    arena_free(w->arena);
    free(w);
    return 0;
}

static const struct judge_child *judge(struct world *w, const char *text)
{
    static const struct span recipient = SPAN("ann@gw.example");
    const struct judge_input input = {.message = span_text(text),
                                      .without_antispam = w->without_antispam,
                                      .without_multiscan = w->without_multiscan,
                                      .recipients = &recipient,
                                      .recipient_count = 1,
                                      .peers = w->peers};
    judge_message(&w->rt, &input, NULL, w->arena, &w->result);
    return &w->result.children[0];
}

static const char *new_headers(struct world *w, const struct judge_child *child)
{
    return child->edit_count ? arena_text(w->arena, child->edits[0].insert) : "";
}

static void each_other_engine_adds_named_log_odds_and_its_header(void **state)
{
    struct world *w = *state;
    w->peers[PEER_RSPAMD] = (struct peer_verdict){
        .state = PEER_ANSWERED, .spam = true, .points = 12345, .required = 15000, .symbols = SPAN("A,B")};
    w->peers[PEER_SPAMD] = (struct peer_verdict){.state = PEER_ANSWERED, .points = -5000, .required = 5000};
    const struct judge_child *c = judge(w, "Subject: hi\r\n\r\n");
    assert_int_equal(c->scanner, JUDGE_SCANNER_MULTISCAN);
    assert_true(span_equal(c->reasons[0].name, SPAN("peer:rspamd")) && c->reasons[0].millilogodds == 1500);
    assert_true(span_equal(c->reasons[1].name, SPAN("peer:spamd")) && c->reasons[1].millilogodds == -500);
    assert_int_equal(c->score, 73); /* 100 / (1 + exp(-1)) */
    const char *text = new_headers(w, c);
    assert_non_null(
        strstr(text, "\r\nX-Mailward-Peer-rspamd: Yes, score=12.3 required=15.0\r\n\ttests=A,B\r\n"));
    assert_non_null(strstr(text, "\r\nX-Mailward-Peer-spamd: No, score=-5.0 required=5.0\r\n"));
}

static void a_verdict_that_is_turned_round_moves_the_score_either_way(void **state)
{
    struct world *w = *state;
    for (unsigned id = 0; id < PEER_COUNT; id++) {
        int score[3];
        for (int i = 0; i < 3; i++) {
            w->peers[id] = (struct peer_verdict){.state = i == 1 ? PEER_TIMED_OUT : PEER_ANSWERED,
                                                 .points = i == 0 ? -3000 : 20000};
            const struct judge_child *c = judge(w, "Subject: hi\r\n\r\n");
            score[i] = c->score;
            assert_int_equal(c->own_verdict, JUDGE_SUSPECT);
        }
        assert_true(score[0] < 40 && score[1] == 50 && score[2] > 80);
        w->peers[id] = (struct peer_verdict){.state = PEER_NONE};
    }
}

static void other_engines_have_no_say_where_the_policy_has_our_own(void **state)
{
    struct world *w = *state;
    w->peers[PEER_SPAMD] = (struct peer_verdict){.state = PEER_ANSWERED, .spam = true, .points = 20000};
    w->rt.scanners[JUDGE_SCANNER_ANTISPAM].on = true;
    w->rt.policies[JUDGE_INCOMING].scanner = JUDGE_SCANNER_ANTISPAM;
    const struct judge_child *c = judge(w, "Subject: hi\r\n\r\n");
    assert_int_equal(c->score, 50);
    assert_null(strstr(new_headers(w, c), "X-Mailward-Peer"));
}

static void each_policy_depends_on_its_own_scanner(void **state)
{
    struct world *w = *state;
    w->rt.scanners[JUDGE_SCANNER_ANTISPAM].on = true;
    w->rt.scanners[JUDGE_SCANNER_MULTISCAN].on = false;
    assert_int_equal(judge(w, "Subject: hi\r\n\r\n")->verdict, JUDGE_OFF);
}

static void an_engine_without_its_key_is_off_and_the_other_one_goes_on(void **state)
{
    struct world *w = *state;
    for (unsigned i = 0; i < JUDGE_SCANNERS; i++) {
        w->rt.scanners[i].on = true;
        w->rt.policies[JUDGE_INCOMING].scanner = i;
        for (unsigned lapsed = 0; lapsed < JUDGE_SCANNERS; lapsed++) {
            w->without_antispam = lapsed == JUDGE_SCANNER_ANTISPAM;
            w->without_multiscan = lapsed == JUDGE_SCANNER_MULTISCAN;
            const struct judge_child *c = judge(w, "Subject: hi\r\n\r\n");
            assert_int_equal(c->verdict, i == lapsed ? JUDGE_OFF : JUDGE_SUSPECT);
        }
    }
}

static void graymail_is_looked_for_while_an_engine_has_its_key(void **state)
{
    struct world *w = *state;
    for (unsigned lapsed = 0; lapsed < 4; lapsed++) {
        w->rt.scanners[JUDGE_SCANNER_ANTISPAM].on = true;
        w->without_antispam = lapsed & 1;
        w->without_multiscan = lapsed & 2;
        enum judge_graymail wanted = lapsed == 3 ? JUDGE_GRAYMAIL_OFF : JUDGE_GRAYMAIL_NEGATIVE;
        assert_int_equal(judge(w, "Subject: hi\r\n\r\n")->graymail, wanted);
    }
}

static void forged_headers_of_other_engines_are_taken_out(void **state)
{
    struct world *w = *state;
    const char *text = "x-mailward-peer-SPAMD: No,\r\n score=-9\r\nSubject: hi\r\n\r\n";
    const struct judge_child *c = judge(w, text);
    bool gone = false;
    for (uint32_t i = 0; i < c->edit_count; i++)
        gone = gone || (c->edits[i].offset == 0 &&
                        c->edits[i].length == strlen("x-mailward-peer-SPAMD: No,\r\n score=-9\r\n"));
    assert_true(gone);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(each_other_engine_adds_named_log_odds_and_its_header),
        WITH_WORLD(a_verdict_that_is_turned_round_moves_the_score_either_way),
        WITH_WORLD(other_engines_have_no_say_where_the_policy_has_our_own),
        WITH_WORLD(each_policy_depends_on_its_own_scanner),
        WITH_WORLD(an_engine_without_its_key_is_off_and_the_other_one_goes_on),
        WITH_WORLD(graymail_is_looked_for_while_an_engine_has_its_key),
        WITH_WORLD(forged_headers_of_other_engines_are_taken_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
