/* Why a message got its score and its points of graymail. */
#include "engine/judge/reasons.h"

#include <math.h>
#include <stdlib.h>

static int stronger_first(const void *a, const void *b)
{
    int32_t x = abs(((const struct judge_reason *)a)->millilogodds);
    int32_t y = abs(((const struct judge_reason *)b)->millilogodds);
    return (x < y) - (x > y);
}

int32_t judge_milli(double log_odds)
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

void judge_list_reasons(const struct judge_runtime *rt, const struct scan_score *score,
                        const struct scan_hits *hits, const struct peer_verdict *peers, struct arena *arena,
                        struct judge_child *child)
{
    static const struct span peer_reasons[PEER_COUNT] = {SPAN("peer:rspamd"), SPAN("peer:spamd")};
    struct judge_reason *reasons = arena_calloc(
        arena, 3 + PEER_COUNT + SCAN_FAMILIES + SCAN_FACT_COUNT + SCAN_HITS_MAX, sizeof *reasons);
    uint32_t count = 0;
    reasons[count++] = (struct judge_reason){SPAN("prior"), judge_milli(score->prior)};
    if (rt->scanners[child->scanner].profile == JUDGE_AGGRESSIVE)
        reasons[count++] = (struct judge_reason){SPAN("profile"), judge_milli(log(2))};
    reasons[count++] = (struct judge_reason){SPAN("learned"), judge_milli(score->learned)};
    for (unsigned i = 0; peers && i < PEER_COUNT; i++)
        reasons[count++] = (struct judge_reason){peer_reasons[i], judge_milli(peer_log_odds(i, &peers[i]))};
    for (unsigned i = SCAN_FACTS + 1; i < SCAN_RULES; i++)
        reasons[count++] =
            (struct judge_reason){span_text(scan_family_name(i)), judge_milli(score->families[i])};
    for (unsigned i = 0; i < SCAN_FACT_COUNT; i++)
        reasons[count++] = (struct judge_reason){span_text(scan_fact_name(i)), judge_milli(score->facts[i])};
    for (uint32_t i = 0; i < hits->count; i++)
        reasons[count++] =
            (struct judge_reason){rule_name(rt->rules, hits->rules[i]), judge_milli(score->rules[i])};
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

void judge_list_graymail_reasons(const struct judge_runtime *rt, const struct scan_hits *hits,
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
