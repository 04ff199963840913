/* From rows to the runtime: every field of the tables that judging depends on is read here and nowhere else. */
#include "daemon/scan/runtime.h"

/* The actions are numbered alike on both sides. */
_Static_assert((int)JUDGE_DELIVER == SCHEMA_DELIVER && (int)JUDGE_DROP == SCHEMA_DROP &&
                   (int)JUDGE_BOUNCE == SCHEMA_BOUNCE && (int)JUDGE_QUARANTINE == SCHEMA_QUARANTINE,
               "enum judge_action and enum schema_action differ");

/* The fields of one verdict's block. */
struct block {
    enum policy_field threshold, action, subject, header, archive;
};

static const struct block positive = {POLICY_POSITIVE_THRESHOLD, POLICY_POSITIVE_ACTION,
                                      POLICY_POSITIVE_SUBJECT, POLICY_POSITIVE_HEADER,
                                      POLICY_POSITIVE_ARCHIVE};
static const struct block suspect = {POLICY_SUSPECT_THRESHOLD, POLICY_SUSPECT_ACTION, POLICY_SUSPECT_SUBJECT,
                                     POLICY_SUSPECT_HEADER, POLICY_SUSPECT_ARCHIVE};

/* "none", "prepend:TEXT" or "append:TEXT"; every blank of TEXT counts. */
static void read_subject(struct span value, struct arena *texts, struct judge_treatment *t)
{
    size_t colon = span_find(value, ':');
    struct span word = span_slice(value, 0, colon);
    t->subject_change = span_equal_nocase(word, SPAN("prepend"))  ? JUDGE_SUBJECT_PREPEND
                        : span_equal_nocase(word, SPAN("append")) ? JUDGE_SUBJECT_APPEND
                                                                  : JUDGE_SUBJECT_KEEP;
    if (t->subject_change != JUDGE_SUBJECT_KEEP)
        t->subject_text = arena_dup(texts, span_slice(value, colon + 1, value.n));
}

static struct judge_treatment read_treatment(const struct schema_row *row, const struct block *fields,
                                             struct arena *texts)
{
    struct judge_treatment t = {
        .threshold = (int)schema_row_number(row, fields->threshold),
        .action = (enum judge_action)schema_row_number(row, fields->action),
        .header = arena_dup(texts, schema_row_text(row, fields->header)),
        .archive = schema_row_number(row, fields->archive),
    };
    read_subject(schema_row_text(row, fields->subject), texts, &t);
    return t;
}

static struct judge_policy read_policy(const struct schema_row *row, struct arena *texts)
{
    return (struct judge_policy){
        .name = arena_dup(texts, schema_row_key(row)),
        .antispam = schema_row_number(row, POLICY_ANTISPAM),
        .positive = read_treatment(row, &positive, texts),
        .suspect = read_treatment(row, &suspect, texts),
        .treat_suspects = schema_row_number(row, POLICY_SUSPECT),
    };
}

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
        policies[i] = read_policy(row, texts);
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

bool runtime_build(struct runtime *rt, struct config_table *const *tables, struct error *error)
{
    *rt = (struct runtime){.texts = arena_new()};
    judge_runtime_defaults(&rt->judge);
    read_antispam(rt, config_table_single(tables[SCHEMA_ANTISPAM]));
    if (read_policies(rt->judge.policies, tables, rt->texts, error))
        return true;
    arena_free(rt->texts);
    return false;
}
