/* Where a recipient's mail goes: rows of table smtproutes before the setting `route`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "daemon/route.h"

static struct config_table *routes;

static void add(const char *domain, const char *destination)
{
    struct schema_value values[SMTPROUTES_FIELD_COUNT] = {
        [SMTPROUTES_DOMAIN] = {.text = span_text(domain)},
        [SMTPROUTES_DESTINATION] = {.text = span_text(destination)}};
    config_table_put(&routes, schema_row_new(&schema_tables[SCHEMA_SMTPROUTES], values));
}

static int set_up(void **state)
{
    (void)state;
    routes = config_table_new(&schema_tables[SCHEMA_SMTPROUTES]);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    config_table_unref(routes);
    return 0;
}

static struct route find(const char *address)
{
    struct route route;
    bool found = route_find(routes, span_text(address), "[::1]:2525", &route);
    assert_int_equal(found, route.kind != ROUTE_NONE);
    return route;
}

static void assert_goes_to(const char *address, const char *host)
{
    struct route route = find(address);
    assert_int_equal(route.kind, ROUTE_SMTP);
    if (!span_equal(route.host, span_text(host)))
        fail_msg("%s goes to %.*s, not to %s", address, (int)route.host.n, route.host.p, host);
}

static void the_exact_domain_comes_before_its_parents_nearest_first(void **state)
{
    (void)state;
    add("a.b.example", "exact");
    add(".b.example", "near");
    add(".example", "far");
    add("ALL", "all");
    assert_goes_to("u@a.b.example", "exact");
    assert_goes_to("u@c.b.example", "near");
    assert_goes_to("u@d.c.b.example", "near");
    assert_goes_to("u@x.a.b.example", "near"); /* a row without a dot is for that domain alone */
    assert_goes_to("u@b.example", "far");      /* .b.example is for those below it */
    assert_goes_to("u@other.example", "far");
    assert_goes_to("u@example", "all");
    assert_goes_to("u@bexample", "all");
    assert_goes_to("postmaster", "all");
    assert_goes_to("u@all", "all");
}

static void without_a_row_the_setting_decides(void **state)
{
    (void)state;
    struct route route;
    add("a.example", "exact");
    assert_goes_to("u@b.example", "::1");
    assert_false(find("u@b.example").mx);
    assert_int_equal(find("u@b.example").port, 2525);
    assert_false(route_find(routes, SPAN("u@b.example"), "", &route));
    assert_int_equal(route.kind, ROUTE_NONE);
    assert_true(route_find(NULL, SPAN("u@a.example"), "maildir:box", &route));
    assert_int_equal(route.kind, ROUTE_MAILDIR);
}

/* HOST:PORT of the next hop, with "mx " before a domain whose MX records count. */
static const char *route_of_host(const char *host)
{
    static char text[300];
    struct route route;
    if (!route_find_host(routes, span_text(host), &route))
        return "nowhere";
    assert_int_equal(route.kind, ROUTE_SMTP);
    assert_false(route.own_domain);
    snprintf(text, sizeof text, "%s%.*s:%u", route.mx ? "mx " : "", (int)route.host.n, route.host.p,
             route.port);
    return text;
}

static void an_alternate_host_goes_by_the_row_of_its_own_name_alone(void **state)
{
    (void)state;
    add("ALL", "all");
    add(".example", "far");
    add("a.example", "[192.0.2.1]:2525");
    add("dns.example", "USEDNS");
    assert_string_equal(route_of_host("A.example"), "192.0.2.1:2525");
    assert_string_equal(route_of_host("[a.example]"), "192.0.2.1:2525");
    assert_string_equal(route_of_host("b.example"), "mx b.example:25");
    assert_string_equal(route_of_host("[b.example]"), "b.example:25");
    assert_string_equal(route_of_host("dns.example"), "mx dns.example:25");
    assert_string_equal(route_of_host("192.0.2.7"), "192.0.2.7:25");
    assert_string_equal(route_of_host("[2001:db8::1]"), "2001:db8::1:25");
    assert_string_equal(route_of_host("not a host"), "nowhere");
}

static void domains_have_no_case(void **state)
{
    (void)state;
    add("Mixed.Example", "one");
    add(".Other.EXAMPLE", "two");
    assert_goes_to("u@MIXED.example", "one");
    assert_goes_to("u@sub.oTher.example", "two");
}

static void the_last_at_sign_begins_the_domain(void **state)
{
    (void)state;
    add("a.example", "one");
    add("b.example", "two");
    assert_goes_to("\"u@b.example\"@a.example", "one");
}

static void a_name_has_mx_records_but_a_bracketed_one_and_an_address_have_not(void **state)
{
    (void)state;
    add("name.example", "mail.example");
    add("port.example", "mail.example:2526");
    add("direct.example", "[mail.example]");
    add("literal.example", "192.0.2.7");
    assert_true(find("u@name.example").mx && find("u@name.example").port == 25);
    assert_true(find("u@port.example").mx && find("u@port.example").port == 2526);
    assert_false(find("u@direct.example").mx);
    assert_goes_to("u@direct.example", "mail.example");
    assert_false(find("u@literal.example").mx);
    assert_goes_to("u@literal.example", "192.0.2.7");
}

static void usedns_asks_for_the_recipients_own_domain(void **state)
{
    (void)state;
    add("ALL", "USEDNS");
    assert_goes_to("u@Somewhere.example", "Somewhere.example");
    assert_true(find("u@somewhere.example").mx);
    assert_goes_to("u@[192.0.2.1]", "192.0.2.1");
    assert_goes_to("u@[IPv6:2001:db8::1]", "2001:db8::1");
    assert_false(find("u@[192.0.2.1]").mx);
    assert_int_equal(find("postmaster").kind, ROUTE_NONE);
}

static void a_name_longer_than_any_row_falls_to_all(void **state)
{
    (void)state;
    static char address[2000];
    memset(address, '.', sizeof address - 1);
    address[0] = '@';
    add(".example", "far");
    assert_goes_to(address, "::1");
    add("ALL", "all");
    assert_goes_to(address, "all");
}

static void recipients_share_a_job_when_all_of_their_route_is_equal(void **state)
{
    (void)state;
    add("a.example", "mail.example");
    add("b.example", "MAIL.example:25");
    add("c.example", "[mail.example]");
    add("d.example", "mail.example:26");
    struct route a = find("u@a.example"), b = find("u@b.example"), c = find("u@c.example"),
                 d = find("u@d.example");
    assert_true(route_equal(&a, &b));
    assert_int_equal(route_hash(&a), route_hash(&b));
    assert_false(route_equal(&a, &c));
    assert_false(route_equal(&a, &d));
    struct route encrypted = a;
    encrypted.tls = SCHEMA_ROUTE_TLS_DEFAULT + 1 + SCHEMA_TLS_REQUIRED;
    assert_false(route_equal(&a, &encrypted));
    assert_int_not_equal(route_hash(&a), route_hash(&encrypted));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_exact_domain_comes_before_its_parents_nearest_first),
        TEST(without_a_row_the_setting_decides),
        TEST(an_alternate_host_goes_by_the_row_of_its_own_name_alone),
        TEST(domains_have_no_case),
        TEST(the_last_at_sign_begins_the_domain),
        TEST(a_name_has_mx_records_but_a_bracketed_one_and_an_address_have_not),
        TEST(usedns_asks_for_the_recipients_own_domain),
        TEST(a_name_longer_than_any_row_falls_to_all),
        TEST(recipients_share_a_job_when_all_of_their_route_is_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
