/* From rows to the runtime: every setting that judging depends on is read here, those of a policy in policy_row.c. */
#include "daemon/scan/runtime.h"

#include "daemon/policy_row.h"

static bool read_policies(struct judge_policy *policies, struct config_table *const *tables,
                          struct arena *texts, struct error *error)
{
    static const enum schema_table_id ids[JUDGE_DIRECTION_COUNT] = {
        [JUDGE_INCOMING] = SCHEMA_INCOMING_POLICY,
        [JUDGE_OUTGOING] = SCHEMA_OUTGOING_POLICY,
    };
    for (unsigned i = 0; i < JUDGE_DIRECTION_COUNT; i++) {
        const struct schema_row *row = config_table_find(tables[ids[i]], SPAN("DEFAULT"));
        if (!row)
            return error_set(error, "table %s has no row DEFAULT", schema_tables[ids[i]].name);
        policies[i] = policy_row_read(row, texts);
    }
    return true;
}

static void read_antispam(struct runtime *rt, const struct schema_row *row)
{
    static const enum judge_profile profiles[] = {JUDGE_NORMAL, JUDGE_AGGRESSIVE};
    rt->timeout_us = schema_row_number(row, ANTISPAM_TIMEOUT) * 1000000;
    rt->judge.antispam = schema_row_number(row, ANTISPAM_ENABLED);
    rt->judge.profile = profiles[schema_row_number(row, ANTISPAM_PROFILE)];
    rt->judge.always_scan_bytes = (uint64_t)schema_row_number(row, ANTISPAM_ALWAYS_SCAN_SIZE);
    rt->judge.never_scan_bytes = (uint64_t)schema_row_number(row, ANTISPAM_NEVER_SCAN_SIZE);
}

/* One call of a worker asks both questions: the shorter time-out ends it. */
static void read_graymail(struct runtime *rt, const struct schema_row *row, const struct schema_row *limits)
{
    int64_t timeout_us = schema_row_number(limits, IMSANDGRAYMAIL_TIMEOUT) * 1000000;
    rt->judge.graymail = schema_row_number(row, GRAYMAIL_ENABLED);
    rt->judge.graymail_never_bytes = (uint64_t)schema_row_number(limits, IMSANDGRAYMAIL_NEVER_SCAN_SIZE);
    if (rt->judge.graymail && timeout_us < rt->timeout_us)
        rt->timeout_us = timeout_us;
}

bool runtime_build(struct runtime *rt, struct config_table *const *tables, struct error *error)
{
    *rt = (struct runtime){.texts = arena_new()};
    judge_runtime_defaults(&rt->judge);
    read_antispam(rt, config_table_single(tables[SCHEMA_ANTISPAM]));
    read_graymail(rt, config_table_single(tables[SCHEMA_GRAYMAIL]),
                  config_table_single(tables[SCHEMA_IMSANDGRAYMAIL]));
    if (read_policies(rt->judge.policies, tables, rt->texts, error))
        return true;
    arena_free(rt->texts);
    return false;
}
