/* The named reasons of a verdict. */
#ifndef JUDGE_REASONS_H
#define JUDGE_REASONS_H

#include "engine/judge/judge.h"
#include "engine/scan/model.h"
#include "engine/scan/rules.h"

/* In thousandths. */
int32_t judge_milli(double log_odds);

/* The parts of the score, the strongest first; what does not fit is summed up in the last one.  peers: PEER_COUNT of
 * them, or NULL. */
void judge_list_reasons(const struct judge_runtime *rt, const struct scan_score *score,
                        const struct scan_hits *hits, const struct peer_verdict *peers, struct arena *arena,
                        struct judge_child *child);

/* The rules about graymail that hit, the strongest first. */
void judge_list_graymail_reasons(const struct judge_runtime *rt, const struct scan_hits *hits,
                                 struct arena *arena, struct judge_child *child);

#endif
