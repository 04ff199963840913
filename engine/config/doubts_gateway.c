/* Doubts about all but scanning: relays, listeners, alerts, logs, users. */
#include "engine/base/text.h"
#include "engine/config/doubts.h"

/* ---- relays and listeners ---- */

/* Nobody has as many relays as a network of fewer bits has addresses. */
static bool is_half_the_world(const struct schema_row *before, const struct schema_row *relay,
                              doubt_tables in_force)
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
                             doubt_tables in_force)
{
    (void)before;
    return has_none(listener, LISTENERS_PUBLIC, in_force[SCHEMA_RCPTACCESS]);
}

static bool takes_from_nobody(const struct schema_row *before, const struct schema_row *listener,
                              doubt_tables in_force)
{
    (void)before;
    return has_none(listener, LISTENERS_PRIVATE, in_force[SCHEMA_HOSTACCESS]);
}

static bool is_shown_by_none(const struct schema_row *before, const struct schema_row *certificate,
                             doubt_tables in_force)
{
    (void)before, (void)in_force;
    return !span_equal(schema_row_key(certificate), SPAN("DEFAULT"));
}

/* ---- alerts, logs, users ---- */

static bool is_sent_to_nobody(const struct schema_row *before, const struct schema_row *settings,
                              doubt_tables in_force)
{
    (void)before, (void)settings;
    return config_table_count(in_force[SCHEMA_ALERTS]) == 0;
}

static bool never_waits(const struct schema_row *before, const struct schema_row *settings,
                        doubt_tables in_force)
{
    (void)in_force;
    return schema_row_number(settings, ALERT_SETTINGS_REPEAT) == 0 &&
           schema_row_differs(before, settings, ALERT_SETTINGS_REPEAT_MOST, ALERT_SETTINGS_REPEAT_MOST);
}

static bool is_error_log_of_more(const struct schema_row *before, const struct schema_row *log,
                                 doubt_tables in_force)
{
    (void)before, (void)in_force;
    return schema_row_number(log, LOGS_TYPE) == LOGS_ERROR &&
           schema_row_number(log, LOGS_LEVEL) > LOGS_WARNING;
}

static bool is_root(const struct schema_row *before, const struct schema_row *user, doubt_tables in_force)
{
    (void)before, (void)in_force;
    return span_equal(schema_row_key(user), SPAN("root"));
}

const struct config_doubt config_doubts_gateway[] = {
    {DOUBT_OF(INCOMING_RELAYS), 0, is_half_the_world,
     "so many machines are no relays of yours: every sender's header is believed"},
    {DOUBT_OF(LISTENERS), DOUBT_OF(RCPTACCESS), takes_for_nobody,
     "it is public and has no recipients: it takes mail only from hosts that may relay"},
    {DOUBT_OF(LISTENERS), DOUBT_OF(HOSTACCESS), takes_from_nobody,
     "it is private and has no hosts: it takes mail from nobody"},
    {DOUBT_OF(CERTIFICATES), 0, is_shown_by_none, "listeners show the certificate DEFAULT and no other"},
    {DOUBT_OF(ALERT_SETTINGS), DOUBT_OF(ALERTS), is_sent_to_nobody,
     "no alert is sent: there is no alert recipient"},
    {DOUBT_OF(ALERT_SETTINGS), 0, never_waits, "repeat-most has no effect while repeat is 0"},
    {DOUBT_OF(LOGS), 0, is_error_log_of_more,
     "an error log takes critical lines and warnings, whatever its level"},
    {DOUBT_OF(USERS), 0, is_root, "root is an administrator, whatever its row says"},
    {0},
};
