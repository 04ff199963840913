/* What in a configuration will not do what one would think: settings without effect, each a row of a table.
 *
 * Only what differs from the configuration before is looked at, and rows that depend on what differs.
 */
#include "engine/base/text.h"
#include "engine/config/check.h"
#include "engine/config/cluster.h"

/* What is in force, by table. */
typedef const struct config_table *const *tables;

/* ---- policies ---- */

static const struct schema_row *gateway(tables in_force)
{
    return config_table_single(in_force[SCHEMA_ANTISPAM]);
}

static bool uses(const struct schema_row *policy, enum policy_engine engine)
{
    return schema_row_number(policy, POLICY_ANTISPAM) &&
           schema_row_number(policy, POLICY_ENGINE) == (int64_t)engine;
}

static bool multiscan_is_on(tables in_force)
{
    return schema_row_number(config_table_single(in_force[SCHEMA_MULTISCAN]), MULTISCAN_ENABLED);
}

static bool is_never_reached(const struct schema_row *before, const struct schema_row *policy,
                             tables in_force)
{
    (void)before, (void)in_force;
    return !span_equal(schema_row_key(policy), SPAN("DEFAULT"));
}

static bool is_on_in_vain(const struct schema_row *before, const struct schema_row *policy, tables in_force)
{
    (void)before;
    return uses(policy, POLICY_ENGINE_ANTISPAM) && !schema_row_number(gateway(in_force), ANTISPAM_ENABLED);
}

static bool is_multiscan_off(const struct schema_row *before, const struct schema_row *policy,
                             tables in_force)
{
    (void)before;
    return uses(policy, POLICY_ENGINE_MULTISCAN) && !multiscan_is_on(in_force);
}

static bool has_default(const struct schema_row *row, unsigned field)
{
    const struct schema_field *f = &row->table->fields[field];
    struct schema_value preset;
    struct error error;
    return schema_value_parse(f, span_text(f->preset), &preset, &error) &&
           schema_value_equal(f, &preset, &row->values[field]);
}

/* Whether one of these fields was changed; in a new row: is not the default. */
static bool is_changed(const struct schema_row *before, const struct schema_row *row, unsigned first,
                       unsigned last)
{
    for (unsigned i = first; i <= last; i++)
        if (before ? !schema_value_equal(&row->table->fields[i], &before->values[i], &row->values[i])
                   : !has_default(row, i))
            return true;
    return false;
}

static bool is_off_in_vain(const struct schema_row *before, const struct schema_row *policy, tables in_force)
{
    (void)in_force;
    return !schema_row_number(policy, POLICY_ANTISPAM) &&
           is_changed(before, policy, POLICY_ENGINE, POLICY_SUSPECT_ARCHIVE);
}

static bool is_sharpened(const struct schema_row *before, const struct schema_row *policy, tables in_force)
{
    (void)before;
    return schema_row_number(gateway(in_force), ANTISPAM_PROFILE) == ANTISPAM_PROFILE_AGGRESSIVE &&
           schema_row_number(policy, POLICY_ENGINE) != POLICY_ENGINE_MULTISCAN &&
           !(has_default(policy, POLICY_POSITIVE_THRESHOLD) && has_default(policy, POLICY_SUSPECT_THRESHOLD));
}

static bool is_suspect_in_vain(const struct schema_row *before, const struct schema_row *policy,
                               tables in_force)
{
    (void)in_force;
    return !schema_row_number(policy, POLICY_SUSPECT) &&
           is_changed(before, policy, POLICY_SUSPECT_THRESHOLD, POLICY_SUSPECT_ARCHIVE);
}

static bool is_suspect_without_scores(const struct schema_row *before, const struct schema_row *policy,
                                      tables in_force)
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
                                 tables in_force)
{
    (void)before, (void)in_force;
    return any_kind(policy, ends_with_alternates);
}

static bool leaves_quarantine(const struct schema_row *policy, const struct policy_treatment *t)
{
    return schema_row_number(policy, t->action) == SCHEMA_QUARANTINE && schema_row_text(policy, t->host).n;
}

static bool is_quarantine_in_vain(const struct schema_row *before, const struct schema_row *policy,
                                  tables in_force)
{
    (void)before, (void)in_force;
    return any_kind(policy, leaves_quarantine);
}

/* ---- graymail ---- */

static bool looks_for_graymail(tables in_force)
{
    return schema_row_number(config_table_single(in_force[SCHEMA_GRAYMAIL]), GRAYMAIL_ENABLED);
}

static bool is_graymail_off(const struct schema_row *before, const struct schema_row *policy, tables in_force)
{
    (void)before;
    return schema_row_number(policy, POLICY_GRAYMAIL) && !looks_for_graymail(in_force);
}

/* Graymail is what is left of mail that is no spam (S2-84). */
static bool is_graymail_alone(const struct schema_row *before, const struct schema_row *policy,
                              tables in_force)
{
    (void)before;
    return schema_row_number(policy, POLICY_GRAYMAIL) && looks_for_graymail(in_force) &&
           !schema_row_number(gateway(in_force), ANTISPAM_ENABLED) && !multiscan_is_on(in_force);
}

static bool is_graymail_in_vain(const struct schema_row *before, const struct schema_row *policy,
                                tables in_force)
{
    (void)in_force;
    return !schema_row_number(policy, POLICY_GRAYMAIL) &&
           is_changed(before, policy, POLICY_APPLY_TO, POLICY_BULK_ARCHIVE);
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

static bool holds_for_a_policy(bool (*holds)(const struct schema_row *policy), tables in_force)
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
                            tables in_force)
{
    (void)before;
    return schema_row_number(antispam, ANTISPAM_ENABLED) && !holds_for_a_policy(uses_antispam, in_force);
}

static bool is_multiscan_used_by_none(const struct schema_row *before, const struct schema_row *multiscan,
                                      tables in_force)
{
    (void)before;
    return schema_row_number(multiscan, MULTISCAN_ENABLED) && !holds_for_a_policy(uses_multiscan, in_force);
}

static bool is_graymail_used_by_none(const struct schema_row *before, const struct schema_row *graymail,
                                     tables in_force)
{
    (void)before;
    return schema_row_number(graymail, GRAYMAIL_ENABLED) && !holds_for_a_policy(has_graymail_on, in_force);
}

static bool is_changed_while_off(const struct schema_row *before, const struct schema_row *antispam,
                                 tables in_force)
{
    (void)in_force;
    return !schema_row_number(antispam, ANTISPAM_ENABLED) &&
           is_changed(before, antispam, ANTISPAM_LICENCE_ACCEPTED + 1, ANTISPAM_FIELD_COUNT - 1);
}

static bool is_multiscan_changed_while_off(const struct schema_row *before,
                                           const struct schema_row *multiscan, tables in_force)
{
    (void)in_force;
    return !schema_row_number(multiscan, MULTISCAN_ENABLED) &&
           is_changed(before, multiscan, MULTISCAN_RSPAMD, MULTISCAN_CONNECTIONS);
}

static bool has_no_peers(const struct schema_row *before, const struct schema_row *multiscan, tables in_force)
{
    (void)before, (void)in_force;
    return schema_row_number(multiscan, MULTISCAN_ENABLED) &&
           span_equal(schema_row_text(multiscan, MULTISCAN_RSPAMD), SPAN("off")) &&
           span_equal(schema_row_text(multiscan, MULTISCAN_SPAMD), SPAN("off"));
}

static bool learns_in_vain(const struct schema_row *before, const struct schema_row *learning,
                           tables in_force)
{
    (void)before;
    return schema_row_number(learning, LEARNING_ENABLED) &&
           !schema_row_number(config_table_single(in_force[SCHEMA_ANTISPAM]), ANTISPAM_ENABLED) &&
           !schema_row_number(config_table_single(in_force[SCHEMA_MULTISCAN]), MULTISCAN_ENABLED);
}

/* ---- relays and listeners ---- */

/* Nobody has as many relays as a network of fewer bits has addresses. */
static bool is_half_the_world(const struct schema_row *before, const struct schema_row *relay,
                              tables in_force)
{
    enum { LEAST_BITS = 8 };
    struct span address = schema_row_text(relay, INCOMING_RELAYS_ADDRESS);
    uint64_t bits;
    (void)before, (void)in_force;
    return span_parse_u64(span_slice(address, span_find(address, '/') + 1, address.n), &bits) &&
           bits < LEAST_BITS;
}

static bool has_none(const struct schema_row *listener, enum listeners_kind kind,
                     const struct config_table *owned)
{
    return schema_row_number(listener, LISTENERS_KIND) == (int64_t)kind &&
           !config_table_owned(owned, schema_row_key(listener));
}

static bool takes_for_nobody(const struct schema_row *before, const struct schema_row *listener,
                             tables in_force)
{
    (void)before;
    return has_none(listener, LISTENERS_PUBLIC, in_force[SCHEMA_RCPTACCESS]);
}

static bool takes_from_nobody(const struct schema_row *before, const struct schema_row *listener,
                              tables in_force)
{
    (void)before;
    return has_none(listener, LISTENERS_PRIVATE, in_force[SCHEMA_HOSTACCESS]);
}

static bool is_shown_by_none(const struct schema_row *before, const struct schema_row *certificate,
                             tables in_force)
{
    (void)before, (void)in_force;
    return !span_equal(schema_row_key(certificate), SPAN("DEFAULT"));
}

/* ---- alerts, logs, users ---- */

static bool is_sent_to_nobody(const struct schema_row *before, const struct schema_row *settings,
                              tables in_force)
{
    (void)before, (void)settings;
    return config_table_count(in_force[SCHEMA_ALERTS]) == 0;
}

static bool never_waits(const struct schema_row *before, const struct schema_row *settings, tables in_force)
{
    (void)in_force;
    return schema_row_number(settings, ALERT_SETTINGS_REPEAT) == 0 &&
           is_changed(before, settings, ALERT_SETTINGS_REPEAT_MOST, ALERT_SETTINGS_REPEAT_MOST);
}

static bool is_error_log_of_more(const struct schema_row *before, const struct schema_row *log,
                                 tables in_force)
{
    (void)before, (void)in_force;
    return schema_row_number(log, LOGS_TYPE) == LOGS_ERROR &&
           schema_row_number(log, LOGS_LEVEL) > LOGS_WARNING;
}

static bool is_root(const struct schema_row *before, const struct schema_row *user, tables in_force)
{
    (void)before, (void)in_force;
    return span_equal(schema_row_key(user), SPAN("root"));
}

/* ---- the table ---- */

#define OF(table) (UINT64_C(1) << SCHEMA_##table)
#define POLICIES (OF(INCOMING_POLICY) | OF(OUTGOING_POLICY))
_Static_assert(SCHEMA_TABLE_COUNT <= 64, "a bit for each table");

/* before is the row as it was, NULL for a new one.  Where a table of `depends` differs, rows that do not are looked at,
 * too: they are told of when it is this difference that takes their effect. */
static const struct doubt {
    uint64_t of, depends;
    bool (*applies)(const struct schema_row *before, const struct schema_row *row, tables in_force);
    const char *sentence;
} doubts[] = {
    {POLICIES, 0, is_never_reached, "no mail reaches it: the policy DEFAULT judges all"},
    {POLICIES, OF(ANTISPAM), is_on_in_vain, "antispam is on, but anti-spam is off for the whole gateway"},
    {POLICIES, OF(MULTISCAN), is_multiscan_off,
     "the engine is multiscan, but Intelligent Multi-Scan is off for the whole gateway"},
    {POLICIES, 0, is_off_in_vain, "settings for spam have no effect while antispam is off"},
    {POLICIES, OF(ANTISPAM), is_sharpened,
     "thresholds are not the default ones, and the aggressive profile makes more mail reach them"},
    {POLICIES, 0, is_suspect_in_vain, "settings for suspected spam have no effect while suspect is off"},
    {POLICIES, 0, is_suspect_without_scores,
     "no mail is suspected spam: suspect-threshold is the same as positive-threshold"},
    {POLICIES, 0, is_alternate_in_vain,
     "mail that is dropped or bounced reaches no alternate host and no alternate recipient"},
    {POLICIES, 0, is_quarantine_in_vain, "mail with an alternate host goes there and not into quarantine"},
    {POLICIES, OF(GRAYMAIL), is_graymail_off,
     "graymail is on, but graymail detection is off for the whole gateway"},
    {POLICIES, OF(GRAYMAIL) | OF(ANTISPAM) | OF(MULTISCAN), is_graymail_alone,
     "graymail is on, but not looked for while anti-spam is off for the whole gateway"},
    {POLICIES, 0, is_graymail_in_vain, "settings for graymail have no effect while graymail is off"},
    {OF(GRAYMAIL), POLICIES, is_graymail_used_by_none,
     "enabled is on, but no policy has graymail on: no mail is looked at"},
    {OF(ANTISPAM), POLICIES, is_used_by_none,
     "enabled is on, but no policy has antispam on with this engine: it scans no mail"},
    {OF(ANTISPAM), 0, is_changed_while_off, "settings have no effect while enabled is off"},
    {OF(MULTISCAN), POLICIES, is_multiscan_used_by_none,
     "enabled is on, but no policy has antispam on with this engine: it scans no mail"},
    {OF(MULTISCAN), 0, is_multiscan_changed_while_off, "settings have no effect while enabled is off"},
    {OF(MULTISCAN), 0, has_no_peers,
     "enabled is on, but neither rspamd nor spamd is set: nobody else is asked"},
    {OF(LEARNING), OF(ANTISPAM) | OF(MULTISCAN), learns_in_vain,
     "enabled is on, but anti-spam is off for the whole gateway: what is learned has no effect"},
    {OF(INCOMING_RELAYS), 0, is_half_the_world,
     "so many machines are no relays of yours: every sender's header is believed"},
    {OF(LISTENERS), OF(RCPTACCESS), takes_for_nobody,
     "it is public and has no recipients: it takes mail only from hosts that may relay"},
    {OF(LISTENERS), OF(HOSTACCESS), takes_from_nobody,
     "it is private and has no hosts: it takes mail from nobody"},
    {OF(CERTIFICATES), 0, is_shown_by_none, "listeners show the certificate DEFAULT and no other"},
    {OF(ALERT_SETTINGS), OF(ALERTS), is_sent_to_nobody, "no alert is sent: there is no alert recipient"},
    {OF(ALERT_SETTINGS), 0, never_waits, "repeat-most has no effect while repeat is 0"},
    {OF(LOGS), 0, is_error_log_of_more, "an error log takes critical lines and warnings, whatever its level"},
    {OF(USERS), 0, is_root, "root is an administrator, whatever its row says"},
};

/* One doubt about one table. */
struct look {
    const struct doubt *doubt;
    const struct config_check *check;
    size_t count;
    struct span first;
};

static void look_at(const struct schema_row *before, const struct schema_row *after, void *context)
{
    struct look *look = context;
    if (!after || !look->doubt->applies(before, after, look->check->after))
        return;
    bool is_same = before && schema_row_equal(before, after);
    if ((!is_same || !look->doubt->applies(before, before, look->check->before)) && look->count++ == 0)
        look->first = schema_row_key(after);
}

static bool differs(const struct config_check *check, uint64_t of)
{
    for (size_t id = 0; id < SCHEMA_TABLE_COUNT; id++)
        if ((of >> id & 1) && !config_table_equal(check->before[id], check->after[id]))
            return true;
    return false;
}

/* "incoming-policy Sales and 2 more: ..." */
static void tell(const struct look *look, const char *table)
{
    struct buf sentence = {0};
    buf_printf(&sentence, "%s%s", table, look->first.n ? " " : "");
    buf_append_span(&sentence, look->first);
    if (look->count > 1)
        buf_printf(&sentence, " and %zu more", look->count - 1);
    buf_printf(&sentence, ": %s", look->doubt->sentence);
    look->check->warn(buf_text(&sentence), look->check->context);
    buf_free(&sentence);
}

static void look_through(struct look *look, enum schema_table_id id)
{
    const struct config_table *before = look->check->before[id], *after = look->check->after[id];
    if (differs(look->check, look->doubt->depends)) {
        struct config_cursor c = config_table_start(after);
        for (const struct schema_row *row; (row = config_table_next(&c));)
            look_at(config_table_find(before, schema_row_key(row)), row, look);
    } else {
        config_table_diff(before, after, look_at, look);
    }
    if (look->count)
        tell(look, schema_tables[id].name);
}

void config_check_effect(const struct config_check *check)
{
    for (size_t i = 0; i < sizeof doubts / sizeof doubts[0]; i++)
        for (size_t id = 0; id < SCHEMA_TABLE_COUNT; id++)
            if (doubts[i].of >> id & 1)
                look_through(&(struct look){.doubt = &doubts[i], .check = check}, (enum schema_table_id)id);
}

/* ---- levels ---- */

struct levels {
    const struct config_tree *tree;
    void (*warn)(const char *sentence, void *context);
    void *context;
};

/* Whether a machine of the cluster has its settings of this table from level. */
static bool is_in_force(const struct config_tree *tree, const char *level, enum schema_table_id id)
{
    const struct config_place cluster = {CONFIG_CLUSTER};
    struct buf machine = {0};
    bool found = false;
    struct config_cursor c = config_table_start(config_resolve(tree, &cluster, SCHEMA_CLUSTER_MEMBERS, NULL));
    for (const struct schema_row *row; !found && (row = config_table_next(&c));) {
        const char *at;
        buf_clear(&machine);
        buf_printf(&machine, CONFIG_MACHINE "%.*s", (int)schema_row_key(row).n, schema_row_key(row).p);
        config_resolve(tree, &(struct config_place){buf_text(&machine)}, id, &at);
        found = at && strcmp(at, level) == 0;
    }
    buf_free(&machine);
    return found;
}

static bool look_at_level(const char *level, enum schema_table_id id, struct config_table *before,
                          struct config_table *after, void *context)
{
    struct levels *levels = context;
    struct buf sentence = {0};
    bool is_set = after && !schema_tables[id].is_shape && !(before && config_table_equal(before, after));
    if (is_set && !is_in_force(levels->tree, level, id)) {
        buf_printf(&sentence, "%s: %s is in force on no machine: none is there, or all have their own", level,
                   schema_tables[id].name);
        levels->warn(buf_text(&sentence), levels->context);
    }
    buf_free(&sentence);
    return true;
}

void config_check_levels_effect(const struct config_tree *tree, const struct config_tree *before,
                                void (*warn)(const char *sentence, void *context), void *context)
{
    if (config_cluster_name(tree).n)
        config_tree_pairs(before, tree, look_at_level, &(struct levels){tree, warn, context});
}
