/* From the rows of the configuration to what judge_message() goes by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/scan/runtime.h"

static struct {
    struct config_table *tables[SCHEMA_TABLE_COUNT];
    struct runtime rt;
} t;

static int tables_begin(void **state)
{
    (void)state;
    for (unsigned id = 0; id < SCHEMA_TABLE_COUNT; id++)
        t.tables[id] = config_table_preset(&schema_tables[id]);
    return 0;
}

static int tables_end(void **state)
{
    (void)state;
    for (unsigned id = 0; id < SCHEMA_TABLE_COUNT; id++)
        config_table_unref(t.tables[id]);
    return 0;
}

/* Sets a field as a person would. */
static void set(enum schema_table_id id, unsigned field, const char *text)
{
    const struct schema_table *schema = &schema_tables[id];
    const struct schema_row *row = schema->kind == SCHEMA_SINGLE
                                       ? config_table_single(t.tables[id])
                                       : config_table_find(t.tables[id], SPAN("DEFAULT"));
    struct schema_value values[64];
    struct error error;
    assert_true(schema->field_count <= 64);
    memcpy(values, row->values, schema->field_count * sizeof *values);
    assert_true(schema_value_parse(&schema->fields[field], span_text(text), &values[field], &error));
    config_table_put(&t.tables[id], schema_row_new(schema, values));
}

static int runtime_end(void **state)
{
    arena_free(t.rt.texts);
    t.rt.texts = NULL;
    return tables_end(state);
}

/* Instead of the one before. */
static const struct judge_runtime *build(void)
{
    struct error error;
    arena_free(t.rt.texts);
    assert_true(runtime_build(&t.rt, t.tables, &error));
    return &t.rt.judge;
}

static const struct judge_policy *build_incoming(void)
{
    return &build()->policies[JUDGE_INCOMING];
}

static void expect_same_treatment(const struct judge_treatment *a, const struct judge_treatment *b)
{
    assert_int_equal(a->threshold, b->threshold);
    assert_int_equal(a->action, b->action);
    assert_int_equal(a->subject_change, b->subject_change);
    assert_true(span_equal(a->subject_text, b->subject_text));
    assert_true(span_equal(a->header, b->header));
    assert_int_equal(a->archive, b->archive);
    assert_true(span_equal(a->host, b->host));
    assert_true(span_equal(a->recipient, b->recipient));
}

/* mailward-scan has no configuration and goes by judge_runtime_defaults(). */
static void programs_without_a_configuration_judge_as_the_defaults_of_the_schema_do(void **state)
{
    (void)state;
    struct judge_runtime builtin;
    judge_runtime_defaults(&builtin);
    const struct judge_runtime *rt = build();
    for (unsigned i = 0; i < JUDGE_SCANNERS; i++) {
        assert_int_equal(rt->scanners[i].profile, builtin.scanners[i].profile);
        assert_int_equal(rt->scanners[i].always_scan_bytes, builtin.scanners[i].always_scan_bytes);
        assert_int_equal(rt->scanners[i].never_scan_bytes, builtin.scanners[i].never_scan_bytes);
    }
    assert_int_equal(rt->graymail_never_bytes, builtin.graymail_never_bytes);
    for (unsigned i = 0; i < JUDGE_DIRECTION_COUNT; i++) {
        const struct judge_policy *got = &rt->policies[i], *expected = &builtin.policies[i];
        assert_true(span_equal(got->name, expected->name));
        assert_int_equal(got->treat_suspects, expected->treat_suspects);
        assert_int_equal(got->unscannable, expected->unscannable);
        expect_same_treatment(&got->positive, &expected->positive);
        expect_same_treatment(&got->suspect, &expected->suspect);
        expect_same_treatment(&got->marketing, &expected->marketing);
        expect_same_treatment(&got->social, &expected->social);
        expect_same_treatment(&got->bulk, &expected->bulk);
        assert_int_equal(got->unsigned_only, expected->unsigned_only);
    }
}

static void a_fresh_gateway_scans_nothing(void **state)
{
    (void)state;
    const struct judge_runtime *rt = build();
    assert_false(rt->scanners[JUDGE_SCANNER_ANTISPAM].on || rt->scanners[JUDGE_SCANNER_MULTISCAN].on);
    assert_false(rt->policies[JUDGE_INCOMING].antispam);
    assert_false(rt->policies[JUDGE_OUTGOING].antispam);
}

static void every_setting_of_the_gateway_is_read(void **state)
{
    (void)state;
    set(SCHEMA_ANTISPAM, ANTISPAM_ENABLED, "on");
    set(SCHEMA_ANTISPAM, ANTISPAM_ALWAYS_SCAN_SIZE, "3K");
    set(SCHEMA_ANTISPAM, ANTISPAM_NEVER_SCAN_SIZE, "5K");
    set(SCHEMA_ANTISPAM, ANTISPAM_TIMEOUT, "7");
    set(SCHEMA_ANTISPAM, ANTISPAM_PROFILE, "aggressive");
    const struct judge_scanner_settings *antispam = &build()->scanners[JUDGE_SCANNER_ANTISPAM];
    assert_true(antispam->on && !t.rt.judge.scanners[JUDGE_SCANNER_MULTISCAN].on);
    assert_int_equal(antispam->always_scan_bytes, 3 * 1024);
    assert_int_equal(antispam->never_scan_bytes, 5 * 1024);
    assert_int_equal(antispam->profile, JUDGE_AGGRESSIVE);
    assert_int_equal(t.rt.timeout_us[JUDGE_INCOMING], 7000000);
}

/* Limits of its own, the profile of the other engine is none of its business, and half the time is for the peers. */
static void multiscan_has_settings_of_its_own(void **state)
{
    (void)state;
    set(SCHEMA_ANTISPAM, ANTISPAM_PROFILE, "aggressive");
    set(SCHEMA_ANTISPAM, ANTISPAM_TIMEOUT, "7");
    set(SCHEMA_MULTISCAN, MULTISCAN_ENABLED, "on");
    set(SCHEMA_IMSANDGRAYMAIL, IMSANDGRAYMAIL_ALWAYS_SCAN_SIZE, "3K");
    set(SCHEMA_IMSANDGRAYMAIL, IMSANDGRAYMAIL_NEVER_SCAN_SIZE, "5K");
    set(SCHEMA_IMSANDGRAYMAIL, IMSANDGRAYMAIL_TIMEOUT, "40");
    set(SCHEMA_OUTGOING_POLICY, POLICY_ENGINE, "multiscan");
    set(SCHEMA_OUTGOING_POLICY, POLICY_ANTISPAM, "on");
    const struct judge_runtime *rt = build();
    const struct judge_scanner_settings *multiscan = &rt->scanners[JUDGE_SCANNER_MULTISCAN];
    assert_true(multiscan->on && multiscan->profile == JUDGE_NORMAL);
    assert_int_equal(multiscan->always_scan_bytes, 3 * 1024);
    assert_int_equal(multiscan->never_scan_bytes, 5 * 1024);
    assert_int_equal(t.rt.timeout_us[JUDGE_INCOMING], 7000000);
    assert_int_equal(t.rt.timeout_us[JUDGE_OUTGOING], 20000000);
    assert_ptr_equal(judge_scanner_of(rt, &rt->policies[JUDGE_OUTGOING]), multiscan);
    assert_null(judge_scanner_of(rt, &rt->policies[JUDGE_INCOMING]));
}

static void every_setting_of_a_policy_is_read(void **state)
{
    (void)state;
    static const struct {
        unsigned field;
        const char *text;
    } settings[] = {
        {POLICY_ANTISPAM, "on"},
        {POLICY_POSITIVE_THRESHOLD, "80"},
        {POLICY_POSITIVE_ACTION, "bounce"},
        {POLICY_POSITIVE_SUBJECT, "append: [SPAM] "},
        {POLICY_POSITIVE_HEADER, "X-Spam: yes"},
        {POLICY_POSITIVE_ARCHIVE, "on"},
        {POLICY_SUSPECT, "off"},
        {POLICY_SUSPECT_THRESHOLD, "30"},
        {POLICY_SUSPECT_ACTION, "drop"},
        {POLICY_SUSPECT_SUBJECT, "none"},
        {POLICY_SUSPECT_HEADER, "X-Spam: perhaps"},
        {POLICY_SUSPECT_ARCHIVE, "on"},
        {POLICY_POSITIVE_HOST, "spam.example"},
        {POLICY_POSITIVE_RECIPIENT, "spam@example.org"},
        {POLICY_SUSPECT_HOST, "[192.0.2.1]"},
        {POLICY_SUSPECT_RECIPIENT, "perhaps@example.org"},
        {POLICY_UNSCANNABLE, "bounce"},
    };
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        set(SCHEMA_OUTGOING_POLICY, settings[i].field, settings[i].text);
    const struct judge_policy *policy = &build()->policies[JUDGE_OUTGOING];
    const struct judge_treatment positive = {.threshold = 80,
                                             .action = JUDGE_BOUNCE,
                                             .subject_change = JUDGE_SUBJECT_APPEND,
                                             .subject_text = SPAN(" [SPAM] "),
                                             .header = SPAN("X-Spam: yes"),
                                             .archive = true,
                                             .host = SPAN("spam.example"),
                                             .recipient = SPAN("spam@example.org")};
    const struct judge_treatment suspect = {.threshold = 30,
                                            .action = JUDGE_DROP,
                                            .header = SPAN("X-Spam: perhaps"),
                                            .archive = true,
                                            .host = SPAN("[192.0.2.1]"),
                                            .recipient = SPAN("perhaps@example.org")};
    assert_true(policy->antispam);
    assert_false(policy->treat_suspects);
    assert_int_equal(policy->unscannable, JUDGE_BOUNCE);
    expect_same_treatment(&policy->positive, &positive);
    expect_same_treatment(&policy->suspect, &suspect);
    assert_int_equal(t.rt.judge.policies[JUDGE_INCOMING].positive.threshold, 90);
}

static void every_setting_of_graymail_is_read(void **state)
{
    (void)state;
    set(SCHEMA_ANTISPAM, ANTISPAM_TIMEOUT, "20");
    set(SCHEMA_IMSANDGRAYMAIL, IMSANDGRAYMAIL_NEVER_SCAN_SIZE, "600K");
    set(SCHEMA_IMSANDGRAYMAIL, IMSANDGRAYMAIL_TIMEOUT, "7");
    const struct judge_runtime *rt = build();
    assert_false(rt->graymail);
    assert_int_equal(t.rt.timeout_us[JUDGE_INCOMING], 20000000); /* the other one is not in use */
    assert_false(rt->policies[JUDGE_INCOMING].graymail || rt->policies[JUDGE_INCOMING].unsigned_only);
    set(SCHEMA_GRAYMAIL, GRAYMAIL_ENABLED, "on");
    set(SCHEMA_INCOMING_POLICY, POLICY_GRAYMAIL, "on");
    set(SCHEMA_INCOMING_POLICY, POLICY_APPLY_TO, "unsigned");
    set(SCHEMA_INCOMING_POLICY, POLICY_MARKETING_ACTION, "drop");
    set(SCHEMA_INCOMING_POLICY, POLICY_SOCIAL_SUBJECT, "append: (s)");
    set(SCHEMA_INCOMING_POLICY, POLICY_BULK_ARCHIVE, "on");
    set(SCHEMA_INCOMING_POLICY, POLICY_BULK_HOST, "bulk.example");
    const struct judge_policy *policy = build_incoming();
    assert_true(t.rt.judge.graymail && policy->graymail && policy->unsigned_only);
    assert_int_equal(t.rt.judge.graymail_never_bytes, 600 * 1024);
    assert_int_equal(t.rt.timeout_us[JUDGE_INCOMING], 7000000);
    expect_same_treatment(&policy->marketing, &(struct judge_treatment){.action = JUDGE_DROP});
    expect_same_treatment(&policy->social, &(struct judge_treatment){.subject_change = JUDGE_SUBJECT_APPEND,
                                                                     .subject_text = SPAN(" (s)")});
    expect_same_treatment(&policy->bulk,
                          &(struct judge_treatment){.archive = true, .host = SPAN("bulk.example")});
}

static void each_action_is_the_one_of_its_name(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum judge_action action;
    } actions[] = {{"deliver", JUDGE_DELIVER},
                   {"drop", JUDGE_DROP},
                   {"bounce", JUDGE_BOUNCE},
                   {"quarantine", JUDGE_QUARANTINE}};
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        set(SCHEMA_INCOMING_POLICY, POLICY_POSITIVE_ACTION, actions[i].name);
        assert_int_equal(build_incoming()->positive.action, actions[i].action);
    }
}

static void the_text_of_a_subject_is_what_follows_the_first_colon(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        enum judge_subject_change change;
        const char *text;
    } cases[] = {
        {"none", JUDGE_SUBJECT_KEEP, ""},
        {"prepend:[S]", JUDGE_SUBJECT_PREPEND, "[S]"},
        {"prepend:  two: blanks  ", JUDGE_SUBJECT_PREPEND, "  two: blanks  "},
        {"append: none", JUDGE_SUBJECT_APPEND, " none"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        set(SCHEMA_INCOMING_POLICY, POLICY_SUSPECT_SUBJECT, cases[i].value);
        const struct judge_treatment *got = &build_incoming()->suspect;
        assert_int_equal(got->subject_change, cases[i].change);
        assert_true(span_equal(got->subject_text, span_text(cases[i].text)));
    }
}

static void a_runtime_outlives_the_tables_that_it_was_made_from(void **state)
{
    (void)state;
    set(SCHEMA_INCOMING_POLICY, POLICY_POSITIVE_HEADER, "X-Spam: yes");
    const struct judge_policy *policy = build_incoming();
    tables_end(NULL);
    assert_true(span_equal(policy->positive.header, SPAN("X-Spam: yes")));
    assert_true(span_equal(policy->name, SPAN("DEFAULT")));
    tables_begin(NULL);
}

#define WITH_TABLES(test) cmocka_unit_test_setup_teardown(test, tables_begin, runtime_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TABLES(programs_without_a_configuration_judge_as_the_defaults_of_the_schema_do),
        WITH_TABLES(a_fresh_gateway_scans_nothing),
        WITH_TABLES(every_setting_of_the_gateway_is_read),
        WITH_TABLES(multiscan_has_settings_of_its_own),
        WITH_TABLES(every_setting_of_a_policy_is_read),
        WITH_TABLES(every_setting_of_graymail_is_read),
        WITH_TABLES(each_action_is_the_one_of_its_name),
        WITH_TABLES(the_text_of_a_subject_is_what_follows_the_first_colon),
        WITH_TABLES(a_runtime_outlives_the_tables_that_it_was_made_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
