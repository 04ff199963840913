/* judge_message(): policy, view, rules, features, model, thresholds, edits; one child for all recipients, as each
 * table has one policy. */
#include "engine/judge/judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/clock.h"
#include "engine/judge/header_edits.h"
#include "engine/judge/resolve.h"
#include "engine/scan/model.h"

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
    };
    *rt = (struct judge_runtime){
        .limits = mime_default_limits,
        .antispam = true,
        .always_scan_bytes = 1024 * 1024,
        .never_scan_bytes = 2 * 1024 * 1024,
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
                         const struct scan_hits *hits, struct arena *arena, struct judge_child *child)
{
    struct judge_reason *reasons =
        arena_calloc(arena, 2 + SCAN_FAMILIES + SCAN_FACT_COUNT + SCAN_HITS_MAX, sizeof *reasons);
    uint32_t count = 0;
    reasons[count++] = (struct judge_reason){SPAN("prior"), milli(score->prior)};
    if (rt->profile == JUDGE_AGGRESSIVE)
        reasons[count++] = (struct judge_reason){SPAN("profile"), milli(log(2))};
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

static void run_rules(const struct judge_runtime *rt, const struct judge_input *input, struct span part,
                      const struct mime_view *view, const struct mime_budget *budget,
                      struct judge_breadcrumb *breadcrumb, struct arena *arena, struct scan_hits *hits)
{
    const struct scan_rule_input about = {.view = view,
                                          .raw = span_slice(part, input->trace_bytes, part.n),
                                          .sender = input->sender,
                                          .helo = input->helo,
                                          .client_ip = input->client_ip,
                                          .recipients = input->recipients,
                                          .recipient_count = input->recipient_count};
    const struct scan_rule_watch watch = {.enter = enter_rule, .context = breadcrumb};
    enter_stage(breadcrumb, "rules");
    scan_rules_run(rt->rules, &about, budget, &watch, arena, hits);
}

static void score_view(const struct judge_runtime *rt, struct span part, const struct mime_view *view,
                       const struct judge_input *input, const struct scan_hits *hits,
                       struct judge_breadcrumb *breadcrumb, struct arena *arena, struct judge_child *child)
{
    const struct scan_feature_input about = {.view = view,
                                             .body = span_slice(part, view->body_offset, part.n),
                                             .own_trace = span_slice(part, 0, input->trace_bytes),
                                             .rules = rt->rules,
                                             .hits = hits};
    struct scan_features features;
    struct scan_score score;
    enter_stage(breadcrumb, "features");
    scan_features_extract(&about, arena, &features);
    enter_stage(breadcrumb, "model");
    scan_model_score(rt->model, &features, &score);
    child->score = rt->profile == JUDGE_AGGRESSIVE ? judge_aggressive_score(score.score) : score.score;
    list_reasons(rt, &score, hits, arena, child);
    if (header_says(view, "X-Advertisement", SPAN("spam"))) {
        child->test_mark = true;
        child->score = TEST_SCORE;
    }
}

static enum judge_verdict verdict_of(const struct judge_policy *policy, int score)
{
    if (score >= policy->positive.threshold)
        return JUDGE_POSITIVE;
    return policy->treat_suspects && score >= policy->suspect.threshold ? JUDGE_SUSPECT : JUDGE_NEGATIVE;
}

/* What becomes of the child; returned is what its headers are to say, as in struct judge_resolution. */
static const struct judge_treatment *resolve(const struct judge_policy *policy, struct judge_child *child)
{
    struct judge_resolution resolution;
    judge_resolve(policy, child->verdict, &resolution);
    child->action = resolution.action;
    child->archive = resolution.archive;
    child->host = resolution.host;
    child->recipient = resolution.recipient;
    return resolution.marks;
}

/* What is above always-scan is looked at only so far. */
static struct span looked_at(const struct judge_runtime *rt, const struct judge_input *input, uint64_t size)
{
    if (size <= rt->always_scan_bytes)
        return input->message;
    return span_slice(input->message, 0, input->trace_bytes + (size_t)rt->always_scan_bytes);
}

/* The headers alone, when the rest is not to be looked at. */
static struct span header_block(const struct judge_runtime *rt, const struct judge_input *input)
{
    struct span head = span_slice(input->message, 0, input->trace_bytes + rt->limits.header_bytes);
    return span_slice(head, 0, span_find_span(head, SPAN("\r\n\r\n")) + 4);
}

static void pass_unscanned(const struct judge_runtime *rt, const struct judge_policy *policy,
                           const struct judge_input *input, struct judge_breadcrumb *breadcrumb,
                           struct arena *arena, struct judge_child *child)
{
    struct mime_view view;
    enter_stage(breadcrumb, "headers");
    mime_view_build(header_block(rt, input), input->trace_bytes, &rt->limits, NULL, arena, &view);
    if (rt->test_hooks)
        obey_test_hooks(&view, breadcrumb, child);
    child->score = -1;
    const struct judge_findings findings = {.model = rt->model};
    judge_edit_headers(input, &view, &findings, resolve(policy, child), arena, child);
}

static void scan(const struct judge_runtime *rt, const struct judge_policy *policy,
                 const struct judge_input *input, struct judge_breadcrumb *breadcrumb, struct arena *arena,
                 struct judge_child *child)
{
    enter_stage(breadcrumb, "mime");
    struct span part = looked_at(rt, input, input->message.n - input->trace_bytes);
    struct clock_cpu_limit limit =
        clock_cpu_limit_of(rt->budget_us + rt->budget_us_per_mib * (int64_t)(part.n >> 20));
    struct mime_budget budget = {cpu_expired, &limit};
    struct mime_view view;
    mime_view_build(part, input->trace_bytes, &rt->limits, &budget, arena, &view);
    const uint32_t limits = MIME_LIMIT_DEPTH | MIME_LIMIT_PARTS | MIME_LIMIT_HEADERS | MIME_LIMIT_TEXT |
                            MIME_LIMIT_URLS | MIME_LIMIT_BUDGET;
    if (rt->test_hooks)
        obey_test_hooks(&view, breadcrumb, child);
    struct scan_hits hits;
    run_rules(rt, input, part, &view, &budget, breadcrumb, arena, &hits);
    if (rt->test_hooks)
        obey_rule_hooks(rt, &hits, breadcrumb);
    child->partial = part.n < input->message.n || view.flags & limits || hits.partial;
    score_view(rt, part, &view, input, &hits, breadcrumb, arena, child);
    child->verdict = verdict_of(policy, child->score);
    enter_stage(breadcrumb, "edits");
    const struct judge_findings findings = {rt->model, rt->rules, &hits};
    judge_edit_headers(input, &view, &findings, resolve(policy, child), arena, child);
}

static void judge_by_policy(const struct judge_runtime *rt, const struct judge_policy *policy,
                            const struct judge_input *input, struct judge_breadcrumb *breadcrumb,
                            struct arena *arena, struct judge_child *child)
{
    child->policy = policy->name;
    if (!rt->antispam || !policy->antispam || input->without_antispam) {
        child->verdict = JUDGE_OFF;
        pass_unscanned(rt, policy, input, breadcrumb, arena, child);
    } else if (input->message.n - input->trace_bytes > rt->never_scan_bytes) {
        child->verdict = JUDGE_NOT_SCANNED;
        child->size_limit = rt->never_scan_bytes;
        pass_unscanned(rt, policy, input, breadcrumb, arena, child);
    } else {
        scan(rt, policy, input, breadcrumb, arena, child);
    }
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

const char *judge_verdict_name(enum judge_verdict verdict)
{
    static const char *const names[] = {
        [JUDGE_NEGATIVE] = "negative",       [JUDGE_SUSPECT] = "suspect",
        [JUDGE_POSITIVE] = "positive",       [JUDGE_NOT_SCANNED] = "not scanned",
        [JUDGE_UNSCANNABLE] = "unscannable", [JUDGE_OFF] = "off",
    };
    return names[verdict];
}
