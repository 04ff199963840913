/* Looks at messages, and what test messages ask of whoever looks. */
#include "engine/judge/look.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/clock.h"
#include "engine/scan/model.h"

void judge_enter_stage(struct judge_breadcrumb *breadcrumb, const char *stage)
{
    if (breadcrumb && breadcrumb->text_size)
        snprintf(breadcrumb->text, breadcrumb->text_size, "%s", stage);
}

bool judge_header_says(const struct mime_view *view, const char *name, struct span value)
{
    const struct mime_header *h = mime_view_header(view, name);
    return h && span_equal_nocase(span_trim(h->value), value);
}

static bool cpu_expired(void *context)
{
    return clock_cpu_limit_passed(context);
}

/* X-Mailward-Test: what a message may ask for in a private instance that was started with test.hooks. */
static void obey_test_hooks(const struct mime_view *view, struct judge_breadcrumb *breadcrumb,
                            struct judge_child *child)
{
    judge_enter_stage(breadcrumb, "test hook");
    if (judge_header_says(view, "X-Mailward-Test", SPAN("crash")))
        abort();
    volatile bool hang = judge_header_says(view, "X-Mailward-Test", SPAN("hang"));
    while (hang) {
    }
    if (judge_header_says(view, "X-Mailward-Test", SPAN("refuse-prepare")))
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

/* A death in an expression names its rule. */
static void enter_rule(void *context, struct span name)
{
    const struct judge_breadcrumb *breadcrumb = context;
    if (breadcrumb && breadcrumb->text_size)
        snprintf(breadcrumb->text, breadcrumb->text_size, "rule %.*s", (int)name.n, name.p);
}

static void run_rules(const struct judge_runtime *rt, const struct judge_input *input,
                      const struct mime_budget *budget, struct judge_breadcrumb *breadcrumb,
                      struct arena *arena, struct judge_look *look)
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
    judge_enter_stage(breadcrumb, "rules");
    scan_rules_run(rt->rules, &about, budget, &watch, arena, &look->hits);
}

void judge_look_at(const struct judge_runtime *rt, const struct judge_input *input, struct span part,
                   struct judge_breadcrumb *breadcrumb, struct arena *arena, struct judge_child *child,
                   struct judge_look *look)
{
    struct clock_cpu_limit limit =
        clock_cpu_limit_of(rt->budget_us + rt->budget_us_per_mib * (int64_t)(part.n >> 20));
    struct mime_budget budget = {cpu_expired, &limit};
    const uint32_t limits = MIME_LIMIT_DEPTH | MIME_LIMIT_PARTS | MIME_LIMIT_HEADERS | MIME_LIMIT_TEXT |
                            MIME_LIMIT_URLS | MIME_LIMIT_BUDGET;
    judge_enter_stage(breadcrumb, "mime");
    look->part = part;
    mime_view_build(part, input->trace_bytes, &rt->limits, &budget, arena, &look->view);
    if (rt->test_hooks)
        obey_test_hooks(&look->view, breadcrumb, child);
    run_rules(rt, input, &budget, breadcrumb, arena, look);
    if (rt->test_hooks)
        obey_rule_hooks(rt, &look->hits, breadcrumb);
    look->partial = part.n < input->message.n || look->view.flags & limits || look->hits.partial;
}

struct span judge_part_to_scan(const struct judge_scanner_settings *scanner, const struct judge_input *input)
{
    if (input->message.n - input->trace_bytes <= scanner->always_scan_bytes)
        return input->message;
    return span_slice(input->message, 0, input->trace_bytes + (size_t)scanner->always_scan_bytes);
}

static struct span header_block(const struct judge_runtime *rt, const struct judge_input *input)
{
    struct span head = span_slice(input->message, 0, input->trace_bytes + rt->limits.header_bytes);
    return span_slice(head, 0, span_find_span(head, SPAN("\r\n\r\n")) + 4);
}

void judge_look_at_headers(const struct judge_runtime *rt, const struct judge_input *input,
                           struct judge_breadcrumb *breadcrumb, struct arena *arena,
                           struct judge_child *child, struct judge_look *look)
{
    judge_enter_stage(breadcrumb, "headers");
    mime_view_build(header_block(rt, input), input->trace_bytes, &rt->limits, NULL, arena, &look->view);
    if (rt->test_hooks)
        obey_test_hooks(&look->view, breadcrumb, child);
}

void judge_extract_features(const struct judge_runtime *rt, const struct judge_input *input,
                            const struct judge_look *look, bool all, struct judge_breadcrumb *breadcrumb,
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
    judge_enter_stage(breadcrumb, "features");
    scan_features_extract(&about, arena, features);
}
