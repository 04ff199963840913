/* The fields of a mail policy: read here and nowhere else in the daemon. */
#include "daemon/policy_row.h"

/* The actions are numbered alike on both sides. */
_Static_assert((int)JUDGE_DELIVER == SCHEMA_DELIVER && (int)JUDGE_DROP == SCHEMA_DROP &&
                   (int)JUDGE_BOUNCE == SCHEMA_BOUNCE && (int)JUDGE_QUARANTINE == SCHEMA_QUARANTINE,
               "enum judge_action and enum schema_action differ");

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

static struct judge_treatment read_treatment(const struct schema_row *row, enum policy_kind kind,
                                             struct arena *texts)
{
    const struct policy_treatment *fields = &policy_treatments[kind];
    struct judge_treatment t = {
        .action = (enum judge_action)schema_row_number(row, fields->action),
        .header = arena_dup(texts, schema_row_text(row, fields->header)),
        .archive = schema_row_number(row, fields->archive),
        .host = arena_dup(texts, schema_row_text(row, fields->host)),
        .recipient = arena_dup(texts, schema_row_text(row, fields->recipient)),
    };
    read_subject(schema_row_text(row, fields->subject), texts, &t);
    return t;
}

struct judge_policy policy_row_read(const struct schema_row *row, struct arena *texts)
{
    struct judge_policy policy = {
        .name = arena_dup(texts, schema_row_key(row)),
        .antispam = schema_row_number(row, POLICY_ANTISPAM),
        .scanner = (enum judge_scanner)schema_row_number(row, POLICY_ENGINE),
        .positive = read_treatment(row, POLICY_SPAM, texts),
        .suspect = read_treatment(row, POLICY_SUSPECTED, texts),
        .treat_suspects = schema_row_number(row, POLICY_SUSPECT),
        .unscannable = (enum judge_action)schema_row_number(row, POLICY_UNSCANNABLE),
        .graymail = schema_row_number(row, POLICY_GRAYMAIL),
        .unsigned_only = schema_row_number(row, POLICY_APPLY_TO) == POLICY_APPLY_TO_UNSIGNED,
        .marketing = read_treatment(row, POLICY_MARKETING, texts),
        .social = read_treatment(row, POLICY_SOCIAL, texts),
        .bulk = read_treatment(row, POLICY_BULK, texts),
    };
    policy.positive.threshold = (int)schema_row_number(row, POLICY_POSITIVE_THRESHOLD);
    policy.suspect.threshold = (int)schema_row_number(row, POLICY_SUSPECT_THRESHOLD);
    return policy;
}
