/* Doubts about scanning: policies, and the engines that they use. */
#include "engine/config/doubts.h"

/* ---- policies ---- */

static const struct schema_row *gateway(doubt_tables in_force)
{
    return config_table_single(in_force[SCHEMA_ANTISPAM]);
}

static bool uses(const struct schema_row *policy, enum policy_engine engine)
{
    return schema_row_number(policy, POLICY_ANTISPAM) &&
           schema_row_number(policy, POLICY_ENGINE) == (int64_t)engine;
}

static bool multiscan_is_on(doubt_tables in_force)
{
    return schema_row_number(config_table_single(in_force[SCHEMA_MULTISCAN]), MULTISCAN_ENABLED);
}

static bool nothing_scans(doubt_tables in_force)
{
    return !schema_row_number(gateway(in_force), ANTISPAM_ENABLED) && !multiscan_is_on(in_force);
}

static bool is_never_reached(const struct schema_row *before, const struct schema_row *policy,
                             doubt_tables in_force)
{
    (void)before, (void)in_force;
    return !span_equal(schema_row_key(policy), SPAN("DEFAULT"));
}

static bool is_on_in_vain(const struct schema_row *before, const struct schema_row *policy,
                          doubt_tables in_force)
{
    (void)before;
    return uses(policy, POLICY_ENGINE_ANTISPAM) && !schema_row_number(gateway(in_force), ANTISPAM_ENABLED);
}

static bool is_multiscan_off(const struct schema_row *before, const struct schema_row *policy,
                             doubt_tables in_force)
{
    (void)before;
    return uses(policy, POLICY_ENGINE_MULTISCAN) && !multiscan_is_on(in_force);
}

static bool is_off_in_vain(const struct schema_row *before, const struct schema_row *policy,
                           doubt_tables in_force)
{
    (void)in_force;
    return !schema_row_number(policy, POLICY_ANTISPAM) &&
           schema_row_differs(before, policy, POLICY_ENGINE, POLICY_SUSPECT_ARCHIVE);
}

static bool is_sharpened(const struct schema_row *before, const struct schema_row *policy,
                         doubt_tables in_force)
{
    (void)before;
    return schema_row_number(gateway(in_force), ANTISPAM_PROFILE) == ANTISPAM_PROFILE_AGGRESSIVE &&
           schema_row_number(policy, POLICY_ENGINE) != POLICY_ENGINE_MULTISCAN &&
           !(schema_row_has_default(policy, POLICY_POSITIVE_THRESHOLD) &&
             schema_row_has_default(policy, POLICY_SUSPECT_THRESHOLD));
}

static bool is_suspect_in_vain(const struct schema_row *before, const struct schema_row *policy,
                               doubt_tables in_force)
{
    (void)in_force;
    return !schema_row_number(policy, POLICY_SUSPECT) &&
           schema_row_differs(before, policy, POLICY_SUSPECT_THRESHOLD, POLICY_SUSPECT_ARCHIVE);
}

static bool is_suspect_without_scores(const struct schema_row *before, const struct schema_row *policy,
                                      doubt_tables in_force)
{
    (void)before, (void)in_force;
    return schema_row_number(policy, POLICY_SUSPECT) &&
           schema_row_number(policy, POLICY_SUSPECT_THRESHOLD) ==
               schema_row_number(policy, POLICY_POSITIVE_THRESHOLD);
}

/* Whether a policy has settings for mail of this kind that take effect. */
static bool is_treated(const struct schema_row *policy, enum policy_kind kind)
{
    return kind == POLICY_SPAM || (kind == POLICY_SUSPECTED ? schema_row_number(policy, POLICY_SUSPECT)
                                                            : schema_row_number(policy, POLICY_GRAYMAIL));
}

static bool any_kind(const struct schema_row *policy,
                     bool (*holds)(const struct schema_row *policy, const struct policy_treatment *t))
{
    for (enum policy_kind kind = POLICY_SPAM; kind < POLICY_KINDS; kind++)
        if (is_treated(policy, kind) && holds(policy, &policy_treatments[kind]))
            return true;
    return false;
}

static bool ends_with_alternates(const struct schema_row *policy, const struct policy_treatment *t)
{
    int64_t action = schema_row_number(policy, t->action);
    return (action == SCHEMA_DROP || action == SCHEMA_BOUNCE) &&
           (schema_row_text(policy, t->host).n || schema_row_text(policy, t->recipient).n);
}

static bool is_alternate_in_vain(const struct schema_row *before, const struct schema_row *policy,
                                 doubt_tables in_force)
{
    (void)before, (void)in_force;
    return any_kind(policy, ends_with_alternates);
}

static bool leaves_quarantine(const struct schema_row *policy, const struct policy_treatment *t)
{
    return schema_row_number(policy, t->action) == SCHEMA_QUARANTINE && schema_row_text(policy, t->host).n;
}

static bool is_quarantine_in_vain(const struct schema_row *before, const struct schema_row *policy,
                                  doubt_tables in_force)
{
    (void)before, (void)in_force;
    return any_kind(policy, leaves_quarantine);
}

/* ---- graymail ---- */

static bool looks_for_graymail(doubt_tables in_force)
{
    return schema_row_number(config_table_single(in_force[SCHEMA_GRAYMAIL]), GRAYMAIL_ENABLED);
}

static bool is_graymail_off(const struct schema_row *before, const struct schema_row *policy,
                            doubt_tables in_force)
{
    (void)before;
    return schema_row_number(policy, POLICY_GRAYMAIL) && !looks_for_graymail(in_force);
}

/* Graymail is what is left of mail that is no spam (S2-84). */
static bool is_graymail_alone(const struct schema_row *before, const struct schema_row *policy,
                              doubt_tables in_force)
{
    (void)before;
    return schema_row_number(policy, POLICY_GRAYMAIL) && looks_for_graymail(in_force) &&
           nothing_scans(in_force);
}

static bool is_graymail_in_vain(const struct schema_row *before, const struct schema_row *policy,
                                doubt_tables in_force)
{
    (void)in_force;
    return !schema_row_number(policy, POLICY_GRAYMAIL) &&
           schema_row_differs(before, policy, POLICY_APPLY_TO, POLICY_BULK_ARCHIVE);
}

/* ---- the gateway ---- */

static bool has_graymail_on(const struct schema_row *policy)
{
    return schema_row_number(policy, POLICY_GRAYMAIL);
}

static bool uses_antispam(const struct schema_row *policy)
{
    return uses(policy, POLICY_ENGINE_ANTISPAM);
}

static bool uses_multiscan(const struct schema_row *policy)
{
    return uses(policy, POLICY_ENGINE_MULTISCAN);
}

static bool holds_for_a_policy(bool (*holds)(const struct schema_row *policy), doubt_tables in_force)
{
    static const enum schema_table_id policies[] = {SCHEMA_INCOMING_POLICY, SCHEMA_OUTGOING_POLICY};
    bool used = false;
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        const struct schema_row *policy = config_table_find(in_force[policies[i]], SPAN("DEFAULT"));
        used |= policy && holds(policy);
    }
    return used;
}

static bool is_used_by_none(const struct schema_row *before, const struct schema_row *antispam,
                            doubt_tables in_force)
{
    (void)before;
    return schema_row_number(antispam, ANTISPAM_ENABLED) && !holds_for_a_policy(uses_antispam, in_force);
}

static bool is_multiscan_used_by_none(const struct schema_row *before, const struct schema_row *multiscan,
                                      doubt_tables in_force)
{
    (void)before;
    return schema_row_number(multiscan, MULTISCAN_ENABLED) && !holds_for_a_policy(uses_multiscan, in_force);
}

static bool is_graymail_used_by_none(const struct schema_row *before, const struct schema_row *graymail,
                                     doubt_tables in_force)
{
    (void)before;
    return schema_row_number(graymail, GRAYMAIL_ENABLED) && !holds_for_a_policy(has_graymail_on, in_force);
}

static bool is_changed_while_off(const struct schema_row *before, const struct schema_row *antispam,
                                 doubt_tables in_force)
{
    (void)in_force;
    return !schema_row_number(antispam, ANTISPAM_ENABLED) &&
           schema_row_differs(before, antispam, ANTISPAM_LICENCE_ACCEPTED + 1, ANTISPAM_FIELD_COUNT - 1);
}

static bool is_multiscan_changed_while_off(const struct schema_row *before,
                                           const struct schema_row *multiscan, doubt_tables in_force)
{
    (void)in_force;
    return !schema_row_number(multiscan, MULTISCAN_ENABLED) &&
           schema_row_differs(before, multiscan, MULTISCAN_RSPAMD, MULTISCAN_CONNECTIONS);
}

static bool has_no_peers(const struct schema_row *before, const struct schema_row *multiscan,
                         doubt_tables in_force)
{
    (void)before, (void)in_force;
    return schema_row_number(multiscan, MULTISCAN_ENABLED) &&
           span_equal(schema_row_text(multiscan, MULTISCAN_RSPAMD), SPAN("off")) &&
           span_equal(schema_row_text(multiscan, MULTISCAN_SPAMD), SPAN("off"));
}

static bool learns_in_vain(const struct schema_row *before, const struct schema_row *learning,
                           doubt_tables in_force)
{
    (void)before;
    return schema_row_number(learning, LEARNING_ENABLED) && nothing_scans(in_force);
}

#define POLICIES (DOUBT_OF(INCOMING_POLICY) | DOUBT_OF(OUTGOING_POLICY))

const struct config_doubt config_doubts_scanning[] = {
    {POLICIES, 0, is_never_reached, "no mail reaches it: the policy DEFAULT judges all"},
    {POLICIES, DOUBT_OF(ANTISPAM), is_on_in_vain,
     "antispam is on, but anti-spam is off for the whole gateway"},
    {POLICIES, DOUBT_OF(MULTISCAN), is_multiscan_off,
     "the engine is multiscan, but Intelligent Multi-Scan is off for the whole gateway"},
    {POLICIES, 0, is_off_in_vain, "settings for spam have no effect while antispam is off"},
    {POLICIES, DOUBT_OF(ANTISPAM), is_sharpened,
     "thresholds are not the default ones, and the aggressive profile makes more mail reach them"},
    {POLICIES, 0, is_suspect_in_vain, "settings for suspected spam have no effect while suspect is off"},
    {POLICIES, 0, is_suspect_without_scores,
     "no mail is suspected spam: suspect-threshold is the same as positive-threshold"},
    {POLICIES, 0, is_alternate_in_vain,
     "mail that is dropped or bounced reaches no alternate host and no alternate recipient"},
    {POLICIES, 0, is_quarantine_in_vain, "mail with an alternate host goes there and not into quarantine"},
    {POLICIES, DOUBT_OF(GRAYMAIL), is_graymail_off,
     "graymail is on, but graymail detection is off for the whole gateway"},
    {POLICIES, DOUBT_OF(GRAYMAIL) | DOUBT_OF(ANTISPAM) | DOUBT_OF(MULTISCAN), is_graymail_alone,
     "graymail is on, but not looked for while anti-spam is off for the whole gateway"},
    {POLICIES, 0, is_graymail_in_vain, "settings for graymail have no effect while graymail is off"},
    {DOUBT_OF(GRAYMAIL), POLICIES, is_graymail_used_by_none,
     "enabled is on, but no policy has graymail on: no mail is looked at"},
    {DOUBT_OF(ANTISPAM), POLICIES, is_used_by_none,
     "enabled is on, but no policy has antispam on with this engine: it scans no mail"},
    {DOUBT_OF(ANTISPAM), 0, is_changed_while_off, "settings have no effect while enabled is off"},
    {DOUBT_OF(MULTISCAN), POLICIES, is_multiscan_used_by_none,
     "enabled is on, but no policy has antispam on with this engine: it scans no mail"},
    {DOUBT_OF(MULTISCAN), 0, is_multiscan_changed_while_off, "settings have no effect while enabled is off"},
    {DOUBT_OF(MULTISCAN), 0, has_no_peers,
     "enabled is on, but neither rspamd nor spamd is set: nobody else is asked"},
    {DOUBT_OF(LEARNING), DOUBT_OF(ANTISPAM) | DOUBT_OF(MULTISCAN), learns_in_vain,
     "enabled is on, but anti-spam is off for the whole gateway: what is learned has no effect"},
    {0},
};
