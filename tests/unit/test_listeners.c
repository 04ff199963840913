/* The tables of listeners: what may be in them, rows that belong to others, and what refuses a configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/config_fixture.h"

static const struct schema_table *const listeners = &schema_tables[SCHEMA_LISTENERS];
static const struct schema_table *const recipients = &schema_tables[SCHEMA_RCPTACCESS];
static const struct schema_table *const hosts = &schema_tables[SCHEMA_HOSTACCESS];

static bool is_taken(const struct schema_table *table, unsigned field, const char *text)
{
    struct schema_value value;
    struct error error;
    return schema_value_parse(&table->fields[field], span_text(text), &value, &error);
}

static void assert_all(const struct schema_table *table, unsigned field, const char *const *texts, bool taken)
{
    for (; *texts; texts++)
        if (is_taken(table, field, *texts) != taken)
            fail_msg("'%s' is %s", *texts, taken ? "refused" : "taken");
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void one_address_is_one_text(void **state)
{
    (void)state;
    assert_all(listeners, LISTENERS_ADDRESS, WORDS("0.0.0.0", "192.0.2.1", "::", "::1", "2001:db8::1"), true);
    assert_all(listeners, LISTENERS_ADDRESS,
               WORDS("localhost", "192.0.2", "192.0.2.1:25", "[::1]", "0:0::1", "2001:DB8::1", "::1%lo"),
               false);
}

static void recipients_are_users_domains_and_all(void **state)
{
    (void)state;
    assert_all(recipients, RCPTACCESS_RECIPIENT,
               WORDS("In/a@example.com", "In/a@", "In/example.com", "In/.example.com", "In/all",
                     "In/[192.0.2.1]", "In/a@[IPv6:2001:db8::1]", "I.n-1_/a%b@example.com"),
               true);
    assert_all(recipients, RCPTACCESS_RECIPIENT,
               WORDS("example.com", "/example.com", "In/", "I n/example.com", "In/@example.com",
                     "In/.a@example.com", "In/\"a\"@example.com", "In/a@.example.com", "In/192.0.2.1",
                     "In/[192.0.2]", "In/[IPv6:0::1]", "In/a@b@c.d", "In/Other/example.com", "In/.", "In/@"),
               false);
}

static void hosts_are_addresses_and_networks_without_host_bits(void **state)
{
    (void)state;
    assert_all(hosts, HOSTACCESS_HOST,
               WORDS("In/192.0.2.1", "In/192.0.2.128/25", "In/0.0.0.0/0", "In/::/0", "In/2001:db8::/33"),
               true);
    assert_all(hosts, HOSTACCESS_HOST,
               WORDS("192.0.2.1", "In/192.0.2.1/24", "In/192.0.2.0/33", "In/192.0.2.1/32", "In/192.0.2.0/",
                     "In/192.0.2.0/024", "In/192.0.2.0/+8", "In/::ffff:192.0.2.1", "In/2001:db8::/32/1",
                     "In/2001:db8:8000::/32", "In/mx.example.com", "In/"),
               false);
}

static void the_owner_in_a_key_stays_as_typed(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    const struct {
        const char *typed, *stored;
    } keys[] = {
        {"In/Example.COM", "In/example.com"}, {"ALL/All", "ALL/ALL"}, {"In/", "In/"}, {"IN", "IN"}, {"", ""}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        assert_true(span_equal(schema_key_fold(recipients, span_text(keys[i].typed), arena),
                               span_text(keys[i].stored)));
    arena_free(arena);
}

/* --- rows of owners --- */

static void rows_of_one_owner_are_found_among_those_of_others(void **state)
{
    (void)state;
    struct config_table *t = config_table_new(recipients);
    char key[64];
    assert_null(config_table_owned(t, SPAN("a")));
    for (int i = 0; i < 3000; i++) {
        snprintf(key, sizeof key, "%s/d%d.example", i % 3 == 0 ? "a" : i % 3 == 1 ? "a.b" : "c", i);
        config_table_put(&t, schema_row_preset(recipients, span_text(key)));
    }
    assert_null(config_table_owned(t, SPAN("")));
    assert_null(config_table_owned(t, SPAN("b")));
    assert_null(config_table_owned(t, SPAN("d")));
    for (const char *const *owner = WORDS("a", "a.b", "c"); *owner; owner++) {
        const struct schema_row *first = config_table_owned(t, span_text(*owner)), *row;
        struct config_cursor c = config_table_from(t, schema_row_key(first));
        int count = 0;
        while ((row = config_table_next(&c)) &&
               span_equal(schema_key_owner(schema_row_key(row)), span_text(*owner)))
            count++;
        assert_int_equal(count, 1000);
    }
    config_table_unref(t);
}

/* --- the whole --- */

static void set(struct scene *s, enum schema_table_id id, const char *key, unsigned field, const char *text)
{
    edit(&s->c, &standalone, id, key, field, text);
}

static void assert_refused(struct scene *s, const char *why)
{
    assert_false(scene_check(s));
    assert_string_equal(s->error.text, why);
}

static void a_row_without_its_owner_refuses_the_whole(void **state)
{
    (void)state;
    struct scene s = scene_of_defaults();
    set(&s, SCHEMA_RCPTACCESS, "In/example.com", RCPTACCESS_ACCESS, "accept");
    assert_refused(&s, "rcptaccess In/example.com: there is no listener 'In'");
    set(&s, SCHEMA_LISTENERS, "In", LISTENERS_PORT, "26");
    assert_true(scene_check(&s));
    edit_remove(&s.c, &standalone, SCHEMA_LISTENERS, "public");
    assert_refused(&s, "hostaccess public/127.0.0.1: there is no listener 'public'");
    scene_end(&s);
}

static void two_listeners_have_no_common_place(void **state)
{
    (void)state;
    struct scene s = scene_of_defaults();
    set(&s, SCHEMA_LISTENERS, "In", LISTENERS_KIND, "private");
    assert_refused(&s, "listeners In and public have the same address and port");
    set(&s, SCHEMA_LISTENERS, "In", LISTENERS_ADDRESS, "192.0.2.1");
    assert_true(scene_check(&s));
    scene_end(&s);
}

static void there_are_only_so_many_listeners(void **state)
{
    (void)state;
    struct scene s = scene_of_defaults();
    char name[16], port[16];
    for (int i = 1; i < LISTENERS_MAX; i++) {
        snprintf(name, sizeof name, "l%d", i);
        snprintf(port, sizeof port, "%d", 1000 + i);
        set(&s, SCHEMA_LISTENERS, name, LISTENERS_PORT, port);
    }
    assert_true(scene_check(&s));
    set(&s, SCHEMA_LISTENERS, "more", LISTENERS_PORT, "2000");
    assert_refused(&s, "there are more than 64 listeners");
    scene_end(&s);
}

static void what_is_open_to_all_or_in_vain_is_warned_about(void **state)
{
    (void)state;
    struct scene s = scene_of_defaults();
    set(&s, SCHEMA_RCPTACCESS, "public/ALL", RCPTACCESS_ACCESS, "reject");
    assert_true(scene_check(&s));
    assert_string_equal(buf_text(&s.warnings), "");
    set(&s, SCHEMA_RCPTACCESS, "public/ALL", RCPTACCESS_ACCESS, "accept");
    assert_true(scene_check(&s));
    assert_string_equal(buf_text(&s.warnings),
                        "rcptaccess ALL accept: the listener takes mail from everybody for everybody\n");
    set(&s, SCHEMA_LISTENERS, "public", LISTENERS_KIND, "private");
    assert_true(scene_check(&s));
    assert_string_equal(buf_text(&s.warnings),
                        "rcptaccess has no effect on a private listener: only its hostaccess counts\n");
    scene_end(&s);
}

static void a_listener_without_the_certificate_that_its_tls_needs_is_warned_about(void **state)
{
    (void)state;
    const char *pem = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
    struct scene s = scene_of_defaults();
    set(&s, SCHEMA_LISTENERS, "In", LISTENERS_PORT, "26");
    set(&s, SCHEMA_RCPTACCESS, "In/example.com", RCPTACCESS_ACCESS, "accept");
    set(&s, SCHEMA_LISTENERS, "In", LISTENERS_TLS, "required");
    assert_true(scene_check(&s));
    assert_string_equal(
        buf_text(&s.warnings),
        "listeners In: tls is required, but there is no certificate DEFAULT: it takes no mail\n");
    set(&s, SCHEMA_LISTENERS, "In", LISTENERS_TLS, "none");
    assert_true(scene_check(&s));
    assert_string_equal(buf_text(&s.warnings), "");
    set(&s, SCHEMA_LISTENERS, "In", LISTENERS_TLS, "required");
    set(&s, SCHEMA_CERTIFICATES, "DEFAULT", CERTIFICATES_CERTIFICATE, pem);
    assert_true(scene_check(&s));
    assert_string_equal(buf_text(&s.warnings), "");
    struct config_tree *mine = config_tree_ref(s.c.mine);
    config_candidate_end(&s.c);
    config_candidate_begin(&s.c, 2, mine);
    config_tree_unref(mine);
    edit_remove(&s.c, &standalone, SCHEMA_CERTIFICATES, "DEFAULT");
    assert_true(scene_check(&s));
    assert_string_equal(
        buf_text(&s.warnings),
        "listeners In: tls is required, but there is no certificate DEFAULT: it takes no mail\n"
        "listeners public: tls is preferred, but there is no certificate DEFAULT: STARTTLS is not offered\n");
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_address_is_one_text),
        cmocka_unit_test(recipients_are_users_domains_and_all),
        cmocka_unit_test(hosts_are_addresses_and_networks_without_host_bits),
        cmocka_unit_test(the_owner_in_a_key_stays_as_typed),
        cmocka_unit_test(rows_of_one_owner_are_found_among_those_of_others),
        cmocka_unit_test(a_row_without_its_owner_refuses_the_whole),
        cmocka_unit_test(two_listeners_have_no_common_place),
        cmocka_unit_test(there_are_only_so_many_listeners),
        cmocka_unit_test(what_is_open_to_all_or_in_vain_is_warned_about),
        cmocka_unit_test(a_listener_without_the_certificate_that_its_tls_needs_is_warned_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
