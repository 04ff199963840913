/* judge_message(): policy, view, rules, features, model, thresholds, graymail, edits; one child for all recipients, as
 * each table has one policy. */
#include "engine/judge/judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/clock.h"
#include "engine/judge/header_edits.h"
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

static void enter_stage(struct judge_breadcrumb *breadcrumb, const char *stage)
{
    if (breadcrumb && breadcrumb->text_size)
        snprintf(breadcrumb->text, breadcrumb->text_size, "%s", stage);
}

static bool cpu_expired(void *context)
{
    return clock_cpu_limit_passed(context);
}

static bool header_says(const struct mime_view *view, const char *name, struct span value)
{
    const struct mime_header *h = mime_view_header(view, name);
    return h && span_equal_nocase(span_trim(h->value), value);
}

/* X-Mailward-Test: what a message may ask for in a private instance that was started with test.hooks. */
static void obey_test_hooks(const struct mime_view *view, struct judge_breadcrumb *breadcrumb,
                            struct judge_child *child)
{
    enter_stage(breadcrumb, "test hook");
    if (header_says(view, "X-Mailward-Test", SPAN("crash")))
        abort();
    volatile bool hang = header_says(view, "X-Mailward-Test", SPAN("hang"));
    while (hang) {
    }
    if (header_says(view, "X-Mailward-Test", SPAN("refuse-prepare")))
        child->policy = SPAN("refuse-prepare"); /* which is not what a generation's test message expects */
}

/* The same for rules that are tried, which a package may hold: only the worker obeys, where it is of interest. */
static void obey_rule_hooks(const struct judge_runtime *rt, const struct scan_hits *hits,
                            struct judge_breadcrumb *breadcrumb)
{
    for (uint32_t i = 0; breadcrumb && i < hits->count; i++) {
        struct scan_rule_info info;
        scan_rules_info(rt->rules, hits->rules[i], &info);
        if (span_equal(info.about, SPAN("X-Mailward-Test: crash")))
            abort();
        volatile bool hang = span_equal(info.about, SPAN("X-Mailward-Test: hang"));
        while (hang) {
        }
    }
}

static int stronger_first(const void *a, const void *b)
{
    int32_t x = abs(((const struct judge_reason *)a)->millilogodds);
    int32_t y = abs(((const struct judge_reason *)b)->millilogodds);
    return (x < y) - (x > y);
}

static int32_t milli(double log_odds)
{
    const double limit = 2e9;
    return (int32_t)lround(fmax(-limit, fmin(limit, log_odds * 1000)));
}

static struct span rule_name(const struct scan_rules *rules, size_t rule)
{
    struct scan_rule_info info;
    scan_rules_info(rules, rule, &info);
    return info.name;
}

/* The named parts of the score, the strongest first; what does not fit is summed up in the last one. */
static void list_reasons(const struct judge_runtime *rt, const struct scan_score *score,
                         const struct scan_hits *hits, const struct peer_verdict *peers, struct arena *arena,
                         struct judge_child *child)
{
    static const struct span peer_reasons[PEER_COUNT] = {SPAN("peer:rspamd"), SPAN("peer:spamd")};
    struct judge_reason *reasons = arena_calloc(
        arena, 3 + PEER_COUNT + SCAN_FAMILIES + SCAN_FACT_COUNT + SCAN_HITS_MAX, sizeof *reasons);
    uint32_t count = 0;
    reasons[count++] = (struct judge_reason){SPAN("prior"), milli(score->prior)};
    if (rt->scanners[child->scanner].profile == JUDGE_AGGRESSIVE)
        reasons[count++] = (struct judge_reason){SPAN("profile"), milli(log(2))};
    reasons[count++] = (struct judge_reason){SPAN("learned"), milli(score->learned)};
    for (unsigned i = 0; peers && i < PEER_COUNT; i++)
        reasons[count++] = (struct judge_reason){peer_reasons[i], milli(peer_log_odds(i, &peers[i]))};
    for (unsigned i = SCAN_FACTS + 1; i < SCAN_RULES; i++)
        reasons[count++] = (struct judge_reason){span_text(scan_family_name(i)), milli(score->families[i])};
    for (unsigned i = 0; i < SCAN_FACT_COUNT; i++)
        reasons[count++] = (struct judge_reason){span_text(scan_fact_name(i)), milli(score->facts[i])};
    for (uint32_t i = 0; i < hits->count; i++)
        reasons[count++] =
            (struct judge_reason){rule_name(rt->rules, hits->rules[i]), milli(score->rules[i])};
    qsort(reasons, count, sizeof *reasons, stronger_first);
    while (count && reasons[count - 1].millilogodds == 0)
        count--;
    if (count > JUDGE_MAX_REASONS) {
        int64_t rest = 0;
        for (uint32_t i = JUDGE_MAX_REASONS - 1; i < count; i++)
            rest += reasons[i].millilogodds;
        reasons[JUDGE_MAX_REASONS - 1] = (struct judge_reason){SPAN("other"), (int32_t)rest};
        count = JUDGE_MAX_REASONS;
    }
    child->reasons = reasons;
    child->reason_count = count;
}

/* The rules that hit, the strongest first. */
static void list_graymail_reasons(const struct judge_runtime *rt, const struct scan_hits *hits,
                                  struct arena *arena, struct judge_child *child)
{
    struct judge_reason *reasons = arena_calloc(arena, hits->graymail_count + 1, sizeof *reasons);
    for (uint32_t i = 0; i < hits->graymail_count; i++) {
        struct scan_rule_info info;
        scan_rules_info(rt->rules, hits->graymail[i], &info);
        reasons[i] = (struct judge_reason){info.name, info.points};
    }
    qsort(reasons, hits->graymail_count, sizeof *reasons, stronger_first);
    child->graymail_reasons = reasons;
    child->graymail_reason_count =
        hits->graymail_count < JUDGE_MAX_REASONS ? hits->graymail_count : JUDGE_MAX_REASONS;
}

int judge_aggressive_score(int score)
{
    return 200 * score / (100 + score);
}

/* A death in an expression names its rule. */
static void enter_rule(void *context, struct span name)
{
    const struct judge_breadcrumb *breadcrumb = context;
    if (breadcrumb && breadcrumb->text_size)
        snprintf(breadcrumb->text, breadcrumb->text_size, "rule %.*s", (int)name.n, name.p);
}

/* What was found on one look at a message. */
struct look {
    struct span part; /* as much of the message as was looked at; empty: nothing yet */
    struct mime_view view;
    struct scan_hits hits;
    bool partial;  /* a limit or the budget cut it short */
    bool graymail; /* rules about it are asked, too */
};

static void run_rules(const struct judge_runtime *rt, const struct judge_input *input,
                      const struct mime_budget *budget, struct judge_breadcrumb *breadcrumb,
                      struct arena *arena, struct look *look)
{
    const struct scan_rule_input about = {.view = &look->view,
                                          .raw = span_slice(look->part, input->trace_bytes, look->part.n),
                                          .sender = input->sender,
                                          .helo = input->helo,
                                          .client_ip = input->client_ip,
                                          .recipients = input->recipients,
                                          .recipient_count = input->recipient_count,
                                          .graymail = look->graymail};
    const struct scan_rule_watch watch = {.enter = enter_rule, .context = breadcrumb};
    enter_stage(breadcrumb, "rules");
    scan_rules_run(rt->rules, &about, budget, &watch, arena, &look->hits);
}

/* View and hits of the part, within a budget of its own. */
static void look_at(const struct judge_runtime *rt, const struct judge_input *input, struct span part,
                    struct judge_breadcrumb *breadcrumb, struct arena *arena, struct judge_child *child,
                    struct look *look)
{
    struct clock_cpu_limit limit =
        clock_cpu_limit_of(rt->budget_us + rt->budget_us_per_mib * (int64_t)(part.n >> 20));
    struct mime_budget budget = {cpu_expired, &limit};
    const uint32_t limits = MIME_LIMIT_DEPTH | MIME_LIMIT_PARTS | MIME_LIMIT_HEADERS | MIME_LIMIT_TEXT |
                            MIME_LIMIT_URLS | MIME_LIMIT_BUDGET;
    enter_stage(breadcrumb, "mime");
    look->part = part;
    mime_view_build(part, input->trace_bytes, &rt->limits, &budget, arena, &look->view);
    if (rt->test_hooks)
        obey_test_hooks(&look->view, breadcrumb, child);
    run_rules(rt, input, &budget, breadcrumb, arena, look);
    if (rt->test_hooks)
        obey_rule_hooks(rt, &look->hits, breadcrumb);
    look->partial = part.n < input->message.n || look->view.flags & limits || look->hits.partial;
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

/* What the model does without is extracted only for what is learned from single messages, which knows all families. */
static void extract_features(const struct judge_runtime *rt, const struct judge_input *input,
                             const struct look *look, bool all, struct judge_breadcrumb *breadcrumb,
                             struct arena *arena, struct scan_features *features)
{
    const struct scan_feature_input about = {
        .view = &look->view,
        .body = span_slice(look->part, look->view.body_offset, look->part.n),
        .own_trace = span_slice(look->part, 0, input->trace_bytes),
        .rules = rt->rules,
        .hits = &look->hits,
        .left_out = all ? 0 : scan_model_left_out(rt->model),
    };
    enter_stage(breadcrumb, "features");
    scan_features_extract(&about, arena, features);
}

static void score_view(const struct judge_runtime *rt, const struct judge_policy *policy,
                       const struct judge_input *input, const struct look *look,
                       struct judge_breadcrumb *breadcrumb, struct arena *arena, struct judge_child *child)
{
    const struct peer_verdict *peers = peers_of(policy, input);
    struct scan_features features;
    struct scan_score score;
    extract_features(rt, input, look, rt->learned != NULL, breadcrumb, arena, &features);
    enter_stage(breadcrumb, "model");
    scan_model_score(rt->model, &features, &score);
    if (rt->learned)
        scan_learned_add(rt->learned, &features, &score);
    list_reasons(rt, &score, &look->hits, peers, arena, child);
    bool test_mark = header_says(&look->view, "X-Advertisement", SPAN("spam"));
    set_scores(rt, policy, &score, peers, test_mark, child);
}

/* What is above always-scan is looked at only so far. */
static struct span looked_at(const struct judge_scanner_settings *scanner, const struct judge_input *input,
                             uint64_t size)
{
    if (size <= scanner->always_scan_bytes)
        return input->message;
    return span_slice(input->message, 0, input->trace_bytes + (size_t)scanner->always_scan_bytes);
}

/* The headers alone, when the rest is not to be looked at. */
static struct span header_block(const struct judge_runtime *rt, const struct judge_input *input)
{
    struct span head = span_slice(input->message, 0, input->trace_bytes + rt->limits.header_bytes);
    return span_slice(head, 0, span_find_span(head, SPAN("\r\n\r\n")) + 4);
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
                     struct arena *arena, struct judge_child *child, struct look *look)
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
        look_at(rt, input, looked_at(scanner, input, size), breadcrumb, arena, child, look);
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
                                       const struct look *look, struct arena *arena,
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
    list_graymail_reasons(rt, &look->hits, arena, child);
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
                         struct arena *arena, struct judge_child *child, struct look *look)
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
            look_at(rt, input, input->message, breadcrumb, arena, child, look);
        child->graymail = graymail_of(rt, policy, look, arena, child);
    }
}

/* The headers alone, when no engine looked at the message. */
static void look_at_headers(const struct judge_runtime *rt, const struct judge_input *input,
                            struct judge_breadcrumb *breadcrumb, struct arena *arena,
                            struct judge_child *child, struct look *look)
{
    enter_stage(breadcrumb, "headers");
    mime_view_build(header_block(rt, input), input->trace_bytes, &rt->limits, NULL, arena, &look->view);
    if (rt->test_hooks)
        obey_test_hooks(&look->view, breadcrumb, child);
}

/* What becomes of the child, and how its headers tell of it. */
static void resolve(const struct judge_runtime *rt, const struct judge_policy *policy,
                    const struct judge_input *input, const struct look *spam, const struct look *last,
                    struct arena *arena, struct judge_child *child)
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
    struct look spam = {.graymail = wants_graymail(rt, policy, input)};
    child->policy = policy->name;
    ask_spam(rt, policy, input, breadcrumb, arena, child, &spam);
    struct look last = spam;
    ask_graymail(rt, policy, input, breadcrumb, arena, child, &last);
    if (last.part.n == 0)
        look_at_headers(rt, input, breadcrumb, arena, child, &last);
    enter_stage(breadcrumb, "edits");
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

/* What stays the same when a message is passed on: who wrote it, when, under which name. */
static struct span identity_of(const struct mime_view *view, struct arena *arena)
{
    static const char *const names[] = {"Message-ID", "Date", "From"};
    struct span identity = {0};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct mime_header *h = mime_view_header(view, names[i]);
        struct span value = span_slice(h ? span_trim(h->value) : (struct span){0}, 0, SCAN_IDENTITY_MOST / 4);
        identity = arena_printf(arena, "%.*s%.*s\n", (int)identity.n, identity.n ? identity.p : "",
                                (int)value.n, value.n ? value.p : "");
    }
    return identity;
}

void judge_take_example(const struct judge_runtime *rt, const struct judge_input *input,
                        struct judge_breadcrumb *breadcrumb, struct arena *arena,
                        struct scan_example *example)
{
    const struct judge_scanner_settings *scanner = &rt->scanners[JUDGE_SCANNER_ANTISPAM];
    struct judge_child nobody = {0};
    struct look look = {0};
    struct scan_features features;
    struct scan_score score;
    look_at(rt, input, looked_at(scanner, input, input->message.n - input->trace_bytes), breadcrumb, arena,
            &nobody, &look);
    extract_features(rt, input, &look, true, breadcrumb, arena, &features);
    scan_model_score(rt->model, &features, &score);
    *example = (struct scan_example){.version = SCAN_EXAMPLE_VERSION,
                                     .log_odds = milli(score.log_odds),
                                     .identity = identity_of(&look.view, arena)};
    scan_sample_take(&features, &example->sample);
}
