/* Whether a configuration can be committed, and what in it will not do what one would think.
 *
 * Only rows that differ from the configuration before are looked at, and policies when the settings of the gateway
 * that they depend on differ.
 */
#include "engine/config/check.h"
#include "engine/base/text.h"
#include "engine/config/candidate.h"
#include "engine/config/cluster.h"

struct check {
    const struct schema_table *table;
    void (*warn)(const char *sentence, void *context);
    void *context;
    struct error *error;
    bool failed;
};

/* ---- rows ---- */

static void check_row(const struct schema_row *before, const struct schema_row *after, void *context)
{
    struct check *check = context;
    struct error reason;
    if (!after || check->failed)
        return;
    if (check->table->check_row && !check->table->check_row(after, &reason)) {
        struct span key = schema_row_key(after);
        check->failed = true;
        error_set(check->error, "%s%s%.*s: %s", check->table->name, key.n ? " " : "", (int)key.n, key.p,
                  reason.text);
        return;
    }
    if (check->warn)
        schema_row_warn(before, after, check->warn, check->context);
}

/* ---- policies against the settings of the gateway ---- */

/* The settings of the gateway that policies depend on. */
struct gateway {
    const struct schema_row *antispam, *graymail, *multiscan;
};

static bool uses_multiscan(const struct schema_row *policy)
{
    return schema_row_number(policy, POLICY_ENGINE) == POLICY_ENGINE_MULTISCAN;
}

static bool is_on_in_vain(const struct schema_row *before, const struct schema_row *policy,
                          const struct gateway *gateway)
{
    (void)before;
    return schema_row_number(policy, POLICY_ANTISPAM) && !uses_multiscan(policy) &&
           !schema_row_number(gateway->antispam, ANTISPAM_ENABLED);
}

static bool is_multiscan_off(const struct schema_row *before, const struct schema_row *policy,
                             const struct gateway *gateway)
{
    (void)before;
    return schema_row_number(policy, POLICY_ANTISPAM) && uses_multiscan(policy) &&
           !schema_row_number(gateway->multiscan, MULTISCAN_ENABLED);
}

static bool is_graymail_off(const struct schema_row *before, const struct schema_row *policy,
                            const struct gateway *gateway)
{
    (void)before;
    return schema_row_number(policy, POLICY_GRAYMAIL) &&
           !schema_row_number(gateway->graymail, GRAYMAIL_ENABLED);
}

/* Graymail is what is left of mail that is no spam (S2-84). */
static bool is_graymail_alone(const struct schema_row *before, const struct schema_row *policy,
                              const struct gateway *gateway)
{
    (void)before;
    return schema_row_number(policy, POLICY_GRAYMAIL) &&
           schema_row_number(gateway->graymail, GRAYMAIL_ENABLED) &&
           !schema_row_number(gateway->antispam, ANTISPAM_ENABLED) &&
           !schema_row_number(gateway->multiscan, MULTISCAN_ENABLED);
}

static bool has_default(const struct schema_row *row, unsigned field)
{
    const struct schema_field *f = &row->table->fields[field];
    struct schema_value preset;
    struct error error;
    return schema_value_parse(f, span_text(f->preset), &preset, &error) &&
           schema_value_equal(f, &preset, &row->values[field]);
}

static bool is_sharpened(const struct schema_row *before, const struct schema_row *policy,
                         const struct gateway *gateway)
{
    (void)before;
    return schema_row_number(gateway->antispam, ANTISPAM_PROFILE) == ANTISPAM_PROFILE_AGGRESSIVE &&
           !uses_multiscan(policy) &&
           !(has_default(policy, POLICY_POSITIVE_THRESHOLD) && has_default(policy, POLICY_SUSPECT_THRESHOLD));
}

static bool is_suspect_in_vain(const struct schema_row *before, const struct schema_row *policy,
                               const struct gateway *gateway)
{
    (void)gateway;
    bool changed = false;
    for (unsigned i = POLICY_SUSPECT_THRESHOLD; i <= POLICY_SUSPECT_ARCHIVE; i++)
        changed |=
            before ? !schema_value_equal(&policy->table->fields[i], &before->values[i], &policy->values[i])
                   : !has_default(policy, i);
    return changed && !schema_row_number(policy, POLICY_SUSPECT);
}

/* Whether a policy has settings for mail of this kind that take effect. */
static bool is_treated(const struct schema_row *policy, enum policy_kind kind)
{
    return kind == POLICY_SPAM || (kind == POLICY_SUSPECTED ? schema_row_number(policy, POLICY_SUSPECT)
                                                            : schema_row_number(policy, POLICY_GRAYMAIL));
}

static bool ends_with_alternates(const struct schema_row *policy, const struct policy_treatment *t)
{
    int64_t action = schema_row_number(policy, t->action);
    return (action == SCHEMA_DROP || action == SCHEMA_BOUNCE) &&
           (schema_row_text(policy, t->host).n || schema_row_text(policy, t->recipient).n);
}

static bool leaves_quarantine(const struct schema_row *policy, const struct policy_treatment *t)
{
    return schema_row_number(policy, t->action) == SCHEMA_QUARANTINE && schema_row_text(policy, t->host).n;
}

static bool any_kind(const struct schema_row *policy,
                     bool (*holds)(const struct schema_row *policy, const struct policy_treatment *t))
{
    for (enum policy_kind kind = POLICY_SPAM; kind < POLICY_KINDS; kind++)
        if (is_treated(policy, kind) && holds(policy, &policy_treatments[kind]))
            return true;
    return false;
}

static bool is_alternate_in_vain(const struct schema_row *before, const struct schema_row *policy,
                                 const struct gateway *gateway)
{
    (void)before, (void)gateway;
    return any_kind(policy, ends_with_alternates);
}

static bool is_quarantine_in_vain(const struct schema_row *before, const struct schema_row *policy,
                                  const struct gateway *gateway)
{
    (void)before, (void)gateway;
    return any_kind(policy, leaves_quarantine);
}

/* before is the row as it was, NULL for a new one. */
static const struct doubt {
    bool (*applies)(const struct schema_row *before, const struct schema_row *policy,
                    const struct gateway *gateway);
    const char *sentence;
} doubts[] = {
    {is_on_in_vain, "antispam is on, but anti-spam is off for the whole gateway"},
    {is_multiscan_off, "the engine is multiscan, but Intelligent Multi-Scan is off for the whole gateway"},
    {is_graymail_off, "graymail is on, but graymail detection is off for the whole gateway"},
    {is_graymail_alone, "graymail is on, but not looked for while anti-spam is off for the whole gateway"},
    {is_sharpened,
     "thresholds are not the default ones, and the aggressive profile makes more mail reach them"},
    {is_suspect_in_vain, "settings for suspected spam have no effect while suspect is off"},
    {is_alternate_in_vain,
     "mail that is dropped or bounced reaches no alternate host and no alternate recipient"},
    {is_quarantine_in_vain, "mail with an alternate host goes there and not into quarantine"},
};

enum { DOUBT_COUNT = sizeof doubts / sizeof doubts[0] };

struct policies {
    const struct gateway *gateway;
    struct {
        size_t count;
        struct span first;
    } found[DOUBT_COUNT];
};

static void doubt_policy(const struct schema_row *before, const struct schema_row *after, void *context)
{
    struct policies *policies = context;
    for (size_t i = 0; after && i < DOUBT_COUNT; i++)
        if (doubts[i].applies(before, after, policies->gateway) && policies->found[i].count++ == 0)
            policies->found[i].first = schema_row_key(after);
}

/* all: the gateway's settings differ too, so every policy is looked at. */
static void doubt_policies(const struct check *check, const struct config_table *before,
                           const struct config_table *after, const struct gateway *gateway, bool all)
{
    struct policies policies = {.gateway = gateway};
    if (all) {
        struct config_cursor c = config_table_start(after);
        for (const struct schema_row *row; (row = config_table_next(&c));)
            doubt_policy(config_table_find(before, schema_row_key(row)), row, &policies);
    } else {
        config_table_diff(before, after, doubt_policy, &policies);
    }
    for (size_t i = 0; i < DOUBT_COUNT; i++) {
        struct buf sentence = {0};
        if (policies.found[i].count == 0)
            continue;
        buf_printf(&sentence, "%s ", config_table_schema(after)->name);
        buf_append_span(&sentence, policies.found[i].first);
        if (policies.found[i].count > 1)
            buf_printf(&sentence, " and %zu more", policies.found[i].count - 1);
        buf_printf(&sentence, ": %s", doubts[i].sentence);
        if (check->warn)
            check->warn(buf_text(&sentence), check->context);
        buf_free(&sentence);
    }
}

/* ---- the whole ---- */

static void check_table(struct check *check, const struct config_table *before,
                        const struct config_table *after)
{
    const struct schema_table *table = config_table_schema(after);
    check->table = table;
    if (table->fixed_key && !config_table_find(after, span_text(table->fixed_key))) {
        check->failed = true;
        error_set(check->error, "%s: the %s '%s' is missing", table->name, table->row_noun, table->fixed_key);
    }
    if (table->most_rows && config_table_count(after) > table->most_rows) {
        check->failed = true;
        error_set(check->error, "there are more than %u %s", table->most_rows, table->name);
    }
    if (!check->failed)
        config_table_diff(before, after, check_row, check);
}

bool config_check(const struct config_tree *tree, const struct config_tree *before,
                  const struct config_place *place, void (*warn)(const char *sentence, void *context),
                  void *context, struct error *error)
{
    static const enum schema_table_id policy_tables[] = {SCHEMA_INCOMING_POLICY, SCHEMA_OUTGOING_POLICY};
    struct check check = {.warn = warn, .context = context, .error = error};
    struct config_check whole = {.warn = warn, .context = context};
    const struct config_table **old = whole.before, **new = whole.after;
    struct config_table *empty[SCHEMA_TABLE_COUNT];
    for (size_t id = 0; id < SCHEMA_TABLE_COUNT; id++) {
        empty[id] = config_table_new(&schema_tables[id]);
        old[id] = before ? config_resolve(before, place, (enum schema_table_id)id, NULL) : empty[id];
        new[id] = config_resolve(tree, place, (enum schema_table_id)id, NULL);
        if (!check.failed)
            check_table(&check, old[id], new[id]);
    }
    if (!check.failed)
        check.failed = !config_check_owners(&whole, error) || !config_check_listeners(&whole, error);
    const struct gateway gateway = {config_table_single(new[SCHEMA_ANTISPAM]),
                                    config_table_single(new[SCHEMA_GRAYMAIL]),
                                    config_table_single(new[SCHEMA_MULTISCAN])};
    bool gateway_differs = !config_table_equal(old[SCHEMA_ANTISPAM], new[SCHEMA_ANTISPAM]) ||
                           !config_table_equal(old[SCHEMA_GRAYMAIL], new[SCHEMA_GRAYMAIL]) ||
                           !config_table_equal(old[SCHEMA_MULTISCAN], new[SCHEMA_MULTISCAN]);
    for (size_t i = 0; !check.failed && i < sizeof policy_tables / sizeof policy_tables[0]; i++)
        doubt_policies(&check, old[policy_tables[i]], new[policy_tables[i]], &gateway, gateway_differs);
    for (size_t id = 0; id < SCHEMA_TABLE_COUNT; id++)
        config_table_unref(empty[id]);
    return !check.failed;
}

/* Nobody is told the warnings: they are about a machine that is not here. */
static bool check_other(const struct config_tree *tree, const struct config_tree *before, struct span machine,
                        struct error *error)
{
    struct buf level = {0};
    struct error why;
    buf_printf(&level, CONFIG_MACHINE "%.*s", (int)machine.n, machine.p);
    const struct config_place place = {buf_text(&level)};
    bool good = config_check(tree, before, &place, NULL, NULL, &why) ||
                error_set(error, "machine %.*s: %s", (int)machine.n, machine.p, why.text);
    buf_free(&level);
    return good;
}

bool config_check_everywhere(const struct config_tree *tree, const struct config_tree *before,
                             const struct config_place *place,
                             void (*warn)(const char *sentence, void *context), void *context,
                             struct error *error)
{
    const struct config_place cluster = {CONFIG_CLUSTER};
    struct span own = span_text(place->level + strlen(CONFIG_MACHINE));
    if (!config_check_levels(tree, error) || !config_check(tree, before, place, warn, context, error))
        return false;
    struct config_cursor c = config_table_start(config_resolve(tree, &cluster, SCHEMA_CLUSTER_MEMBERS, NULL));
    for (const struct schema_row *row; (row = config_table_next(&c));)
        if (!span_equal(schema_row_key(row), own) && !check_other(tree, before, schema_row_key(row), error))
            return false;
    return true;
}
