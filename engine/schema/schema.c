/* The tables and their fields, made from the .def files. */
#include "engine/schema/schema.h"

#include "engine/schema/settings.h" /* KIB, MIB, GIB */

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define CHOICES(...) WORDS(__VA_ARGS__)
#define ACTIONS WORDS("deliver", "drop", "bounce", "quarantine") /* enum schema_action */

#define FLAG(id, name_, preset_, help_)                                                                      \
    [id] = {.name = name_,                                                                                   \
            .type = SCHEMA_FLAG,                                                                             \
            .preset = preset_,                                                                               \
            .most = 1,                                                                                       \
            .unit = "",                                                                                      \
            .choices = WORDS("off", "on"),                                                                   \
            .help = help_},
#define NUMBER(id, name_, preset_, least_, most_, unit_, help_)                                              \
    [id] = {.name = name_,                                                                                   \
            .type = SCHEMA_NUMBER,                                                                           \
            .preset = preset_,                                                                               \
            .least = least_,                                                                                 \
            .most = most_,                                                                                   \
            .unit = unit_,                                                                                   \
            .help = help_},
#define SIZE(id, name_, preset_, least_, most_, advice_, help_)                                              \
    [id] = {.name = name_,                                                                                   \
            .type = SCHEMA_SIZE,                                                                             \
            .preset = preset_,                                                                               \
            .least = least_,                                                                                 \
            .most = most_,                                                                                   \
            .advice = advice_,                                                                               \
            .unit = "",                                                                                      \
            .help = help_},
#define CHOICE(id, name_, preset_, choices_, help_)                                                          \
    [id] = {.name = name_,                                                                                   \
            .type = SCHEMA_CHOICE,                                                                           \
            .preset = preset_,                                                                               \
            .most = sizeof(choices_) / sizeof(const char *) - 2,                                             \
            .unit = "",                                                                                      \
            .choices = choices_,                                                                             \
            .help = help_},
#define TEXT(id, ...) [id] = {TEXT_FIELD(__VA_ARGS__)},
#define HOST(id, ...) [id] = {TEXT_FIELD(__VA_ARGS__), .ignores_case = true},
#define LINES(id, ...) [id] = {TEXT_FIELD(__VA_ARGS__), .lines = true},
#define SECRET(id, ...) [id] = {TEXT_FIELD(__VA_ARGS__), .lines = true, .secret = true},
#define TEXT_FIELD(name_, preset_, least_, most_, check_, help_)                                             \
    .name = name_, .type = SCHEMA_TEXT, .preset = preset_, .least = least_, .most = most_, .unit = "",       \
    .check = check_, .help = help_

static const struct schema_field gateway_fields[] = {
#include "engine/schema/gateway.def"
};
static const struct schema_field antispam_fields[] = {
#include "engine/schema/antispam.def"
};
static const struct schema_field hostaccess_fields[] = {
#include "engine/schema/hostaccess.def"
};
static const struct schema_field listeners_fields[] = {
#include "engine/schema/listeners.def"
};
static const struct schema_field policy_fields[] = {
#include "engine/schema/policy.def"
};
static const struct schema_field rcptaccess_fields[] = {
#include "engine/schema/rcptaccess.def"
};
static const struct schema_field smtproutes_fields[] = {
#include "engine/schema/smtproutes.def"
};
static const struct schema_field delivery_fields[] = {
#include "engine/schema/delivery.def"
};
static const struct schema_field certificates_fields[] = {
#include "engine/schema/certificates.def"
};
static const struct schema_field spamquarantine_fields[] = {
#include "engine/schema/spamquarantine.def"
};
static const struct schema_field alerts_fields[] = {
#include "engine/schema/alerts.def"
};
static const struct schema_field alert_settings_fields[] = {
#include "engine/schema/alert_settings.def"
};
static const struct schema_field addresses_fields[] = {
#include "engine/schema/addresses.def"
};
static const struct schema_field logs_fields[] = {
#include "engine/schema/logs.def"
};
static const struct schema_field users_fields[] = {
#include "engine/schema/users.def"
};
static const struct schema_field access_fields[] = {
#include "engine/schema/access.def"
};
static const struct schema_field cluster_fields[] = {
#include "engine/schema/cluster.def"
};
static const struct schema_field cluster_groups_fields[] = {
#include "engine/schema/cluster_groups.def"
};
static const struct schema_field cluster_members_fields[] = {
#include "engine/schema/cluster_members.def"
};
static const struct schema_field spamd_fields[] = {
#include "engine/schema/spamd.def"
};

static const struct schema_field incoming_relay_fields[] = {
#include "engine/schema/incoming_relay.def"
};
static const struct schema_field incoming_relays_fields[] = {
#include "engine/schema/incoming_relays.def"
};
static const struct schema_field updates_fields[] = {
#include "engine/schema/updates.def"
};

static const struct schema_field graymail_fields[] = {
#include "engine/schema/graymail.def"
};
static const struct schema_field imsandgraymail_fields[] = {
#include "engine/schema/imsandgraymail.def"
};

static const struct schema_field multiscan_fields[] = {
#include "engine/schema/multiscan.def"
};

#define TREATMENT(ID)                                                                                        \
    {                                                                                                        \
        POLICY_##ID##_ACTION, POLICY_##ID##_SUBJECT, POLICY_##ID##_HEADER, POLICY_##ID##_HOST,               \
            POLICY_##ID##_RECIPIENT, POLICY_##ID##_ARCHIVE                                                   \
    }
const struct policy_treatment policy_treatments[POLICY_KINDS] = {
    [POLICY_SPAM] = TREATMENT(POSITIVE),       [POLICY_SUSPECTED] = TREATMENT(SUSPECT),
    [POLICY_MARKETING] = TREATMENT(MARKETING), [POLICY_SOCIAL] = TREATMENT(SOCIAL),
    [POLICY_BULK] = TREATMENT(BULK),
};

/* Two fields of a row of which the first may not be above the second. */
static bool check_order(const struct schema_row *row, unsigned low, unsigned high, struct error *error)
{
    const struct schema_field *low_field = &row->table->fields[low], *high_field = &row->table->fields[high];
    if (row->values[low].number <= row->values[high].number)
        return true;
    struct buf low_text = {0}, high_text = {0};
    schema_value_print(low_field, &row->values[low], &low_text);
    schema_value_print(high_field, &row->values[high], &high_text);
    error_set(error, "%s: %s is above %s, which is %s; give at most %s", low_field->name, buf_text(&low_text),
              high_field->name, buf_text(&high_text), buf_text(&high_text));
    buf_free(&low_text);
    buf_free(&high_text);
    return false;
}

static bool check_antispam(const struct schema_row *row, struct error *error)
{
    return check_order(row, ANTISPAM_ALWAYS_SCAN_SIZE, ANTISPAM_NEVER_SCAN_SIZE, error);
}

static bool check_imsandgraymail(const struct schema_row *row, struct error *error)
{
    return check_order(row, IMSANDGRAYMAIL_ALWAYS_SCAN_SIZE, IMSANDGRAYMAIL_NEVER_SCAN_SIZE, error);
}

static bool check_policy(const struct schema_row *row, struct error *error)
{
    return check_order(row, POLICY_SUSPECT_THRESHOLD, POLICY_POSITIVE_THRESHOLD, error);
}

static bool check_alert_settings(const struct schema_row *row, struct error *error)
{
    return check_order(row, ALERT_SETTINGS_REPEAT, ALERT_SETTINGS_REPEAT_MOST, error);
}

static const struct schema_field featurekey_fields[] = {
#include "engine/schema/featurekey.def"
};
static const struct schema_field portal_registration_fields[] = {
#include "engine/schema/portal_registration.def"
};

/* Those that have been given out so far (R26). */
static void doubt_registration(const struct schema_row *row, struct buf *sentence)
{
    size_t length = schema_row_text(row, PORTAL_REGISTRATION_ID).n;
    if (length && length != 16 && length != 36)
        buf_printf(sentence, "id: it has %zu characters; known ones have 16 or 36", length);
}

/* The header is one that the relay adds, or a Received header. */
static bool check_incoming_relay(const struct schema_row *row, struct error *error)
{
    bool has_custom = schema_row_text(row, INCOMING_RELAYS_CUSTOM_HEADER).n > 0;
    bool has_received = schema_row_text(row, INCOMING_RELAYS_RECEIVED_AFTER).n > 0;
    if (has_custom == has_received)
        return error_set(error, "%s: where the address of the sender stands",
                         has_custom ? "give custom-header or received-after, not both"
                                    : "give custom-header or received-after");
    return has_received || schema_row_number(row, INCOMING_RELAYS_HOP) == 1 ||
           error_set(error, "hop: it counts Received headers; leave it out with custom-header");
}

static bool check_spamd(const struct schema_row *row, struct error *error)
{
    return !schema_row_number(row, SPAMD_ENABLED) || schema_row_number(row, SPAMD_SOCKET) ||
           schema_row_text(row, SPAMD_TCP).n ||
           error_set(error, "it is enabled, but has neither tcp nor socket to listen on");
}

/* What tables.def does not say. */
#define FIELDS(array) .fields = array, .field_count = sizeof array / sizeof array[0]
#define GATEWAY_DETAILS                                                                                      \
    .row_noun = "gateway", .preset_keys = WORDS(""), .fixed_key = "", .machine_only = true,                  \
    FIELDS(gateway_fields)
#define ANTISPAM_DETAILS                                                                                     \
    .row_noun = "anti-spam settings", .preset_keys = WORDS(""), .fixed_key = "",                             \
    .check_row = check_antispam, FIELDS(antispam_fields)
#define POLICY_DETAILS                                                                                       \
    .row_noun = "policy", .preset_keys = WORDS("DEFAULT"), .fixed_key = "DEFAULT", .rest_key = "DEFAULT",    \
    .check_row = check_policy, FIELDS(policy_fields)
#define INCOMING_POLICY_DETAILS POLICY_DETAILS
#define OUTGOING_POLICY_DETAILS POLICY_DETAILS
#define SMTPROUTES_DETAILS                                                                                   \
    .row_noun = "SMTP route", .preset_keys = (const char *const[]){NULL}, .rest_key = "ALL",                 \
    .keys_are_domains = true, FIELDS(smtproutes_fields)
/* A new machine has one listener, which takes mail for nobody and lets this machine alone relay (R14). */
#define LISTENERS_DETAILS                                                                                    \
    .row_noun = "listener", .preset_keys = WORDS("public"), .most_rows = LISTENERS_MAX,                      \
    FIELDS(listeners_fields)
#define RCPTACCESS_DETAILS                                                                                   \
    .row_noun = "recipient", .preset_keys = (const char *const[]){NULL}, .rest_key = "ALL",                  \
    .keys_are_domains = true, .owner = &schema_tables[SCHEMA_LISTENERS], FIELDS(rcptaccess_fields)
#define HOSTACCESS_DETAILS                                                                                   \
    .row_noun = "host", .preset_keys = WORDS("public/127.0.0.1", "public/::1"),                              \
    .owner = &schema_tables[SCHEMA_LISTENERS], FIELDS(hostaccess_fields)
#define DELIVERY_DETAILS                                                                                     \
    .row_noun = "delivery settings", .preset_keys = WORDS(""), .fixed_key = "", FIELDS(delivery_fields)
#define CERTIFICATES_DETAILS                                                                                 \
    .row_noun = "certificate", .preset_keys = (const char *const[]){NULL}, .rest_key = "DEFAULT",            \
    FIELDS(certificates_fields)
#define SPAMQUARANTINE_DETAILS                                                                               \
    .row_noun = "spam quarantine settings", .preset_keys = WORDS(""), .fixed_key = "",                       \
    FIELDS(spamquarantine_fields)
#define ALERTS_DETAILS                                                                                       \
    .row_noun = "alert recipient", .preset_keys = (const char *const[]){NULL}, .most_rows = ALERTS_MAX,      \
    FIELDS(alerts_fields)
#define ALERT_SETTINGS_DETAILS                                                                               \
    .row_noun = "alert settings", .preset_keys = WORDS(""), .fixed_key = "",                                 \
    .check_row = check_alert_settings, FIELDS(alert_settings_fields)
#define ADDRESSES_DETAILS                                                                                    \
    .row_noun = "addresses of generated mail", .preset_keys = WORDS(""), .fixed_key = "",                    \
    FIELDS(addresses_fields)
static const struct schema_preset logs_presets[] = {
    {"cli_logs", LOGS_TYPE, "cli"},
    {"error_logs", LOGS_TYPE, "error"},
    {"error_logs", LOGS_LEVEL, "critical"},
    {"graymail_logs", LOGS_TYPE, "graymail"},
    {"system_logs", LOGS_TYPE, "system"},
    {"updater_logs", LOGS_TYPE, "updater"},
    {NULL, 0, NULL},
};
#define LOGS_DETAILS                                                                                         \
    .row_noun = "log",                                                                                       \
    .preset_keys =                                                                                           \
        WORDS("cli_logs", "error_logs", "graymail_logs", "mail_logs", "system_logs", "updater_logs"),        \
    .presets = logs_presets, .most_rows = LOGS_MAX, FIELDS(logs_fields)
#define USERS_DETAILS                                                                                        \
    .row_noun = "user", .preset_keys = (const char *const[]){NULL}, .most_rows = USERS_MAX,                  \
    FIELDS(users_fields)
#define ACCESS_DETAILS                                                                                       \
    .row_noun = "access settings", .preset_keys = WORDS(""), .fixed_key = "", FIELDS(access_fields)
#define SPAMD_SERVICE_DETAILS                                                                                \
    .row_noun = "spamd settings", .preset_keys = WORDS(""), .fixed_key = "", .check_row = check_spamd,       \
    FIELDS(spamd_fields)
#define GRAYMAIL_DETAILS                                                                                     \
    .row_noun = "graymail settings", .preset_keys = WORDS(""), .fixed_key = "", FIELDS(graymail_fields)
#define IMSANDGRAYMAIL_DETAILS                                                                               \
    .row_noun = "limits of multi-scan and graymail", .preset_keys = WORDS(""), .fixed_key = "",              \
    .check_row = check_imsandgraymail, FIELDS(imsandgraymail_fields)
#define MULTISCAN_DETAILS                                                                                    \
    .row_noun = "multi-scan settings", .preset_keys = WORDS(""), .fixed_key = "", FIELDS(multiscan_fields)
#define CLUSTER_DETAILS                                                                                      \
    .row_noun = "cluster", .preset_keys = WORDS(""), .fixed_key = "", .is_shape = true, FIELDS(cluster_fields)
#define CLUSTER_GROUPS_DETAILS                                                                               \
    .row_noun = "group", .preset_keys = (const char *const[]){NULL}, .is_shape = true,                       \
    FIELDS(cluster_groups_fields)
#define CLUSTER_MEMBERS_DETAILS                                                                              \
    .row_noun = "machine", .preset_keys = (const char *const[]){NULL}, .is_shape = true,                     \
    FIELDS(cluster_members_fields)
#define INCOMING_RELAY_DETAILS                                                                               \
    .row_noun = "incoming relay settings", .preset_keys = WORDS(""), .fixed_key = "",                        \
    FIELDS(incoming_relay_fields)
#define INCOMING_RELAYS_DETAILS                                                                              \
    .row_noun = "incoming relay", .preset_keys = (const char *const[]){NULL},                                \
    .check_row = check_incoming_relay, FIELDS(incoming_relays_fields)
#define PORTAL_REGISTRATION_DETAILS                                                                          \
    .row_noun = "portal registration", .preset_keys = WORDS(""), .fixed_key = "", .for_cluster = true,       \
    .doubt_row = doubt_registration, FIELDS(portal_registration_fields)
#define FEATUREKEY_DETAILS                                                                                   \
    .row_noun = "feature key settings", .preset_keys = WORDS(""), .fixed_key = "", FIELDS(featurekey_fields)
#define UPDATES_DETAILS                                                                                      \
    .row_noun = "update settings", .preset_keys = WORDS(""), .fixed_key = "", FIELDS(updates_fields)

static const struct schema_field learning_fields[] = {
#include "engine/schema/learning.def"
};
#define LEARNING_DETAILS                                                                                     \
    .row_noun = "learning settings", .preset_keys = WORDS(""), .fixed_key = "", FIELDS(learning_fields)

const struct schema_table schema_tables[SCHEMA_TABLE_COUNT] = {
#define TABLE(id_, name_, kind_, readers_, help_)                                                            \
    [SCHEMA_##id_] = {.id = SCHEMA_##id_,                                                                    \
                      .name = name_,                                                                         \
                      .kind = SCHEMA_##kind_,                                                                \
                      .readers = readers_,                                                                   \
                      .help = help_,                                                                         \
                      id_##_DETAILS},
#include "engine/schema/tables.def"
};

const struct schema_table *schema_table_find(const char *name)
{
    for (size_t i = 0; i < SCHEMA_TABLE_COUNT; i++)
        if (strcmp(schema_tables[i].name, name) == 0)
            return &schema_tables[i];
    return NULL;
}

int schema_field_find(const struct schema_table *table, const char *name)
{
    for (unsigned i = 0; i < table->field_count; i++)
        if (strcmp(table->fields[i].name, name) == 0)
            return (int)i;
    return -1;
}

/* FNV-1a over everything that decides how a value is read. */
static void mix(uint64_t *hash, const void *bytes, size_t size)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < size; i++)
        *hash = (*hash ^ p[i]) * 0x100000001b3;
}

static void mix_text(uint64_t *hash, const char *text)
{
    mix(hash, text, strlen(text) + 1);
}

static void mix_field(uint64_t *hash, const struct schema_field *field)
{
    int64_t numbers[] = {field->type, field->least, field->most, field->advice, field->lines, field->secret};
    mix_text(hash, field->name);
    mix(hash, numbers, sizeof numbers);
    mix_text(hash, field->preset);
    mix_text(hash, field->unit);
    for (const char *const *choice = field->choices; choice && *choice; choice++)
        mix_text(hash, *choice);
}

uint64_t schema_fingerprint(void)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < SCHEMA_TABLE_COUNT; i++) {
        const struct schema_table *table = &schema_tables[i];
        unsigned kind = table->kind;
        mix_text(&hash, table->name);
        mix(&hash, &kind, sizeof kind);
        for (unsigned f = 0; f < table->field_count; f++)
            mix_field(&hash, &table->fields[f]);
    }
    return hash;
}
