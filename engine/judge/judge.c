/* judge_message(): the two questions, and what becomes of the message; one child for all recipients, as each table has one
 * policy. */
#include "engine/judge/judge.h"

#include "engine/judge/header_edits.h"
#include "engine/judge/look.h"
#include "engine/judge/reasons.h"
#include "engine/judge/resolve.h"
#include "engine/scan/learned.h"
#include "engine/scan/score.h"

enum { TEST_SCORE = 100 };

void judge_runtime_defaults(struct judge_runtime *rt)
{
    const struct judge_policy policy = {
        .name = SPAN("DEFAULT"),
        .antispam = true,
        .positive = {.threshold = 90, .action = JUDGE_QUARANTINE},
        .suspect = {.threshold = 50,
                    .action = JUDGE_DELIVER,
                    .subject_change = JUDGE_SUBJECT_PREPEND,
                    .subject_text = SPAN("[SUSPECTED SPAM] ")},
        .treat_suspects = true,
        .unscannable = JUDGE_QUARANTINE,
        .graymail = true,
    };
    *rt = (struct judge_runtime){
        .limits = mime_default_limits,
        .scanners = {[JUDGE_SCANNER_ANTISPAM] = {.on = true,
                                                 .always_scan_bytes = 1024 * 1024,
                                                 .never_scan_bytes = 2 * 1024 * 1024},
                     [JUDGE_SCANNER_MULTISCAN] = {.always_scan_bytes = 512 * 1024,
                                                  .never_scan_bytes = 2 * 1024 * 1024}},
        .graymail = true,
        .graymail_never_bytes = 2 * 1024 * 1024,
        .policies = {policy, policy},
        .budget_us = 200 * 1000,
        .budget_us_per_mib = 20 * 1000,
    };
}

int judge_aggressive_score(int score)
{
    return 200 * score / (100 + score);
}

static enum judge_verdict verdict_of(const struct judge_policy *policy, int score)
{
    if (score >= policy->positive.threshold)
        return JUDGE_POSITIVE;
    return policy->treat_suspects && score >= policy->suspect.threshold ? JUDGE_SUSPECT : JUDGE_NEGATIVE;
}

/* Other engines weigh in; a message without their verdicts has the score of our own. */
static int score_with_peers(const struct scan_score *own, const struct peer_verdict *peers)
{
    double log_odds = own->log_odds;
    for (unsigned i = 0; peers && i < PEER_COUNT; i++)
        log_odds += peer_log_odds(i, &peers[i]);
    return scan_score_of_log_odds(log_odds);
}

static void set_scores(const struct judge_runtime *rt, const struct judge_policy *policy,
                       const struct scan_score *score, const struct peer_verdict *peers, bool test_mark,
                       struct judge_child *child)
{
    int own = score->score;
    child->score = score_with_peers(score, peers);
    if (rt->scanners[child->scanner].profile == JUDGE_AGGRESSIVE) {
        child->score = judge_aggressive_score(child->score);
        own = judge_aggressive_score(own);
    }
    child->test_mark = test_mark;
    if (test_mark)
        child->score = own = TEST_SCORE;
    child->verdict = verdict_of(policy, child->score);
    child->own_verdict = verdict_of(policy, own);
}

/* What other engines said of a message that our own is not alone with. */
static const struct peer_verdict *peers_of(const struct judge_policy *policy, const struct judge_input *input)
{
    return policy->scanner == JUDGE_SCANNER_MULTISCAN ? input->peers : NULL;
}

/* What is learned from single messages knows all families of features. */
static void score_view(const struct judge_runtime *rt, const struct judge_policy *policy,
                       const struct judge_input *input, const struct judge_look *look,
                       struct judge_breadcrumb *breadcrumb, struct arena *arena, struct judge_child *child)
{
    const struct peer_verdict *peers = peers_of(policy, input);
    struct scan_features features;
    struct scan_score score;
    judge_extract_features(rt, input, look, rt->learned != NULL, breadcrumb, arena, &features);
    judge_enter_stage(breadcrumb, "model");
    scan_model_score(rt->model, &features, &score);
    if (rt->learned)
        scan_learned_add(rt->learned, &features, &score);
    judge_list_reasons(rt, &score, &look->hits, peers, arena, child);
    bool test_mark = judge_header_says(&look->view, "X-Advertisement", SPAN("spam"));
    set_scores(rt, policy, &score, peers, test_mark, child);
}

static bool has_key(enum judge_scanner scanner, const struct judge_input *input)
{
    return !(scanner == JUDGE_SCANNER_MULTISCAN ? input->without_multiscan : input->without_antispam);
}

const struct judge_scanner_settings *judge_scanner_of(const struct judge_runtime *rt,
                                                      const struct judge_policy *policy)
{
    const struct judge_scanner_settings *scanner = &rt->scanners[policy->scanner];
    return policy->antispam && scanner->on ? scanner : NULL;
}

/* The same for a message: without a key it is as when it is off. */
static const struct judge_scanner_settings *
scanner_of(const struct judge_runtime *rt, const struct judge_policy *policy, const struct judge_input *input)
{
    return has_key(policy->scanner, input) ? judge_scanner_of(rt, policy) : NULL;
}

static void ask_spam(const struct judge_runtime *rt, const struct judge_policy *policy,
                     const struct judge_input *input, struct judge_breadcrumb *breadcrumb,
                     struct arena *arena, struct judge_child *child, struct judge_look *look)
{
    const struct judge_scanner_settings *scanner = scanner_of(rt, policy, input);
    uint64_t size = input->message.n - input->trace_bytes;
    child->scanner = policy->scanner;
    child->score = -1;
    if (!scanner) {
        child->verdict = JUDGE_OFF;
    } else if (size > scanner->never_scan_bytes) {
        child->verdict = JUDGE_NOT_SCANNED;
        child->size_limit = scanner->never_scan_bytes;
    } else {
        judge_look_at(rt, input, judge_part_to_scan(scanner, input), breadcrumb, arena, child, look);
        child->partial = look->partial;
        child->limited_rule = look->hits.limited;
        score_view(rt, policy, input, look, breadcrumb, arena, child);
    }
}

/* S/MIME (RFC 8551 3.2, 3.5): signed or encrypted as a whole. */
static bool is_smime(const struct mime_view *view)
{
    const struct mime_header *h = mime_view_header(view, "Content-Type");
    struct span value = h ? h->decoded : (struct span){0};
    struct span type = span_trim(span_slice(value, 0, span_find(value, ';')));
    if (span_equal_nocase(type, SPAN("multipart/signed"))) {
        for (size_t i = 0; i < value.n; i++)
            if (span_starts_nocase(span_slice(value, i, value.n), SPAN("pkcs7-signature")))
                return true;
        return false;
    }
    return span_equal_nocase(type, SPAN("application/pkcs7-mime")) ||
           span_equal_nocase(type, SPAN("application/x-pkcs7-mime"));
}

static enum judge_graymail graymail_of(const struct judge_runtime *rt, const struct judge_policy *policy,
                                       const struct judge_look *look, struct arena *arena,
                                       struct judge_child *child)
{
    static const enum judge_graymail answers[] = {
        [SCAN_GRAYMAIL_NONE] = JUDGE_GRAYMAIL_NEGATIVE,
        [SCAN_GRAYMAIL_MARKETING] = JUDGE_GRAYMAIL_MARKETING,
        [SCAN_GRAYMAIL_SOCIAL] = JUDGE_GRAYMAIL_SOCIAL,
        [SCAN_GRAYMAIL_BULK] = JUDGE_GRAYMAIL_BULK,
    };
    if (policy->unsigned_only && is_smime(&look->view))
        return JUDGE_GRAYMAIL_SIGNED;
    enum scan_graymail answer = scan_graymail_of(rt->rules, &look->hits, &child->graymail_points);
    judge_list_graymail_reasons(rt, &look->hits, arena, child);
    return answers[answer];
}

/* Any scanner will do (S2-84). */
static bool wants_graymail(const struct judge_runtime *rt, const struct judge_policy *policy,
                           const struct judge_input *input)
{
    bool scans = false;
    for (unsigned i = 0; i < JUDGE_SCANNERS; i++)
        scans |= rt->scanners[i].on && has_key(i, input);
    return rt->graymail && scans && policy->graymail && !input->without_graymail;
}

/* Spam is no graymail.  What has been looked at as a whole need not be looked at again. */
static void ask_graymail(const struct judge_runtime *rt, const struct judge_policy *policy,
                         const struct judge_input *input, struct judge_breadcrumb *breadcrumb,
                         struct arena *arena, struct judge_child *child, struct judge_look *look)
{
    if (!wants_graymail(rt, policy, input)) {
        child->graymail = JUDGE_GRAYMAIL_OFF;
    } else if (child->verdict == JUDGE_POSITIVE) {
        child->graymail = JUDGE_GRAYMAIL_NEGATIVE;
    } else if (input->message.n - input->trace_bytes > rt->graymail_never_bytes) {
        child->graymail = JUDGE_GRAYMAIL_TOO_BIG;
        child->graymail_limit = rt->graymail_never_bytes;
    } else {
        if (look->part.n < input->message.n)
            judge_look_at(rt, input, input->message, breadcrumb, arena, child, look);
        child->graymail = graymail_of(rt, policy, look, arena, child);
    }
}

/* What becomes of the child, and how its headers tell of it. */
static void resolve(const struct judge_runtime *rt, const struct judge_policy *policy,
                    const struct judge_input *input, const struct judge_look *spam,
                    const struct judge_look *last, struct arena *arena, struct judge_child *child)
{
    struct judge_resolution r;
    judge_resolve(policy, child->verdict, child->graymail, &r);
    child->action = r.action;
    memcpy(child->archive, r.archive, sizeof r.archive);
    child->host = r.host;
    child->recipient = r.recipient;
    child->action_by = r.action_by;
    child->host_by = r.host_by;
    child->recipient_by = r.recipient_by;
    const struct judge_findings findings = {
        .model = rt->model,
        .rules = rt->rules,
        .spam_hits = &spam->hits,
        .graymail_hits = child->graymail_points ? &last->hits : NULL,
        .peers = peers_of(policy, input),
        .phdr = rt->graymail || scanner_of(rt, policy, input),
    };
    judge_edit_headers(input, &last->view, &findings, r.marks, arena, child);
}

static void judge_by_policy(const struct judge_runtime *rt, const struct judge_policy *policy,
                            const struct judge_input *input, struct judge_breadcrumb *breadcrumb,
                            struct arena *arena, struct judge_child *child)
{
    struct judge_look spam = {.graymail = wants_graymail(rt, policy, input)};
    child->policy = policy->name;
    ask_spam(rt, policy, input, breadcrumb, arena, child, &spam);
    struct judge_look last = spam;
    ask_graymail(rt, policy, input, breadcrumb, arena, child, &last);
    if (last.part.n == 0)
        judge_look_at_headers(rt, input, breadcrumb, arena, child, &last);
    judge_enter_stage(breadcrumb, "edits");
    resolve(rt, policy, input, &spam, &last, arena, child);
}

static const uint32_t *all_recipients(uint32_t count, struct arena *arena)
{
    uint32_t *rids = arena_alloc(arena, count * sizeof *rids);
    for (uint32_t i = 0; i < count; i++)
        rids[i] = i;
    return rids;
}

void judge_message(const struct judge_runtime *rt, const struct judge_input *input,
                   struct judge_breadcrumb *breadcrumb, struct arena *arena, struct judge_result *result)
{
    struct judge_child *child = arena_calloc(arena, 1, sizeof *child);
    child->rids = all_recipients(input->recipient_count, arena);
    child->rid_count = input->recipient_count;
    const struct judge_policy *policy = &rt->policies[input->outbound ? JUDGE_OUTGOING : JUDGE_INCOMING];
    judge_by_policy(rt, policy, input, breadcrumb, arena, child);
    *result = (struct judge_result){child, 1};
}
