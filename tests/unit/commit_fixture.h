/* Two sessions' candidates on the first revision, and what became of their commits. */
#ifndef UNIT_COMMIT_FIXTURE_H
#define UNIT_COMMIT_FIXTURE_H

#include "tests/unit/control_peers.h"

static struct config_candidate candidate, other;
static struct outcome outcome;

static inline void start_with_candidates(void)
{
    control_start();
    config_candidate_begin(&candidate, head_manifest()->revision, head_tree());
    config_candidate_begin(&other, head_manifest()->revision, head_tree());
}

static inline bool head_has(const char *domain)
{
    return route_of(head_tree(), domain).n > 0;
}

/* Refused with this status: head, roles and candidate are as they were. */
static inline bool nothing_changed(enum api_status status)
{
    return outcome.done && outcome.result.status == status && !outcome.result.manifest &&
           head_manifest()->revision == 1 && !head_has("one.example") && all_run(1) &&
           config_candidate_is_changed(&candidate) && route_of(candidate.mine, "one.example").n > 0;
}

static inline void commit_one(void)
{
    put_route(&candidate, "one.example", "mx.one.example:25");
    start_commit(&candidate, "commit-one", &outcome);
}

static inline bool committed(const struct outcome *o, uint64_t revision)
{
    return o->done && o->result.status == API_DONE && o->revision == revision;
}

#endif
