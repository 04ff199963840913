/* Who may relay and for whom mail is taken: rows of hostaccess and rcptaccess. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>

#include "daemon/role.h"
#include "daemon/smtp/access.h"

static struct settings settings;
static struct role_config config;
static struct listener listener = {.name = (char *)"In"};

const struct settings *role_settings(void)
{
    return &settings;
}

const struct role_config *role_config(void)
{
    return &config;
}

/* Puts a row as an administrator would type it, for this listener. */
static void put(struct config_table **table, const char *owner, const char *typed,
                enum rcptaccess_access access)
{
    const struct schema_table *schema = config_table_schema(*table);
    struct schema_value values[RCPTACCESS_FIELD_COUNT] = {{0}};
    struct error error;
    char key[512];
    snprintf(key, sizeof key, "%s/%s", owner, typed);
    values[0].text = span_text(key);
    values[1].number = access;
    if (!schema_value_check(&schema->fields[0], &values[0], &error))
        fail_msg("%s", error.text);
    config_table_put(table, schema_row_new(schema, values));
}

static void take(const char *typed)
{
    put(&listener.rcptaccess, "In", typed, RCPTACCESS_ACCEPT);
}

static void refuse(const char *typed)
{
    put(&listener.rcptaccess, "In", typed, RCPTACCESS_REJECT);
}

static void add_host(const char *typed)
{
    put(&listener.hostaccess, "In", typed, 0);
}

static int set_up(void **state)
{
    (void)state;
    settings_init(&settings);
    settings_set(&settings, "route", "maildir:x", NULL);
    listener.kind = LISTENERS_PUBLIC;
    listener.rcptaccess = config_table_new(&schema_tables[SCHEMA_RCPTACCESS]);
    listener.hostaccess = config_table_new(&schema_tables[SCHEMA_HOSTACCESS]);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    config_table_unref(listener.rcptaccess);
    config_table_unref(listener.hostaccess);
    settings_free(&settings);
    return 0;
}

static enum smtp_answer answer_to(const char *address, bool may_relay)
{
    struct smtp_mailbox mailbox;
    if (!smtp_mailbox_parse(span_text(address), &mailbox))
        fail_msg("'%s' is no address", address);
    return access_check_recipient(&listener, may_relay, &mailbox);
}

static void assert_taken(const char *address)
{
    if (answer_to(address, false) != SMTP_ANSWER_NONE)
        fail_msg("'%s' is refused", address);
}

static void assert_refused(const char *address)
{
    if (answer_to(address, false) != SMTP_ANSWER_RELAYING_DENIED)
        fail_msg("'%s' is taken", address);
}

/* --- recipients --- */

static void a_listener_without_rows_takes_mail_for_nobody_but_its_postmaster(void **state)
{
    (void)state;
    assert_refused("a@example.com");
    assert_taken("postmaster");
}

static void rows_of_another_listener_do_not_count(void **state)
{
    (void)state;
    put(&listener.rcptaccess, "I", "ALL", RCPTACCESS_ACCEPT);
    put(&listener.rcptaccess, "Inn", "example.com", RCPTACCESS_ACCEPT);
    put(&listener.rcptaccess, "in", "example.com", RCPTACCESS_ACCEPT);
    assert_refused("a@example.com");
}

static void the_nearest_row_decides(void **state)
{
    (void)state;
    refuse("ALL");
    take(".example");
    refuse(".b.example");
    take("a.b.example");
    refuse("user@");
    take("user@a.b.example");
    assert_taken("user@a.b.example");
    assert_refused("user@c.example");
    assert_taken("other@a.b.example");
    assert_refused("other@c.b.example");
    assert_refused("other@x.a.b.example"); /* a row without a dot is for that domain alone */
    assert_taken("other@d.example");
    assert_refused("other@example"); /* .example is for what is below it */
    assert_refused("other@badexample");
}

static void all_is_for_what_no_other_row_names(void **state)
{
    (void)state;
    take("all");
    refuse("example.com");
    assert_taken("a@anything.example");
    assert_refused("a@example.com");
}

static void case_does_not_count(void **state)
{
    (void)state;
    take("Example.COM");
    refuse("Bad@Example.com");
    assert_taken("a@eXAMPLE.com");
    assert_refused("bAD@example.COM");
}

static void quotes_do_not_hide_a_local_part(void **state)
{
    (void)state;
    take("example.com");
    refuse("bad@example.com");
    assert_taken("\"good\"@example.com");
    assert_refused("\"bad\"@example.com");
    assert_refused("\"b\\ad\"@example.com");
}

static void an_address_literal_is_one_however_it_is_written(void **state)
{
    (void)state;
    take("[192.0.2.1]");
    take("[IPv6:2001:db8::1]");
    assert_taken("a@[192.0.2.1]");
    assert_refused("a@[192.0.2.2]");
    assert_taken("a@[IPv6:2001:DB8:0:0::1]");
    assert_taken("a@[ipv6:2001:db8::0.0.0.1]");
    assert_refused("a@[IPv6:2001:db8::2]");
}

static void a_route_hidden_in_the_local_part_is_not_taken_with_the_domain(void **state)
{
    (void)state;
    take("example.com");
    take("known%user@example.com");
    assert_refused("x%example.net@example.com");
    assert_refused("example.net!x@example.com");
    assert_refused("\"x@example.net\"@example.com");
    assert_taken("known%user@example.com");
}

static void a_domain_of_any_length_is_looked_up(void **state)
{
    (void)state;
    char address[300] = "a@";
    take(".z");
    for (int i = 0; i < 126; i++)
        strncat(address, "b.", sizeof address - strlen(address) - 1);
    strncat(address, "z", sizeof address - strlen(address) - 1);
    assert_taken(address);
    address[strlen(address) - 1] = 'y';
    assert_refused(address);
}

static void a_hundred_thousand_rows_are_searched_not_walked(void **state)
{
    (void)state;
    char name[64];
    for (int i = 0; i < 100000; i++) {
        snprintf(name, sizeof name, "d%d.example", i);
        take(name);
    }
    for (int i = 0; i < 100000; i += 7) {
        snprintf(name, sizeof name, "user@d%d.example", i);
        assert_taken(name);
    }
    assert_refused("user@d100000.example");
}

static void a_private_listener_takes_only_what_is_relayed(void **state)
{
    (void)state;
    listener.kind = LISTENERS_PRIVATE;
    take("ALL");
    assert_refused("a@example.com");
    assert_refused("postmaster");
    assert_int_equal(answer_to("a@example.com", true), SMTP_ANSWER_NONE);
}

static void what_has_no_route_is_refused_to_everybody(void **state)
{
    (void)state;
    settings_set(&settings, "route", "", NULL);
    take("ALL");
    assert_int_equal(answer_to("a@example.com", false), SMTP_ANSWER_NO_ROUTE);
    assert_int_equal(answer_to("a@example.com", true), SMTP_ANSWER_NO_ROUTE);
}

/* --- hosts --- */

static struct access access_of(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return access_of_client(&listener, (struct sockaddr *)&v4);
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return access_of_client(&listener, (struct sockaddr *)&v6);
}

static void assert_matches(const char *client, const char *host)
{
    struct access got = access_of(client);
    if (got.may_relay != (host[0] != '\0') || (got.may_relay && !span_equal(got.match, span_text(host))))
        fail_msg("%s is in '%.*s', not in '%s'", client, (int)got.match.n, got.match.p, host);
}

static void hosts_are_found_by_their_longest_prefix(void **state)
{
    (void)state;
    add_host("192.0.2.1");
    add_host("192.0.2.128/25");
    add_host("192.0.0.0/16");
    add_host("2001:db8::/33");
    assert_matches("192.0.2.1", "192.0.2.1");
    assert_matches("192.0.2.129", "192.0.2.128/25");
    assert_matches("192.0.2.127", "192.0.0.0/16");
    assert_matches("192.1.2.1", "");
    assert_matches("::ffff:192.0.2.1", "192.0.2.1");
    assert_matches("2001:db8:7fff::1", "2001:db8::/33");
    assert_matches("2001:db8:8000::1", "");
}

static void no_bits_are_every_address_of_a_family(void **state)
{
    (void)state;
    add_host("::/0");
    assert_matches("2001:db8::1", "::/0");
    assert_matches("192.0.2.1", "");
    add_host("0.0.0.0/0");
    assert_matches("192.0.2.1", "0.0.0.0/0");
}

static void the_log_tells_what_a_client_is_taken_for(void **state)
{
    (void)state;
    add_host("192.0.2.1");
    put(&listener.hostaccess, "Inn", "192.0.2.2", 0);
    assert_string_equal(access_of("192.0.2.1").verdict, "RELAY");
    assert_string_equal(access_of("192.0.2.2").verdict, "ACCEPT");
    listener.kind = LISTENERS_PRIVATE;
    assert_string_equal(access_of("192.0.2.1").verdict, "RELAY");
    assert_string_equal(access_of("192.0.2.2").verdict, "REJECT");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_listener_without_rows_takes_mail_for_nobody_but_its_postmaster),
        TEST(rows_of_another_listener_do_not_count),
        TEST(the_nearest_row_decides),
        TEST(all_is_for_what_no_other_row_names),
        TEST(case_does_not_count),
        TEST(quotes_do_not_hide_a_local_part),
        TEST(an_address_literal_is_one_however_it_is_written),
        TEST(a_route_hidden_in_the_local_part_is_not_taken_with_the_domain),
        TEST(a_domain_of_any_length_is_looked_up),
        TEST(a_hundred_thousand_rows_are_searched_not_walked),
        TEST(a_private_listener_takes_only_what_is_relayed),
        TEST(what_has_no_route_is_refused_to_everybody),
        TEST(hosts_are_found_by_their_longest_prefix),
        TEST(no_bits_are_every_address_of_a_family),
        TEST(the_log_tells_what_a_client_is_taken_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
