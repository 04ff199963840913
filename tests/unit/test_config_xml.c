/* Configuration files: what engine/config/xml writes and commands/config_reader reads, and files that nobody wrote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "commands/config_reader.h"
#include "engine/base/xalloc.h"
#include "engine/config/xml.h"
#include "engine/schema/json.h"
#include "tests/unit/config_fixture.h"

#define CONFIG(inside) "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<config>\n" inside "\n</config>\n"

/* ---- what a reader made of a file ---- */

struct read {
    struct config_table *tables[SCHEMA_TABLE_COUNT]; /* of sections that were there */
    size_t sections, rows, sealed;
    bool gives_up;
};

static bool take_section(const struct schema_table *table, unsigned line, void *context)
{
    struct read *r = context;
    (void)line;
    r->sections++;
    if (!r->tables[table->id])
        r->tables[table->id] = config_table_new(table);
    return true;
}

static bool take_row(const struct schema_table *table, const char *key, json_t *fields, unsigned line,
                     void *context)
{
    struct read *r = context;
    struct error error;
    const char *name;
    json_t *value;
    (void)line;
    r->rows++;
    json_object_foreach (fields, name, value)
        r->sealed += json_is_object(value);
    if (r->sealed || r->gives_up)
        return !r->gives_up;
    json_t *whole = json_copy(fields);
    if (key)
        json_object_set_new(whole, table->fields[0].name, json_string(key));
    struct schema_row *row = schema_row_from_json(table, NULL, whole, &error);
    assert_non_null(row);
    config_table_put(&r->tables[table->id], row);
    json_decref(whole);
    return true;
}

static void read_end(struct read *r)
{
    for (size_t i = 0; i < SCHEMA_TABLE_COUNT; i++)
        config_table_unref(r->tables[i]);
}

/* "" when the file is right. */
static const char *read_text(struct span text, struct read *r)
{
    static struct error error;
    struct config_reader_facts facts;
    const struct config_reader reader = {take_section, take_row, r};
    bool good = config_read(text, &reader, &facts, &error);
    json_decref(facts.secrets);
    return good ? "" : error.text;
}

static const char *fault_in(const char *text)
{
    struct read r = {.sections = 0};
    const char *fault = read_text(span_text(text), &r);
    read_end(&r);
    return fault;
}

static void expect_fault(const char *text, const char *fault)
{
    const char *found = fault_in(text);
    if (!strstr(found, fault))
        fail_msg("'%s' and not '%s'", found, fault);
}

/* ---- what is written ---- */

static bool put_reversed(const struct schema_table *table, const struct schema_field *field, struct span text,
                         struct buf *out, void *context)
{
    (void)table, (void)field, (void)context;
    for (size_t i = text.n; i > 0; i--)
        if (text.p[i - 1] > ' ' && text.p[i - 1] != '-')
            buf_append_char(out, text.p[i - 1]);
    return true;
}

/* Returns the bytes of the largest piece. */
static size_t write_tree(const struct config_tree *tree, bool seal, struct buf *out)
{
    struct config_xml x = {.tree = tree, .place = &standalone, .seal = seal ? put_reversed : NULL};
    size_t largest = 0;
    bool more = true;
    buf_append_span(out, SPAN("<config>\n"));
    while (more) {
        size_t before = out->len;
        more = config_xml_more(&x, out);
        if (out->len - before > largest)
            largest = out->len - before;
    }
    buf_append_span(out, SPAN("</config>\n"));
    assert_false(x.failed);
    return largest;
}

static struct config_candidate candidate;

static int set_up(void **state)
{
    (void)state;
    struct config_tree *empty = config_tree_new();
    config_candidate_begin(&candidate, 1, empty);
    config_tree_unref(empty);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    config_candidate_end(&candidate);
    return 0;
}

static void set(enum schema_table_id id, const char *key, unsigned field, const char *text)
{
    edit(&candidate, &standalone, id, key, field, text);
}

static void what_is_written_is_read_as_the_same_rows(void **state)
{
    (void)state;
    struct buf text = {0};
    struct read r = {.sections = 0};
    set(SCHEMA_INCOMING_POLICY, "sales", POLICY_POSITIVE_SUBJECT, "prepend:<a & b> ]]> ");
    set(SCHEMA_ADDRESSES, "", ADDRESSES_ALERTS, "\"A & B\" <a@example.com>");
    set(SCHEMA_GATEWAY, "", GATEWAY_HOSTNAME, "mx.example.com");
    set(SCHEMA_LISTENERS, "second", LISTENERS_PORT, "2525");
    set(SCHEMA_RCPTACCESS, "second/.example.com", RCPTACCESS_ACCESS, "reject");
    set(SCHEMA_RCPTACCESS, "public/ALL", RCPTACCESS_ACCESS, "accept");
    set(SCHEMA_SMTPROUTES, "ALL", SMTPROUTES_DESTINATION, "[mx.example.com]:26");
    write_tree(candidate.mine, false, &text);
    assert_string_equal(read_text(buf_span(&text), &r), "");
    for (size_t i = 0; i < SCHEMA_TABLE_COUNT; i++)
        assert_true(schema_tables[i].is_shape ||
                    config_table_equal(r.tables[i], config_resolve(candidate.mine, &standalone,
                                                                   (enum schema_table_id)i, NULL)));
    assert_false(span_has_8bit(buf_span(&text)));
    read_end(&r);
    buf_free(&text);
}

static void client_programs_find_their_elements(void **state)
{
    (void)state;
    struct buf text = {0};
    set(SCHEMA_GATEWAY, "", GATEWAY_HOSTNAME, "mx.example.com");
    set(SCHEMA_RCPTACCESS, "public/example.com", RCPTACCESS_ACCESS, "accept");
    write_tree(candidate.mine, false, &text);
    assert_non_null(strstr(buf_text(&text), "\n\n  <hostname>mx.example.com</hostname>\n\n"));
    assert_non_null(strstr(buf_text(&text), "  <listeners>\n"
                                            "    <listener>\n"
                                            "      <listener_name>public</listener_name>\n"
                                            "      <type>public</type>\n"));
    assert_non_null(strstr(text.data, "      <rat>\n"
                                      "        <rat_entry>\n"
                                      "          <rat_address>example.com</rat_address>\n"
                                      "          <access>accept</access>\n"
                                      "        </rat_entry>\n"
                                      "      </rat>\n"
                                      "      <hat>\n"));
    assert_non_null(
        strstr(text.data, "  <inbound_policies>\n    <policy>\n      <policy_name>DEFAULT</policy_name>\n"));
    assert_non_null(strstr(text.data, "  <log_subscriptions>\n    <log>\n"));
    buf_free(&text);
}

/* A certificate's key is as long as it has to be, and no more is looked at here. */
static void put_certificate(void)
{
    struct config_table *t = config_candidate_take(&candidate, &standalone, SCHEMA_CERTIFICATES);
    const struct schema_value values[CERTIFICATES_FIELD_COUNT] = {
        [CERTIFICATES_NAME] = {.text = SPAN("DEFAULT")},
        [CERTIFICATES_CERTIFICATE] = {.text = SPAN(
                                          "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")},
        [CERTIFICATES_PRIVATE_KEY] =
            {.text = SPAN("-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----\n")},
    };
    config_table_put(&t, schema_row_new(&schema_tables[SCHEMA_CERTIFICATES], values));
    config_candidate_give(&candidate, &standalone, SCHEMA_CERTIFICATES, t);
}

static void a_secret_is_masked_or_sealed_and_never_written(void **state)
{
    (void)state;
    for (int seal = 0; seal < 2; seal++) {
        struct buf text = {0};
        struct read r = {.sections = 0};
        put_certificate();
        write_tree(candidate.mine, seal, &text);
        assert_null(strstr(buf_text(&text), "SECRET"));
        assert_non_null(strstr(text.data, seal ? "<private_key encrypted=\"aes-256-siv\">"
                                               : "<private_key>********</private_key>"));
        const char *fault = read_text(buf_span(&text), &r);
        if (seal)
            assert_int_equal(r.sealed, 1);
        else
            assert_non_null(
                strstr(fault, "private-key is masked: files with masked passphrases cannot be loaded"));
        read_end(&r);
        buf_free(&text);
    }
}

static void a_large_table_is_written_and_read_a_row_at_a_time(void **state)
{
    (void)state;
    enum { ROWS = 100000 };
    struct buf text = {0};
    struct read r = {.sections = 0};
    struct config_table *t = config_table_new(&schema_tables[SCHEMA_RCPTACCESS]);
    for (unsigned i = 0; i < ROWS; i++) {
        char key[64];
        snprintf(key, sizeof key, "public/u%06u@example.com", i);
        config_table_put(&t, schema_row_preset(&schema_tables[SCHEMA_RCPTACCESS], span_text(key)));
    }
    config_tree_set(&candidate.mine, "machine/a", SCHEMA_RCPTACCESS, t);
    assert_true(write_tree(candidate.mine, false, &text) < 8192);
    assert_string_equal(read_text(buf_span(&text), &r), "");
    assert_int_equal(config_table_count(r.tables[SCHEMA_RCPTACCESS]), ROWS);
    assert_true(config_table_equal(r.tables[SCHEMA_RCPTACCESS], t));
    read_end(&r);
    buf_free(&text);
}

/* ---- parts of files ---- */

static void a_single_section_is_a_file(void **state)
{
    (void)state;
    struct read r = {.sections = 0};
    assert_string_equal(
        read_text(SPAN(CONFIG("<antispam><timeout>30</timeout></antispam>\n<smtproutes></smtproutes>")), &r),
        "");
    assert_int_equal(r.sections, 2);
    assert_int_equal(r.rows, 1);
    assert_int_equal(config_table_count(r.tables[SCHEMA_SMTPROUTES]), 0);
    assert_int_equal(schema_row_number(config_table_single(r.tables[SCHEMA_ANTISPAM]), ANTISPAM_TIMEOUT), 30);
    read_end(&r);
}

static void a_visitor_that_gives_up_ends_the_reading(void **state)
{
    (void)state;
    struct read r = {.gives_up = true};
    struct config_reader_facts facts;
    struct error error = {.text = "untouched"};
    const struct config_reader reader = {take_section, take_row, &r};
    assert_false(
        config_read(SPAN(CONFIG("<antispam></antispam><delivery></delivery>")), &reader, &facts, &error));
    assert_int_equal(r.rows, 1);
    assert_string_equal(error.text, "untouched");
    read_end(&r);
}

/* ---- files that are wrong ---- */

static void wrong_files_are_refused_with_the_line(void **state)
{
    (void)state;
    expect_fault("", "no element found");
    expect_fault("{}", "line 1: not well-formed");
    expect_fault("<html></html>", "line 1: there is no element <html> in a configuration file");
    expect_fault(CONFIG("<antispam>"), "line 4: mismatched tag");
    expect_fault("<config>\n<antispam><timeout>30</timeout>", "line 2: no element found");
    expect_fault(CONFIG("<antispm></antispm>"), "line 3: there is no element <antispm> in <config>");
    expect_fault(CONFIG("<antispam>\n<tmeout>3</tmeout></antispam>"),
                 "line 4: there is no element <tmeout> in antispam");
    expect_fault(CONFIG("<antispam><timeout>121</timeout></antispam>"),
                 "line 3: timeout: '121' is not a whole number from 1 to 120 seconds");
    expect_fault(CONFIG("<antispam><timeout>1</timeout><timeout>1</timeout></antispam>"),
                 "<timeout> is there twice");
    expect_fault(CONFIG("<antispam/><antispam/>"), "line 3: the section of antispam is there twice");
    expect_fault(CONFIG("<hostname>a</hostname><hostname>b</hostname>"),
                 "line 3: the section of gateway is there twice");
    expect_fault(CONFIG("<hostname><hostname>a</hostname></hostname>"),
                 "line 3: there is no element <hostname> in a value");
    expect_fault(CONFIG("<hostname>a.</hostname>"), "line 3: hostname: 'a.' is not ");
    expect_fault(CONFIG("<gateway/>"), "line 3: there is no element <gateway> in <config>");
    expect_fault(CONFIG("<antispam><timeout><b>1</b></timeout></antispam>"),
                 "there is no element <b> in a value");
    expect_fault(CONFIG("<smtproutes><route/></smtproutes>"), "there is no element <route> in smtproutes");
    expect_fault(CONFIG("<smtproutes><smtp_route></smtp_route></smtproutes>"),
                 "this SMTP route has no domain");
    expect_fault(CONFIG("<smtproutes>word</smtproutes>"), "line 3: text where elements should be");
    expect_fault(CONFIG("<listeners><listener><rat/></listener></listeners>"),
                 "the name of the listener must stand before its <rat>");
    expect_fault(CONFIG("<antispam><timeout encrypted=\"aes-256-siv\">QQ==</timeout></antispam>"),
                 "<timeout> is no secret and cannot be encrypted");
    expect_fault(CONFIG("<antispam><timeout encrypted=\"rot13\">1</timeout></antispam>"),
                 "encrypted: 'rot13' is not aes-256-siv");
    expect_fault(CONFIG("<antispam mode=\"replace\"></antispam>"), "line 3: there is no attribute mode here");
    expect_fault(CONFIG("<antispam><timeout unit=\"hours\">3</timeout></antispam>"),
                 "there is no attribute unit here");
    expect_fault(CONFIG("<addresses><alerts>\xE4@example.com</alerts></addresses>"),
                 "line 3: not well-formed");
}

static void two_rows_of_one_key_are_refused(void **state)
{
    (void)state;
#define ROUTE(domain) "<smtp_route><domain>" domain "</domain><destination>mx.a</destination></smtp_route>\n"
    expect_fault(CONFIG("<smtproutes>\n" ROUTE("a.example") ROUTE("A.Example") "</smtproutes>"),
                 "line 5: 'A.Example' is on line 4 already");
#define ENTRY "<rat><rat_entry><rat_address>a.example</rat_address></rat_entry></rat>"
#define LISTENER(name) "<listener><listener_name>" name "</listener_name>" ENTRY "</listener>\n"
    assert_string_equal(fault_in(CONFIG("<listeners>" LISTENER("a") LISTENER("b") "</listeners>")), "");
    expect_fault(CONFIG("<listeners>" LISTENER("a") LISTENER("a") "</listeners>"),
                 "'a/a.example' is on line 3 already");
}

static void entities_are_never_expanded(void **state)
{
    (void)state;
    expect_fault("<!DOCTYPE config [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>\n"
                 "<config><antispam><timeout>&b;</timeout></antispam></config>",
                 "line 1: declarations inside the file are not allowed");
    expect_fault("<!DOCTYPE config SYSTEM "
                 "\"/etc/passwd\">\n<config><antispam><timeout>&b;</timeout></antispam></config>",
                 "line 2: there is no entity &b;");
    expect_fault("<!DOCTYPE config SYSTEM \"x\" [<!ENTITY % p SYSTEM \"/etc/passwd\"> %p;]>\n<config/>",
                 "declarations inside the file");
}

static void a_value_has_a_bound(void **state)
{
    (void)state;
    struct buf text = {0};
    struct read r = {.sections = 0};
    buf_append_span(&text, SPAN("<config><antispam><timeout>"));
    for (int i = 0; i < 300 * 1024; i++)
        buf_append_char(&text, '1');
    buf_append_span(&text, SPAN("</timeout></antispam></config>"));
    assert_non_null(strstr(read_text(buf_span(&text), &r), "a value of more than"));
    read_end(&r);
    buf_free(&text);
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct buf text = {0};
    write_tree(candidate.mine, false, &text);
    size_t end = span_find_span(buf_span(&text), SPAN("</config>"));
    for (size_t size = 0; size < end; size += 97) {
        struct read r = {.sections = 0};
        assert_string_not_equal(read_text(span_of(text.data, size), &r), "");
        read_end(&r);
    }
    buf_free(&text);
}

static void letters_beyond_ascii_are_character_references(void **state)
{
    (void)state;
    struct buf text = {0};
    config_xml_put(&text, 2, "Some-name", SPAN("<J\xC3\xBCrgen \xE6\x97\xA5 \xF0\x9F\x99\x82>"));
    assert_string_equal(buf_text(&text), "  <some_name>&lt;J&#252;rgen &#26085; &#128578;&gt;</some_name>\n");
    buf_free(&text);
}

static void a_comment_never_ends_early(void **state)
{
    (void)state;
    struct buf text = {0};
    config_xml_put_comment(&text, SPAN("xn--a--->\n\xC3\xA4"));
    assert_string_equal(buf_text(&text), "xn-_a-_->???");
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(what_is_written_is_read_as_the_same_rows),
        TEST(client_programs_find_their_elements),
        TEST(a_secret_is_masked_or_sealed_and_never_written),
        TEST(a_large_table_is_written_and_read_a_row_at_a_time),
        TEST(a_single_section_is_a_file),
        TEST(a_visitor_that_gives_up_ends_the_reading),
        TEST(wrong_files_are_refused_with_the_line),
        TEST(two_rows_of_one_key_are_refused),
        TEST(entities_are_never_expanded),
        TEST(a_value_has_a_bound),
        TEST(a_file_cut_anywhere_is_refused),
        TEST(letters_beyond_ascii_are_character_references),
        TEST(a_comment_never_ends_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
