/* The schema: what a value may be and how a wrong one is answered, rows, their wire and JSON forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/nearest.h"
#include "engine/schema/schema.h"

static const struct schema_table *const antispam = &schema_tables[SCHEMA_ANTISPAM];
static const struct schema_table *const policies = &schema_tables[SCHEMA_INCOMING_POLICY];
static const struct schema_table *const routes = &schema_tables[SCHEMA_SMTPROUTES];

static const struct schema_field *field_named(const struct schema_table *table, const char *name)
{
    int index = schema_field_find(table, name);
    assert_int_not_equal(index, -1);
    return &table->fields[index];
}

static void assert_refused(const struct schema_table *table, const char *name, const char *text,
                           const char *why)
{
    struct schema_value value;
    struct error error = {""};
    assert_false(schema_value_parse(field_named(table, name), span_text(text), &value, &error));
    assert_string_equal(error.text, why);
}

static int64_t parsed(const struct schema_table *table, const char *name, const char *text)
{
    struct schema_value value;
    struct error error;
    assert_true(schema_value_parse(field_named(table, name), span_text(text), &value, &error));
    return value.number;
}

static bool is_taken(const struct schema_table *table, const char *name, const char *text)
{
    struct schema_value value;
    struct error error;
    return schema_value_parse(field_named(table, name), span_text(text), &value, &error);
}

static void assert_text(struct buf *b, const char *expected)
{
    assert_string_equal(buf_text(b), expected);
    buf_free(b);
}

/* A row of these texts, in the order of the fields; NULL leaves the default. */
static struct schema_row *row_of(const struct schema_table *table, const char *const *texts)
{
    struct schema_row *preset = schema_row_preset(table, SPAN("x"));
    struct schema_value *values = calloc(table->field_count, sizeof *values);
    struct error error;
    for (unsigned i = 0; i < table->field_count; i++) {
        values[i] = preset->values[i];
        if (texts[i])
            assert_true(schema_value_parse(&table->fields[i], span_text(texts[i]), &values[i], &error));
    }
    struct schema_row *row = schema_row_new(table, values);
    free(values);
    schema_row_unref(preset);
    return row;
}

static void an_alternate_host_is_a_host_without_a_port(void **state)
{
    (void)state;
    static const char *const good[] = {
        "", "mx.example", "[mx.example]", "192.0.2.1", "[192.0.2.1]", "[2001:db8::1]", "spam-1.example"};
    static const char *const bad[] = {"mx.example:25",
                                      "192.0.2.1:25",
                                      "[mx.example]:25",
                                      "2001:db8::1",
                                      "192.0.2",
                                      "[",
                                      "[]",
                                      "mx example",
                                      "usedns",
                                      "-"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(is_taken(policies, "positive-host", good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(is_taken(policies, "suspect-host", bad[i]));
    assert_refused(
        policies, "positive-host", "mx.example:25",
        "positive-host: 'mx.example:25' is not HOST, [HOST], an IPv4 address or [IPv6], without a port "
        "(a row of smtproutes has one)");
}

static void an_alternate_recipient_is_one_address(void **state)
{
    (void)state;
    static const char *const good[] = {"", "abuse@example.org", "\"a b\"@example.org", "x@[192.0.2.1]"};
    static const char *const bad[] = {"abuse",
                                      "postmaster",
                                      "<abuse@example.org>",
                                      "a@b@c",
                                      "a@example.org b@example.org",
                                      "a\r\nb@example.org"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(is_taken(policies, "positive-recipient", good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(is_taken(policies, "suspect-recipient", bad[i]));
}

static void wrong_values_are_named_with_what_would_be_right(void **state)
{
    (void)state;
    assert_refused(antispam, "timeout", "999", "timeout: '999' is not a whole number from 1 to 120 seconds");
    assert_refused(antispam, "timeout", "-1", "timeout: '-1' is not a whole number from 1 to 120 seconds");
    assert_refused(antispam, "timeout", "18446744073709551617",
                   "timeout: '18446744073709551617' is not a whole number from 1 to 120 seconds");
    assert_refused(policies, "positive-threshold", "100",
                   "positive-threshold: '100' is not a whole number from 50 to 99");
    assert_refused(antispam, "always-scan-size", "3X",
                   "always-scan-size: '3X' is not a number plus K, M, G or nothing, from 1K to 1G");
    assert_refused(antispam, "profile", "agressive",
                   "profile: 'agressive' is not normal or aggressive; did you mean 'aggressive'?");
    assert_refused(antispam, "profile", "cucumber", "profile: 'cucumber' is not normal or aggressive");
    assert_refused(
        policies, "positive-action", "dorp",
        "positive-action: 'dorp' is not deliver, drop, bounce or quarantine; did you mean 'drop'?");
    assert_refused(policies, "name", "a b", "name: 'a b' is not a name of letters, digits, '_', '.' and '-'");
    assert_refused(policies, "name", "", "name: '' is not a text of 1 to 64 bytes");
}

static void texts_that_could_harm_a_terminal_are_refused_and_shown_escaped(void **state)
{
    (void)state;
    assert_refused(policies, "positive-header", "X-A: \033[2J",
                   "positive-header: 'X-A: \\x1b[2J' is not printable UTF-8 without control characters");
    assert_refused(policies, "positive-header", "X-A: a\nBcc: b",
                   "positive-header: 'X-A: a\\x0aBcc: b' is not printable UTF-8 without control characters");
    assert_false(is_taken(policies, "name", "a\xff"));
    assert_false(is_taken(policies, "positive-subject", "prepend:\xc2\x85"));
}

static void sizes_take_units_and_print_the_largest_that_fits(void **state)
{
    (void)state;
    assert_int_equal(parsed(antispam, "always-scan-size", "1024"), 1024);
    assert_int_equal(parsed(antispam, "always-scan-size", "512k"), 512 * 1024);
    assert_int_equal(parsed(antispam, "always-scan-size", "1G"), 1024 * 1024 * 1024);
    assert_false(is_taken(antispam, "always-scan-size", "1023"));
    assert_false(is_taken(antispam, "always-scan-size", "2G"));
    assert_false(is_taken(antispam, "always-scan-size", "99999999999999999G"));
    assert_false(is_taken(antispam, "always-scan-size", "K"));
    assert_false(is_taken(antispam, "always-scan-size", ""));
    const struct schema_field *field = field_named(antispam, "always-scan-size");
    const struct {
        int64_t bytes;
        const char *text;
    } forms[] = {{1024, "1K"}, {1536, "1536"}, {3 << 20, "3M"}, {1 << 30, "1G"}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct buf out = {0};
        schema_value_print(field, &(struct schema_value){.number = forms[i].bytes}, &out);
        assert_text(&out, forms[i].text);
    }
}

static void a_size_above_the_advice_is_warned_about_and_taken(void **state)
{
    (void)state;
    struct buf out = {0};
    const struct schema_field *field = field_named(antispam, "always-scan-size");
    struct schema_value value = {.number = parsed(antispam, "always-scan-size", "3M")};
    assert_false(schema_value_warning(field, &value, &out));
    value.number = parsed(antispam, "always-scan-size", "4M");
    assert_true(schema_value_warning(field, &value, &out));
    assert_text(&out, "always-scan-size: 4M is above the advised 3M");
}

static void hosts_that_differ_in_case_alone_are_the_same(void **state)
{
    (void)state;
    const struct schema_field *host = &routes->fields[SMTPROUTES_DESTINATION], *domain = &routes->fields[0];
    struct schema_value upper = {.text = SPAN("USEDNS")}, lower = {.text = SPAN("usedns")};
    assert_true(schema_value_equal(host, &upper, &lower));
    assert_false(schema_value_equal(domain, &upper, &lower));
}

static void flags_and_choices_are_words_in_any_case(void **state)
{
    (void)state;
    assert_int_equal(parsed(antispam, "enabled", "ON"), 1);
    assert_int_equal(parsed(antispam, "profile", "Aggressive"), 1);
    assert_int_equal(parsed(policies, "positive-action", "quarantine"), SCHEMA_QUARANTINE);
    assert_int_equal(parsed(policies, "positive-action", "deliver"), SCHEMA_DELIVER);
    assert_false(is_taken(antispam, "enabled", "o"));
}

static void usage_and_description_come_from_the_field(void **state)
{
    (void)state;
    struct buf out = {0};
    schema_field_usage(field_named(antispam, "timeout"), &out);
    assert_text(&out, "1..120");
    schema_field_usage(field_named(antispam, "enabled"), &out);
    assert_text(&out, "off|on");
    schema_field_usage(field_named(antispam, "never-scan-size"), &out);
    assert_text(&out, "SIZE");
    schema_field_describe(field_named(policies, "unscannable"), &out);
    assert_text(&out, "deliver, drop, bounce or quarantine");
}

static void every_default_is_a_value_that_its_field_takes(void **state)
{
    (void)state;
    for (size_t t = 0; t < SCHEMA_TABLE_COUNT; t++) {
        const struct schema_table *table = &schema_tables[t];
        for (unsigned i = 0; i < table->field_count; i++) {
            const struct schema_field *field = &table->fields[i];
            bool must_be_given = field->preset[0] == '\0' && field->least > 0;
            assert_true(must_be_given || is_taken(table, field->name, field->preset));
        }
        for (const char *const *key = table->preset_keys; *key; key++) {
            struct schema_row *row = schema_row_preset(table, span_text(*key));
            struct error error;
            assert_true(!table->check_row || table->check_row(row, &error));
            schema_row_unref(row);
        }
    }
}

static void subjects_and_headers_have_their_forms(void **state)
{
    (void)state;
    static const char *const good_subjects[] = {"none", "prepend:[SPAM] ", "append: (spam)"};
    static const char *const bad_subjects[] = {"", "prepend:", "spam", "prepend:\xc3\xa9", "None of it"};
    static const char *const good_headers[] = {"", "X-Spam: yes", "X-Spam:yes"};
    static const char *const bad_headers[] = {"X-Spam", ": yes", "X Spam: yes",
                                              "X-Spam: ", "X-Spam: \xc3\xa9"};
    for (size_t i = 0; i < 3; i++)
        assert_true(is_taken(policies, "positive-subject", good_subjects[i]));
    for (size_t i = 0; i < 5; i++)
        assert_false(is_taken(policies, "positive-subject", bad_subjects[i]));
    for (size_t i = 0; i < 3; i++)
        assert_true(is_taken(policies, "suspect-header", good_headers[i]));
    for (size_t i = 0; i < 5; i++)
        assert_false(is_taken(policies, "suspect-header", bad_headers[i]));
}

static void addresses_of_generated_mail_have_their_forms(void **state)
{
    (void)state;
    const struct schema_table *addresses = &schema_tables[SCHEMA_ADDRESSES];
    const struct schema_table *alerts = &schema_tables[SCHEMA_ALERTS];
    static const char *const good[] = {"a@example.com", "a@$hostname", "Our Post <a@example.com>",
                                       "\"Post, Our\" <a@$hostname>"};
    static const char *const bad[] = {"post",
                                      "Post, Our <a@example.com>",
                                      "Post <a@example.com> x",
                                      "<a@b.example",
                                      "P <a@b.example\r\nBcc: c@d>",
                                      "\"a\"b\" <a@b.example>",
                                      "\xc3\xa9 <a@b.example>",
                                      "a@$hostname.x",
                                      "A <>"};
    for (size_t i = 0; i < 4; i++)
        assert_true(is_taken(addresses, "bounces", good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(is_taken(addresses, "bounces", bad[i]));
    struct buf from = {0};
    schema_from_put(&from, span_text(good[3]), SPAN("mx.example.com"));
    assert_text(&from, "\"Post, Our\" <a@mx.example.com>");
    assert_true(is_taken(alerts, "classes", "all") && is_taken(alerts, "classes", "System, hardware"));
    assert_false(is_taken(alerts, "classes", "system,") || is_taken(alerts, "classes", "weather"));
    assert_true(is_taken(alerts, "recipient", "ops+mail@example.com"));
    assert_false(is_taken(alerts, "recipient", "postmaster"));
    assert_false(is_taken(alerts, "recipient", "\"a, b\"@example.com"));
}

static void the_name_of_the_gateway_is_a_host_name_or_not_set(void **state)
{
    (void)state;
    const struct schema_table *gateway = &schema_tables[SCHEMA_GATEWAY];
    static const char *const good[] = {"mx.example.com", "mx", "MX-1.example", "xn--bcher-kva.example", ""};
    static const char *const bad[] = {"mx.example.com.",
                                      ".example.com",
                                      "mx..example",
                                      "mx example",
                                      "-mx",
                                      "b\xc3\xbc"
                                      "cher.example",
                                      "192.0.2.1",
                                      "[192.0.2.1]",
                                      "42",
                                      "mx:25",
                                      "mx\r\n"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(is_taken(gateway, "hostname", good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(is_taken(gateway, "hostname", bad[i]));
}

static void route_domains_are_names_or_dotted_or_all(void **state)
{
    (void)state;
    static const char *const good[] = {"example.com", ".example.com", "ALL", "all", "localhost"};
    static const char *const bad[] = {
        "",           ".", "..example.com", "exam ple.com", "example.com.", "[192.0.2.1]", "192.0.2.1",
        "-a.example", "*"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(is_taken(routes, "domain", good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(is_taken(routes, "domain", bad[i]));
}

static void a_syslog_is_none_local_or_an_address_and_port(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int kind;
        const char *address;
        uint16_t port;
    } good[] = {{"none", SYSLOG_NONE, "", 514},
                {"Local", SYSLOG_LOCAL, "", 514},
                {"192.0.2.1", SYSLOG_UDP, "192.0.2.1", 514},
                {"192.0.2.1:5140", SYSLOG_UDP, "192.0.2.1", 5140},
                {"2001:db8::1", SYSLOG_UDP, "2001:db8::1", 514},
                {"[2001:db8::1]", SYSLOG_UDP, "2001:db8::1", 514},
                {"[2001:db8::1]:65535", SYSLOG_UDP, "2001:db8::1", 65535}};
    static const char *const bad[] = {
        "",           "nine",        "example.com",   "[example.com]:514", "192.0.2.1:0",
        "192.0.2.1:", "192.0.2.1:x", "192.0.2.1 514", "[2001:db8::1",      "/dev/log"};
    struct schema_syslog s;
    struct error error;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(schema_syslog_parse(span_text(good[i].text), &s, &error));
        assert_int_equal(s.kind, good[i].kind);
        assert_true(span_equal(s.address, span_text(good[i].address)));
        assert_int_equal(s.port, good[i].port);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(schema_syslog_parse(span_text(bad[i]), &s, &error));
}

static void an_update_server_is_a_folder_behind_https_at_a_host_as_dns_has_it(void **state)
{
    (void)state;
    static const char *const good[] = {"", "https://updates.example.com",
                                       "HTTPS://xn--bcher-kva.example:8443/mailward/",
                                       "https://[2001:db8::1]:8443/"};
    static const char *const bad[] = {"https://b\xc3\xbc"
                                      "cher.example/", /* with its own letters, */
                                      "https://xn--bcher-kva.example/b\xc3\xbc"
                                      "cher/", /* also in the folder */
                                      "http://updates.example.com/",
                                      "https://",
                                      "https:///mailward",
                                      "https://updates.example.com:65536/",
                                      "https://[updates.example.com]/",
                                      "updates.example.com",
                                      "https://me@updates.example.com/",
                                      "https://a.example/?x",
                                      "https://a.example/#x",
                                      "https://a b.example/",
                                      "https://updates_1.example.com/"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(is_taken(&schema_tables[SCHEMA_UPDATES], "server", good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(is_taken(&schema_tables[SCHEMA_UPDATES], "server", bad[i]));
    assert_refused(&schema_tables[SCHEMA_UPDATES], "server", bad[0],
                   "server: 'https://b\xc3\xbc"
                   "cher.example/' is not https://HOST[:PORT]/FOLDER, or nothing; letters beyond ASCII in "
                   "HOST as DNS has them (xn--...), a PORT from 1 to 65535");
}

static void a_log_is_named_as_a_folder_may_be(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "mail_logs", "x-1", "all_logs"};
    static const char *const bad[] = {"",  "all", "A",   "1a",  "_a",  "-a",
                                      ".", "..",  "a.b", "a/b", "a b", "a\xc3\xa4"};
    struct error error;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(schema_check_log_name(span_text(good[i]), &error));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(schema_check_log_name(span_text(bad[i]), &error));
}

static void a_row_may_have_defaults_of_its_own(void **state)
{
    (void)state;
    const struct schema_table *table = &schema_tables[SCHEMA_LOGS];
    struct schema_row *errors = schema_row_preset(table, SPAN("error_logs"));
    struct schema_row *other = schema_row_preset(table, SPAN("other"));
    assert_int_equal(schema_row_number(errors, LOGS_TYPE), LOGS_ERROR);
    assert_int_equal(schema_row_number(errors, LOGS_LEVEL), 0);
    assert_int_equal(schema_row_number(errors, LOGS_FILES), 10);
    assert_int_equal(schema_row_number(other, LOGS_TYPE), LOGS_MAIL);
    assert_int_equal(schema_row_number(other, LOGS_LEVEL), 2);
    schema_row_unref(errors);
    schema_row_unref(other);
}

static void destinations_lead_to_host_address_or_dns(void **state)
{
    (void)state;
    const struct {
        const char *text, *host;
        bool direct, use_dns;
        uint16_t port;
    } good[] = {
        {"mx.example.com", "mx.example.com", false, false, 25},
        {"mx.example.com:2525", "mx.example.com", false, false, 2525},
        {"[mx.example.com]", "mx.example.com", true, false, 25},
        {"[mx.example.com]:26", "mx.example.com", true, false, 26},
        {"[2001:db8::1]:587", "2001:db8::1", true, false, 587},
        {"[192.0.2.1]", "192.0.2.1", true, false, 25},
        {"192.0.2.1:65535", "192.0.2.1", true, false, 65535},
        {"usedns", "", false, true, 25},
    };
    static const char *const bad[] = {"",        "a b",         "host:",   "host:0",     "host:65536",
                                      "host:1x", "2001:db8::1", "[",       "[]",         "[host",
                                      "[host]x", "999.0.2.1",   "[1.2.3]", "host:25:25", ":25"};
    struct schema_destination d;
    struct error error;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(schema_destination_parse(span_text(good[i].text), &d, &error));
        assert_true(span_equal(d.host, span_text(good[i].host)));
        assert_int_equal(d.direct, good[i].direct);
        assert_int_equal(d.use_dns, good[i].use_dns);
        assert_int_equal(d.port, good[i].port);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(schema_destination_parse(span_text(bad[i]), &d, &error));
    assert_refused(routes, "destination", "host:0",
                   "destination: 'host:0' is not HOST[:PORT], [HOST][:PORT], an address or USEDNS; "
                   "a PORT is from 1 to 65535");
}

static void fields_of_a_row_that_do_not_fit_are_both_named(void **state)
{
    (void)state;
    struct error error = {""};
    const char *policy[POLICY_FIELD_COUNT] = {[POLICY_SUSPECT_THRESHOLD] = "95"};
    struct schema_row *row = row_of(policies, policy);
    assert_false(policies->check_row(row, &error));
    assert_string_equal(error.text,
                        "suspect-threshold: 95 is above positive-threshold, which is 90; give at most 90");
    schema_row_unref(row);
    const char *sizes[ANTISPAM_FIELD_COUNT] = {[ANTISPAM_ALWAYS_SCAN_SIZE] = "3M"};
    row = row_of(antispam, sizes);
    assert_false(antispam->check_row(row, &error));
    assert_string_equal(error.text,
                        "always-scan-size: 3M is above never-scan-size, which is 2M; give at most 2M");
    schema_row_unref(row);
}

static void keys_are_stored_in_one_form(void **state)
{
    (void)state;
    const struct {
        const struct schema_table *table;
        const char *typed, *stored;
    } keys[] = {
        {routes, "Example.COM", "example.com"}, {routes, "All", "ALL"},   {policies, "Sales", "Sales"},
        {policies, "default", "DEFAULT"},       {policies, "all", "all"}, {routes, "default", "default"}};
    struct arena *arena = arena_new();
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct span stored = span_text(keys[i].stored);
        struct schema_row *row = schema_row_preset(keys[i].table, span_text(keys[i].typed));
        assert_true(span_equal(schema_row_key(row), stored));
        assert_true(span_equal(schema_key_fold(keys[i].table, span_text(keys[i].typed), arena), stored));
        schema_row_unref(row);
    }
    struct schema_row *row = schema_row_preset(antispam, SPAN(""));
    assert_int_equal(schema_row_key(row).n, 0);
    schema_row_unref(row);
    arena_free(arena);
}

static void rows_arrive_as_they_were_sent(void **state)
{
    (void)state;
    const char *texts[POLICY_FIELD_COUNT] = {"Sales", "on", NULL, "80", "drop", NULL, "X-Spam: \"\\\" yes"};
    struct schema_row *row = row_of(policies, texts);
    struct buf wire = {0};
    schema_row_put(&wire, row);
    struct wire_reader in = wire_reader_of(buf_span(&wire));
    struct schema_row *copy = schema_row_get(&in, policies);
    assert_true(wire_reader_done(&in));
    assert_true(schema_row_equal(row, copy));
    schema_row_unref(copy);
    for (size_t cut = 0; cut < wire.len; cut++) {
        in = wire_reader_of((struct span){wire.data, cut});
        assert_null(schema_row_get(&in, policies));
        assert_true(in.failed);
    }
    schema_row_unref(row);
    buf_free(&wire);
}

static void a_forged_row_is_refused(void **state)
{
    (void)state;
    struct schema_row *row = schema_row_preset(antispam, SPAN(""));
    const struct {
        unsigned field;
        int64_t number;
    } forged[] = {{ANTISPAM_ENABLED, 2},
                  {ANTISPAM_PROFILE, -1},
                  {ANTISPAM_PROFILE, INT64_MAX},
                  {ANTISPAM_TIMEOUT, 121},
                  {ANTISPAM_ALWAYS_SCAN_SIZE, 4 << 20}};
    for (size_t i = 0; i < sizeof forged / sizeof forged[0]; i++) {
        struct buf wire = {0};
        int64_t right = row->values[forged[i].field].number;
        row->values[forged[i].field].number = forged[i].number;
        schema_row_put(&wire, row);
        row->values[forged[i].field].number = right;
        struct wire_reader in = wire_reader_of(buf_span(&wire));
        assert_null(schema_row_get(&in, antispam));
        buf_free(&wire);
    }
    schema_row_unref(row);
}

static void canonical_json_is_sorted_compact_and_complete(void **state)
{
    (void)state;
    struct buf out = {0};
    struct schema_row *row = schema_row_preset(antispam, SPAN(""));
    schema_row_put_json(&out, row);
    schema_row_unref(row);
    assert_text(&out, "{\"always-scan-size\":1048576,\"enabled\":false,\"licence-accepted\":false,"
                      "\"never-scan-size\":2097152,\"profile\":\"normal\",\"timeout\":60}");
    const char *texts[POLICY_FIELD_COUNT] = {[POLICY_POSITIVE_HEADER] = "X: a\"b\\c"};
    row = row_of(policies, texts);
    schema_row_put_json(&out, row);
    schema_row_unref(row);
    assert_non_null(strstr(buf_text(&out), "\"positive-header\":\"X: a\\\"b\\\\c\","));
    buf_free(&out);
}

static void tables_and_fields_are_found_by_name(void **state)
{
    (void)state;
    assert_ptr_equal(schema_table_find("smtproutes"), routes);
    assert_null(schema_table_find("smtproute"));
    assert_int_equal(schema_field_find(antispam, "timeout"), ANTISPAM_TIMEOUT);
    assert_int_equal(schema_field_find(antispam, "time"), -1);
    assert_true(schema_fingerprint() != 0 && schema_fingerprint() == schema_fingerprint());
}

static void only_words_that_are_near_are_offered(void **state)
{
    (void)state;
    static const char *const words[] = {"commit", "commitdetail", "clear", NULL};
    assert_string_equal(nearest_word(SPAN("comit"), words), "commit");
    assert_string_equal(nearest_word(SPAN("CMOMIT"), words), "commit");
    assert_string_equal(nearest_word(SPAN("commitdetial"), words), "commitdetail");
    assert_null(nearest_word(SPAN("x"), words));
    assert_null(nearest_word(SPAN(""), words));
    assert_int_equal(nearest_distance(SPAN("commmit"), SPAN("commit")), 1);
    char long_word[4096];
    memset(long_word, 'a', sizeof long_word);
    assert_null(nearest_word(span_of(long_word, sizeof long_word), words));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alternate_host_is_a_host_without_a_port),
        cmocka_unit_test(an_alternate_recipient_is_one_address),
        cmocka_unit_test(wrong_values_are_named_with_what_would_be_right),
        cmocka_unit_test(texts_that_could_harm_a_terminal_are_refused_and_shown_escaped),
        cmocka_unit_test(sizes_take_units_and_print_the_largest_that_fits),
        cmocka_unit_test(a_size_above_the_advice_is_warned_about_and_taken),
        cmocka_unit_test(hosts_that_differ_in_case_alone_are_the_same),
        cmocka_unit_test(flags_and_choices_are_words_in_any_case),
        cmocka_unit_test(usage_and_description_come_from_the_field),
        cmocka_unit_test(every_default_is_a_value_that_its_field_takes),
        cmocka_unit_test(subjects_and_headers_have_their_forms),
        cmocka_unit_test(addresses_of_generated_mail_have_their_forms),
        cmocka_unit_test(the_name_of_the_gateway_is_a_host_name_or_not_set),
        cmocka_unit_test(route_domains_are_names_or_dotted_or_all),
        cmocka_unit_test(destinations_lead_to_host_address_or_dns),
        cmocka_unit_test(a_syslog_is_none_local_or_an_address_and_port),
        cmocka_unit_test(an_update_server_is_a_folder_behind_https_at_a_host_as_dns_has_it),
        cmocka_unit_test(a_log_is_named_as_a_folder_may_be),
        cmocka_unit_test(a_row_may_have_defaults_of_its_own),
        cmocka_unit_test(fields_of_a_row_that_do_not_fit_are_both_named),
        cmocka_unit_test(keys_are_stored_in_one_form),
        cmocka_unit_test(rows_arrive_as_they_were_sent),
        cmocka_unit_test(a_forged_row_is_refused),
        cmocka_unit_test(canonical_json_is_sorted_compact_and_complete),
        cmocka_unit_test(tables_and_fields_are_found_by_name),
        cmocka_unit_test(only_words_that_are_near_are_offered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
