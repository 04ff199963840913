/* What refuses a configuration, what is only warned about, and that only what differs is looked at. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/config_fixture.h"

static void assert_warnings(struct scene *s, const char *expected)
{
    assert_true(scene_check(s));
    assert_string_equal(buf_text(&s->warnings), expected);
}

/* What was changed so far becomes the base. */
static void settle(struct scene *s)
{
    struct config_tree *mine = config_tree_ref(s->c.mine);
    config_candidate_end(&s->c);
    config_candidate_begin(&s->c, 2, mine);
    config_tree_unref(mine);
}

static void set(struct scene *s, enum schema_table_id id, const char *key, unsigned field, const char *text)
{
    edit(&s->c, &standalone, id, key, field, text);
}

/* A gateway that is in use: what is on is on everywhere. */
static struct scene scene_begin(void)
{
    struct scene s = scene_of_defaults();
    set(&s, SCHEMA_ANTISPAM, "", ANTISPAM_ENABLED, "on");
    set(&s, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_ANTISPAM, "on");
    set(&s, SCHEMA_OUTGOING_POLICY, "DEFAULT", POLICY_ANTISPAM, "on");
    set(&s, SCHEMA_RCPTACCESS, "public/example.com", RCPTACCESS_ACCESS, "accept");
    set(&s, SCHEMA_ALERTS, "ops@example.com", ALERTS_CLASSES, "all");
    set(&s, SCHEMA_CERTIFICATES, "DEFAULT", CERTIFICATES_CERTIFICATE,
        "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n");
    settle(&s);
    return s;
}

static void the_defaults_are_in_order(void **state)
{
    (void)state;
    struct scene s = scene_of_defaults();
    /* that is made with the first revision */
    set(&s, SCHEMA_CERTIFICATES, "DEFAULT", CERTIFICATES_CERTIFICATE,
        "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n");
    assert_true(config_check(s.c.mine, NULL, &standalone, scene_warn, &s.warnings, &s.error));
    assert_string_equal(
        buf_text(&s.warnings),
        "listeners public: it is public and has no recipients: it takes mail only from hosts that "
        "may relay\nalert-settings: no alert is sent: there is no alert recipient\n");
    scene_end(&s);
}

static void a_row_whose_fields_do_not_fit_refuses_the_whole(void **state)
{
    (void)state;
    struct scene s = scene_begin();
    set(&s, SCHEMA_OUTGOING_POLICY, "Sales", POLICY_SUSPECT_THRESHOLD, "95");
    assert_false(scene_check(&s));
    assert_string_equal(s.error.text,
                        "outgoing-policy Sales: suspect-threshold: 95 is above positive-threshold, which is "
                        "90; give at most 90");
    set(&s, SCHEMA_OUTGOING_POLICY, "Sales", POLICY_POSITIVE_THRESHOLD, "95");
    assert_true(scene_check(&s));
    scene_end(&s);
}

static void a_fixed_row_may_not_be_missing(void **state)
{
    (void)state;
    struct scene s = scene_begin();
    set(&s, SCHEMA_INCOMING_POLICY, "Sales", POLICY_POSITIVE_ACTION, "drop");
    edit_remove(&s.c, &standalone, SCHEMA_INCOMING_POLICY, "DEFAULT");
    assert_false(scene_check(&s));
    assert_string_equal(s.error.text, "incoming-policy: the policy 'DEFAULT' is missing");
    scene_end(&s);
}

static void advice_limits_are_warned_about_when_their_field_changes(void **state)
{
    (void)state;
    struct scene s = scene_begin();
    set(&s, SCHEMA_ANTISPAM, "", ANTISPAM_NEVER_SCAN_SIZE, "20M");
    set(&s, SCHEMA_ANTISPAM, "", ANTISPAM_ALWAYS_SCAN_SIZE, "4M");
    assert_warnings(&s, "always-scan-size: 4M is above the advised 3M\n"
                        "never-scan-size: 20M is above the advised 10M\n");
    settle(&s);
    set(&s, SCHEMA_ANTISPAM, "", ANTISPAM_TIMEOUT, "5");
    assert_warnings(&s, "");
    scene_end(&s);
}

static void a_policy_that_scans_while_the_gateway_does_not_is_warned_about(void **state)
{
    (void)state;
    const char *in_vain =
        "incoming-policy DEFAULT: antispam is on, but anti-spam is off for the whole gateway\n";
    struct scene s = scene_of_defaults();
    set(&s, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_ANTISPAM, "on");
    assert_warnings(&s, in_vain);
    set(&s, SCHEMA_ANTISPAM, "", ANTISPAM_ENABLED, "on");
    assert_warnings(&s, "");
    settle(&s);
    set(&s, SCHEMA_ANTISPAM, "", ANTISPAM_ENABLED, "off");
    assert_warnings(&s, in_vain);
    settle(&s);
    set(&s, SCHEMA_ANTISPAM, "", ANTISPAM_LICENCE_ACCEPTED, "on");
    assert_warnings(&s, ""); /* it was so before */
    scene_end(&s);
}

static void a_gateway_that_scans_for_no_policy_is_warned_about(void **state)
{
    (void)state;
    const char *in_vain =
        "antispam: enabled is on, but no policy has antispam on with this engine: it scans no mail\n";
    struct scene s = scene_of_defaults();
    set(&s, SCHEMA_ANTISPAM, "", ANTISPAM_ENABLED, "on");
    assert_warnings(&s, in_vain);
    set(&s, SCHEMA_OUTGOING_POLICY, "DEFAULT", POLICY_ANTISPAM, "on");
    assert_warnings(&s, "");
    settle(&s);
    set(&s, SCHEMA_OUTGOING_POLICY, "DEFAULT", POLICY_ANTISPAM, "off");
    assert_warnings(&s, in_vain);
    scene_end(&s);
}

static void a_policy_and_its_engine_must_both_be_on(void **state)
{
    (void)state;
    const char *off =
        "incoming-policy DEFAULT: the engine is multiscan, but Intelligent Multi-Scan is off for the "
        "whole gateway\n";
    struct scene s = scene_of_defaults();
    set(&s, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_ANTISPAM, "on");
    set(&s, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_ENGINE, "multiscan");
    assert_warnings(&s, off);
    set(&s, SCHEMA_MULTISCAN, "", MULTISCAN_ENABLED, "on");
    set(&s, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_GRAYMAIL, "on");
    set(&s, SCHEMA_GRAYMAIL, "", GRAYMAIL_ENABLED, "on"); /* either engine will do for it */
    assert_warnings(&s,
                    "multiscan: enabled is on, but neither rspamd nor spamd is set: nobody else is asked\n");
    set(&s, SCHEMA_MULTISCAN, "", MULTISCAN_SPAMD, "/run/spamd.sock");
    assert_warnings(&s, "");
    set(&s, SCHEMA_ANTISPAM, "", ANTISPAM_ENABLED, "on");
    assert_warnings(
        &s, "antispam: enabled is on, but no policy has antispam on with this engine: it scans no mail\n");
    set(&s, SCHEMA_OUTGOING_POLICY, "DEFAULT", POLICY_ANTISPAM, "on");
    settle(&s);
    set(&s, SCHEMA_ANTISPAM, "", ANTISPAM_PROFILE, "aggressive"); /* which is not for multiscan */
    set(&s, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_POSITIVE_THRESHOLD, "80");
    assert_warnings(&s, "");
    set(&s, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_ENGINE, "antispam");
    set(&s, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_POSITIVE_THRESHOLD, "90");
    assert_warnings(
        &s, "multiscan: enabled is on, but no policy has antispam on with this engine: it scans no mail\n");
    set(&s, SCHEMA_MULTISCAN, "", MULTISCAN_ENABLED, "off");
    set(&s, SCHEMA_MULTISCAN, "", MULTISCAN_SPAMD, "127.0.0.1:783");
    assert_warnings(&s, "multiscan: settings have no effect while enabled is off\n");
    scene_end(&s);
}

/* Changes of a gateway in use, each with its only warning. */
static void settings_without_effect_are_warned_about(void **state)
{
    (void)state;
    static const struct {
        enum schema_table_id table;
        const char *key;
        unsigned field;
        const char *value, *warning;
    } cases[] = {
        {SCHEMA_INCOMING_POLICY, "Sales", POLICY_ANTISPAM, "on",
         "incoming-policy Sales: no mail reaches it: the policy DEFAULT judges all\n"},
        {SCHEMA_OUTGOING_POLICY, "DEFAULT", POLICY_SUSPECT_THRESHOLD, "90",
         "outgoing-policy DEFAULT: no mail is suspected spam: suspect-threshold is the same as "
         "positive-threshold\n"},
        {SCHEMA_LISTENERS, "second", LISTENERS_PORT, "26",
         "listeners second: it is public and has no recipients: it takes mail only from hosts that may "
         "relay\n"},
        {SCHEMA_CERTIFICATES, "mail", CERTIFICATES_CERTIFICATE,
         "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n",
         "certificates mail: listeners show the certificate DEFAULT and no other\n"},
        {SCHEMA_LOGS, "trouble", LOGS_TYPE, "error",
         "logs trouble: an error log takes critical lines and warnings, whatever its level\n"},
        {SCHEMA_USERS, "root", USERS_ROLE, "guest",
         "users root: root is an administrator, whatever its row says\n"},
        {SCHEMA_LOGS, "error_logs", LOGS_FILES, "3", ""},
        {SCHEMA_USERS, "anna", USERS_ROLE, "guest", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scene s = scene_begin();
        set(&s, cases[i].table, cases[i].key, cases[i].field, cases[i].value);
        assert_warnings(&s, cases[i].warning);
        scene_end(&s);
    }
}

static void a_relay_that_could_be_anybody_is_warned_about(void **state)
{
    (void)state;
    struct scene s = scene_begin();
    const char *believed =
        "incoming-relays all: so many machines are no relays of yours: every sender's header is believed\n";
    set(&s, SCHEMA_INCOMING_RELAYS, "all", INCOMING_RELAYS_CUSTOM_HEADER, "X-Sender-IP");
    set(&s, SCHEMA_INCOMING_RELAYS, "all", INCOMING_RELAYS_ADDRESS, "0.0.0.0/0");
    assert_warnings(&s, believed);
    set(&s, SCHEMA_INCOMING_RELAYS, "all", INCOMING_RELAYS_ADDRESS, "10.0.0.0/8");
    assert_warnings(&s, "");
    set(&s, SCHEMA_INCOMING_RELAYS, "all", INCOMING_RELAYS_ADDRESS, "192.0.2.1-10");
    assert_warnings(&s, "");
    scene_end(&s);
}

static void what_takes_the_effect_of_a_row_that_did_not_change_is_warned_about(void **state)
{
    (void)state;
    struct scene s = scene_begin();
    edit_remove(&s.c, &standalone, SCHEMA_RCPTACCESS, "public/example.com");
    edit_remove(&s.c, &standalone, SCHEMA_ALERTS, "ops@example.com");
    assert_warnings(
        &s, "listeners public: it is public and has no recipients: it takes mail only from hosts that "
            "may relay\nalert-settings: no alert is sent: there is no alert recipient\n");
    set(&s, SCHEMA_RCPTACCESS, "public/example.org", RCPTACCESS_ACCESS, "accept");
    set(&s, SCHEMA_ALERTS, "root@example.com", ALERTS_CLASSES, "all");
    assert_warnings(&s, "");
    settle(&s);
    set(&s, SCHEMA_LISTENERS, "public", LISTENERS_KIND, "private");
    set(&s, SCHEMA_HOSTACCESS, "public/192.0.2.1", HOSTACCESS_HOST, "public/192.0.2.1");
    edit_remove(&s.c, &standalone, SCHEMA_HOSTACCESS, "public/127.0.0.1");
    edit_remove(&s.c, &standalone, SCHEMA_HOSTACCESS, "public/::1");
    assert_warnings(&s, "");
    edit_remove(&s.c, &standalone, SCHEMA_HOSTACCESS, "public/192.0.2.1");
    assert_warnings(&s, "listeners public: it is private and has no hosts: it takes mail from nobody\n");
    settle(&s);
    set(&s, SCHEMA_ALERT_SETTINGS, "", ALERT_SETTINGS_REPEAT, "0");
    assert_warnings(&s, "");
    set(&s, SCHEMA_ALERT_SETTINGS, "", ALERT_SETTINGS_REPEAT_MOST, "60");
    assert_warnings(&s, "alert-settings: repeat-most has no effect while repeat is 0\n");
    settle(&s);
    set(&s, SCHEMA_ANTISPAM, "", ANTISPAM_ENABLED, "off");
    set(&s, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_ANTISPAM, "off");
    set(&s, SCHEMA_OUTGOING_POLICY, "DEFAULT", POLICY_ANTISPAM, "off");
    assert_warnings(&s, "");
    settle(&s);
    set(&s, SCHEMA_ANTISPAM, "", ANTISPAM_TIMEOUT, "20");
    set(&s, SCHEMA_OUTGOING_POLICY, "DEFAULT", POLICY_POSITIVE_ACTION, "drop");
    assert_warnings(&s, "outgoing-policy DEFAULT: settings for spam have no effect while antispam is off\n"
                        "antispam: settings have no effect while enabled is off\n");
    scene_end(&s);
}

static void a_policy_with_graymail_that_the_gateway_does_not_look_for_is_warned_about(void **state)
{
    (void)state;
    const char *off =
        "incoming-policy DEFAULT: graymail is on, but graymail detection is off for the whole gateway\n";
    struct scene s = scene_of_defaults();
    set(&s, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_GRAYMAIL, "on");
    assert_warnings(&s, off);
    set(&s, SCHEMA_GRAYMAIL, "", GRAYMAIL_ENABLED, "on");
    assert_warnings(
        &s, "incoming-policy DEFAULT: graymail is on, but not looked for while anti-spam is off for the "
            "whole gateway\n");
    set(&s, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_ANTISPAM, "on");
    set(&s, SCHEMA_ANTISPAM, "", ANTISPAM_ENABLED, "on");
    assert_warnings(&s, "");
    settle(&s);
    set(&s, SCHEMA_GRAYMAIL, "", GRAYMAIL_ENABLED, "off");
    assert_warnings(&s, off);
    scene_end(&s);
}

static void settings_for_graymail_without_effect_are_warned_about(void **state)
{
    (void)state;
    struct scene s = scene_begin();
    set(&s, SCHEMA_GRAYMAIL, "", GRAYMAIL_ENABLED, "on");
    assert_warnings(&s, "graymail: enabled is on, but no policy has graymail on: no mail is looked at\n");
    settle(&s);
    set(&s, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_BULK_ACTION, "drop");
    set(&s, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_BULK_HOST, "other.example");
    assert_warnings(&s,
                    "incoming-policy DEFAULT: settings for graymail have no effect while graymail is off\n");
    settle(&s);
    set(&s, SCHEMA_ANTISPAM, "", ANTISPAM_ENABLED, "on");
    set(&s, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_ANTISPAM, "on");
    set(&s, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_GRAYMAIL, "on");
    assert_warnings(
        &s, "incoming-policy DEFAULT: mail that is dropped or bounced reaches no alternate host and no "
            "alternate recipient\n");
    set(&s, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_BULK_ACTION, "quarantine");
    assert_warnings(
        &s, "incoming-policy DEFAULT: mail with an alternate host goes there and not into quarantine\n");
    scene_end(&s);
}

/* Another value than the default: a text that the field takes. */
static void put_another(const struct schema_field *field, struct buf *text)
{
    struct schema_value preset;
    struct error error;
    assert_true(schema_value_parse(field, span_text(field->preset), &preset, &error));
    if (field->type == SCHEMA_FLAG)
        buf_printf(text, "%s", preset.number ? "off" : "on");
    else if (field->type == SCHEMA_CHOICE)
        buf_printf(text, "%s", field->choices[preset.number == 0]);
    else if (field->type == SCHEMA_TEXT)
        buf_printf(text, "%sx", field->preset);
    else
        buf_printf(text, "%" PRId64, preset.number > field->least ? preset.number - 1 : preset.number + 1);
}

static void each_setting_of_anti_spam_is_warned_about_while_it_is_off(void **state)
{
    (void)state;
    const struct schema_table *table = &schema_tables[SCHEMA_ANTISPAM];
    for (unsigned field = 0; field < table->field_count; field++) {
        if (field == ANTISPAM_ENABLED || field == ANTISPAM_LICENCE_ACCEPTED)
            continue;
        struct scene s = scene_of_defaults();
        struct buf text = {0};
        put_another(&table->fields[field], &text);
        set(&s, SCHEMA_ANTISPAM, "", field, buf_text(&text));
        assert_warnings(&s, "antispam: settings have no effect while enabled is off\n");
        buf_free(&text);
        scene_end(&s);
    }
}

static void the_aggressive_profile_is_warned_about_with_thresholds_of_ones_own(void **state)
{
    (void)state;
    struct scene s = scene_begin();
    set(&s, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_POSITIVE_THRESHOLD, "80");
    set(&s, SCHEMA_INCOMING_POLICY, "Sales", POLICY_SUSPECT_THRESHOLD, "40");
    set(&s, SCHEMA_INCOMING_POLICY, "Sales", POLICY_ANTISPAM, "on");
    assert_warnings(&s, "incoming-policy Sales: no mail reaches it: the policy DEFAULT judges all\n");
    settle(&s);
    set(&s, SCHEMA_ANTISPAM, "", ANTISPAM_PROFILE, "aggressive");
    assert_warnings(
        &s, "incoming-policy DEFAULT and 1 more: thresholds are not the default ones, and the aggressive "
            "profile makes more mail reach them\n");
    settle(&s);
    set(&s, SCHEMA_OUTGOING_POLICY, "DEFAULT", POLICY_POSITIVE_THRESHOLD, "91");
    assert_warnings(
        &s, "outgoing-policy DEFAULT: thresholds are not the default ones, and the aggressive profile makes "
            "more mail reach them\n");
    scene_end(&s);
}

static void settings_for_suspected_spam_without_effect_are_warned_about(void **state)
{
    (void)state;
    const char *in_vain =
        "incoming-policy DEFAULT: settings for suspected spam have no effect while suspect is off\n";
    struct scene s = scene_begin();
    set(&s, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_SUSPECT, "off");
    assert_warnings(&s, "");
    settle(&s);
    set(&s, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_SUSPECT_ACTION, "drop");
    assert_warnings(&s, in_vain);
    settle(&s);
    set(&s, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_POSITIVE_ACTION, "drop");
    assert_warnings(&s, "");
    scene_end(&s);
}

static void alternates_that_lose_to_an_action_are_warned_about(void **state)
{
    (void)state;
    const char *in_vain =
        "incoming-policy DEFAULT: mail that is dropped or bounced reaches no alternate host "
        "and no alternate recipient\n";
    struct scene s = scene_begin();
    set(&s, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_POSITIVE_HOST, "other.example");
    assert_warnings(&s, "incoming-policy DEFAULT: mail with an alternate host goes there and not into "
                        "quarantine\n");
    set(&s, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_POSITIVE_ACTION, "bounce");
    assert_warnings(&s, in_vain);
    set(&s, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_POSITIVE_ACTION, "deliver");
    set(&s, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_SUSPECT_RECIPIENT, "abuse@example.org");
    assert_warnings(&s, "");
    set(&s, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_SUSPECT_ACTION, "drop");
    assert_warnings(&s, in_vain);
    scene_end(&s);
}

static void rows_that_did_not_change_are_not_looked_at(void **state)
{
    (void)state;
    struct scene s = scene_begin();
    char key[32];
    struct config_table *t = config_candidate_take(&s.c, &standalone, SCHEMA_INCOMING_POLICY);
    for (int i = 0; i < 2000; i++) {
        snprintf(key, sizeof key, "p%04d", i);
        config_table_put(&t, row_with(config_table_schema(t), NULL, key, POLICY_ANTISPAM, "on"));
    }
    config_candidate_give(&s.c, &standalone, SCHEMA_INCOMING_POLICY, t);
    settle(&s);
    set(&s, SCHEMA_INCOMING_POLICY, "p1000", POLICY_POSITIVE_ACTION, "drop");
    /* A look at any row but the first of a shared chunk would end the test. */
    const struct schema_row *kept[2 * CONFIG_CHUNK_ROWS];
    size_t shared = 0;
    const struct config_table *table = config_resolve(s.c.mine, &standalone, SCHEMA_INCOMING_POLICY, NULL);
    for (size_t i = 0; i < config_table_chunk_count(table); i++) {
        struct config_chunk *chunk = config_table_chunk(table, i);
        if (chunk->references == 1 || i == 0) /* the first has DEFAULT, which is looked up */
            continue;
        shared++;
        memcpy(kept, chunk->rows, sizeof kept);
        memset(chunk->rows + 1, 0, sizeof kept - sizeof kept[0]);
        assert_warnings(&s, "incoming-policy p1000: no mail reaches it: the policy DEFAULT judges all\n");
        memcpy(chunk->rows, kept, sizeof kept);
    }
    assert_true(shared > 3);
    scene_end(&s);
}

static void there_are_only_so_many_alert_recipients(void **state)
{
    (void)state;
    struct scene s = scene_of_defaults();
    char key[32];
    for (int i = 0; i < ALERTS_MAX; i++) {
        snprintf(key, sizeof key, "a%d@example.com", i);
        set(&s, SCHEMA_ALERTS, key, ALERTS_CLASSES, "all");
    }
    assert_true(scene_check(&s));
    set(&s, SCHEMA_ALERTS, "more@example.com", ALERTS_CLASSES, "all");
    assert_false(scene_check(&s));
    assert_string_equal(s.error.text, "there are more than 100 alerts");
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_in_order),
        cmocka_unit_test(a_row_whose_fields_do_not_fit_refuses_the_whole),
        cmocka_unit_test(a_fixed_row_may_not_be_missing),
        cmocka_unit_test(advice_limits_are_warned_about_when_their_field_changes),
        cmocka_unit_test(a_policy_that_scans_while_the_gateway_does_not_is_warned_about),
        cmocka_unit_test(a_policy_with_graymail_that_the_gateway_does_not_look_for_is_warned_about),
        cmocka_unit_test(settings_for_graymail_without_effect_are_warned_about),
        cmocka_unit_test(a_gateway_that_scans_for_no_policy_is_warned_about),
        cmocka_unit_test(a_policy_and_its_engine_must_both_be_on),
        cmocka_unit_test(settings_without_effect_are_warned_about),
        cmocka_unit_test(a_relay_that_could_be_anybody_is_warned_about),
        cmocka_unit_test(what_takes_the_effect_of_a_row_that_did_not_change_is_warned_about),
        cmocka_unit_test(each_setting_of_anti_spam_is_warned_about_while_it_is_off),
        cmocka_unit_test(the_aggressive_profile_is_warned_about_with_thresholds_of_ones_own),
        cmocka_unit_test(settings_for_suspected_spam_without_effect_are_warned_about),
        cmocka_unit_test(alternates_that_lose_to_an_action_are_warned_about),
        cmocka_unit_test(there_are_only_so_many_alert_recipients),
        cmocka_unit_test(rows_that_did_not_change_are_not_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
