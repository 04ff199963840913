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
    rt->judge.scanners[JUDGE_SCANNER_ANTISPAM] = (struct judge_scanner_settings){
        .on = schema_row_number(row, ANTISPAM_ENABLED),
        .profile = profiles[schema_row_number(row, ANTISPAM_PROFILE)],
        .always_scan_bytes = (uint64_t)schema_row_number(row, ANTISPAM_ALWAYS_SCAN_SIZE),
        .never_scan_bytes = (uint64_t)schema_row_number(row, ANTISPAM_NEVER_SCAN_SIZE),
    };
}

/* The profile is a setting of the other engine. */
static void read_multiscan(struct runtime *rt, const struct schema_row *row, const struct schema_row *limits)
{
    rt->judge.scanners[JUDGE_SCANNER_MULTISCAN] = (struct judge_scanner_settings){
        .on = schema_row_number(row, MULTISCAN_ENABLED),
        .profile = JUDGE_NORMAL,
        .always_scan_bytes = (uint64_t)schema_row_number(limits, IMSANDGRAYMAIL_ALWAYS_SCAN_SIZE),
        .never_scan_bytes = (uint64_t)schema_row_number(limits, IMSANDGRAYMAIL_NEVER_SCAN_SIZE),
    };
}

/* With multiscan the other half of the time was for the peers. */
static void set_timeouts(struct runtime *rt, const struct schema_row *antispam,
                         const struct schema_row *limits)
{
    for (unsigned i = 0; i < JUDGE_DIRECTION_COUNT; i++)
        rt->timeout_us[i] = rt->judge.policies[i].scanner == JUDGE_SCANNER_MULTISCAN
                                ? schema_row_number(limits, IMSANDGRAYMAIL_TIMEOUT) * 500000
                                : schema_row_number(antispam, ANTISPAM_TIMEOUT) * 1000000;
}

/* One call of a worker asks both questions: the shorter time-out ends it. */
static void read_graymail(struct runtime *rt, const struct schema_row *row, const struct schema_row *limits)
{
    int64_t timeout_us = schema_row_number(limits, IMSANDGRAYMAIL_TIMEOUT) * 1000000;
    rt->judge.graymail = schema_row_number(row, GRAYMAIL_ENABLED);
    rt->judge.graymail_never_bytes = (uint64_t)schema_row_number(limits, IMSANDGRAYMAIL_NEVER_SCAN_SIZE);
    for (unsigned i = 0; rt->judge.graymail && i < JUDGE_DIRECTION_COUNT; i++)
        if (timeout_us < rt->timeout_us[i])
            rt->timeout_us[i] = timeout_us;
}

bool runtime_build(struct runtime *rt, struct config_table *const *tables, struct error *error)
{
    *rt = (struct runtime){.texts = arena_new()};
    judge_runtime_defaults(&rt->judge);
    const struct schema_row *antispam = config_table_single(tables[SCHEMA_ANTISPAM]),
                            *limits = config_table_single(tables[SCHEMA_IMSANDGRAYMAIL]);
    read_antispam(rt, antispam);
    read_multiscan(rt, config_table_single(tables[SCHEMA_MULTISCAN]), limits);
    if (read_policies(rt->judge.policies, tables, rt->texts, error)) {
        set_timeouts(rt, antispam, limits);
        read_graymail(rt, config_table_single(tables[SCHEMA_GRAYMAIL]), limits);
        return true;
    }
    arena_free(rt->texts);
    return false;
}
