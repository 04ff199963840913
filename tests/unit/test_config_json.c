/* Rows and chunks in JSON: round trips, and everything hostile that may stand there. */
#define _GNU_SOURCE /* random */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "engine/schema/json.h"
#include "tests/unit/config_fixture.h"

static const struct schema_table *const antispam = &schema_tables[SCHEMA_ANTISPAM];
static const struct schema_table *const policies = &schema_tables[SCHEMA_INCOMING_POLICY];
static const struct schema_table *const routes = &schema_tables[SCHEMA_SMTPROUTES];

static struct schema_row *row_from(const struct schema_table *table, const struct schema_row *base,
                                   const char *text, struct error *error)
{
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    struct schema_row *row = schema_row_from_json(table, base, json, error);
    json_decref(json);
    return row;
}

static void assert_refused(const struct schema_table *table, const char *text, const char *why)
{
    struct error error = {""};
    assert_null(row_from(table, NULL, text, &error));
    assert_string_equal(error.text, why);
}

static void a_row_comes_back_from_json_as_it_was_and_jansson_writes_the_same(void **state)
{
    (void)state;
    struct error error;
    struct schema_row *rows[] = {
        schema_row_preset(antispam, SPAN("")),
        row_with(policies, NULL, "Sales", POLICY_POSITIVE_HEADER, "X: \"\\/"),
        row_with(routes, NULL, ".example", SMTPROUTES_DESTINATION, "USEDNS"),
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf ours = {0};
        schema_row_put_json(&ours, rows[i]);
        json_t *json = schema_row_to_json(rows[i]);
        char *theirs = json_dumps(json, JSON_SORT_KEYS | JSON_COMPACT);
        assert_string_equal(buf_text(&ours), theirs);
        struct schema_row *copy = schema_row_from_json(rows[i]->table, NULL, json, &error);
        assert_non_null(copy);
        assert_true(schema_row_equal(rows[i], copy));
        schema_row_unref(copy);
        free(theirs);
        json_decref(json);
        buf_free(&ours);
        schema_row_unref(rows[i]);
    }
}

static void members_are_json_values_or_what_one_would_type(void **state)
{
    (void)state;
    struct error error;
    struct schema_row *row = row_from(
        antispam, NULL,
        "{\"enabled\":true,\"timeout\":\"30\",\"always-scan-size\":\"512K\",\"profile\":\"aggressive\"}",
        &error);
    assert_non_null(row);
    assert_int_equal(schema_row_number(row, ANTISPAM_ENABLED), 1);
    assert_int_equal(schema_row_number(row, ANTISPAM_TIMEOUT), 30);
    assert_int_equal(schema_row_number(row, ANTISPAM_ALWAYS_SCAN_SIZE), 512 * 1024);
    struct schema_row *next = row_from(antispam, row, "{\"timeout\":31,\"enabled\":\"off\"}", &error);
    assert_int_equal(schema_row_number(next, ANTISPAM_TIMEOUT), 31);
    assert_int_equal(schema_row_number(next, ANTISPAM_ENABLED), 0);
    assert_int_equal(schema_row_number(next, ANTISPAM_PROFILE), ANTISPAM_PROFILE_AGGRESSIVE);
    schema_row_unref(next);
    schema_row_unref(row);
}

static void wrong_members_are_named(void **state)
{
    (void)state;
    assert_refused(antispam, "{\"timeot\":5}", "antispam has no field 'timeot'; did you mean 'timeout'?");
    assert_refused(antispam, "{\"\\u001b\":5}", "antispam has no field '\\x1b'");
    assert_refused(antispam, "{\"timeout\":true}",
                   "timeout: true is not a whole number from 1 to 120 seconds");
    assert_refused(antispam, "{\"timeout\":1.5}",
                   "timeout: a fraction is not a whole number from 1 to 120 seconds");
    assert_refused(antispam, "{\"timeout\":9223372036854775807}",
                   "timeout: '9223372036854775807' is not a whole number from 1 to 120 seconds");
    assert_refused(antispam, "{\"timeout\":-5}", "timeout: '-5' is not a whole number from 1 to 120 seconds");
    assert_refused(antispam, "{\"enabled\":1}", "enabled: a number is not off or on");
    assert_refused(antispam, "{\"profile\":1}", "profile: a number is not normal or aggressive");
    assert_refused(policies, "{\"name\":{}}", "name: an object is not a text of 1 to 64 bytes");
    assert_refused(antispam, "[]", "antispam: a list is not an object of fields");
    assert_refused(antispam, "{\"always-scan-size\":\"3M\"}",
                   "always-scan-size: 3M is above never-scan-size, which is 2M; give at most 2M");
    assert_refused(
        routes, "{\"domain\":\"a.example\"}",
        "destination is missing: HOST[:PORT], [HOST][:PORT] to leave out MX records, an address, or "
        "USEDNS");
}

static struct config_chunk *chunk_from(const struct schema_table *table, const char *text,
                                       struct error *error)
{
    return config_chunk_from_json(table, span_text(text), error);
}

static void chunks_come_back_from_json_byte_for_byte(void **state)
{
    (void)state;
    struct error error;
    struct config_table *t = config_table_new(routes);
    char key[32];
    for (int i = 0; i < 700; i++) {
        snprintf(key, sizeof key, "d%d.example", i);
        config_table_put(&t, row_with(routes, NULL, key, SMTPROUTES_DESTINATION, "[2001:db8::1]:25"));
    }
    struct config_table *copy = config_table_new(routes);
    for (size_t i = 0; i < config_table_chunk_count(t); i++) {
        struct buf first = {0}, second = {0};
        config_chunk_put_json(&first, config_table_chunk(t, i));
        struct config_chunk *chunk = config_chunk_from_json(routes, buf_span(&first), &error);
        assert_non_null(chunk);
        config_chunk_put_json(&second, chunk);
        assert_true(span_equal(buf_span(&first), buf_span(&second)));
        assert_true(config_table_append(copy, chunk));
        buf_free(&first);
        buf_free(&second);
    }
    assert_true(config_table_equal(t, copy));
    config_table_unref(t);
    config_table_unref(copy);
}

static void a_chunk_has_rows_and_a_version(void **state)
{
    (void)state;
    struct error error;
    struct buf out = {0};
    struct config_table *t = config_table_new(routes);
    config_table_put(&t, row_with(routes, NULL, "a.example", SMTPROUTES_DESTINATION, "h"));
    config_chunk_put_json(&out, config_table_chunk(t, 0));
    assert_string_equal(
        buf_text(&out),
        "{\"rows\":[{\"destination\":\"h\",\"domain\":\"a.example\",\"tls\":\"default\"}],\"version\":1}");
    buf_free(&out);
    config_table_unref(t);
    assert_null(
        chunk_from(routes, "{\"rows\":[{\"destination\":\"h\",\"domain\":\"a\"}],\"version\":2}", &error));
    assert_string_equal(error.text,
                        "smtproutes is stored in format 2, this program knows formats up to 1: start the "
                        "version that wrote it, or a newer one");
}

static void a_field_that_is_not_known_was_written_by_a_newer_version(void **state)
{
    (void)state;
    struct error error;
    assert_null(chunk_from(routes, "{\"rows\":[{\"domain\":\"a\",\"weight\":1}],\"version\":1}", &error));
    assert_string_equal(error.text,
                        "smtproutes is stored with a field 'weight' that this program does not know: it "
                        "was written by a newer version");
}

/* What is stored must be read by every later version. */
static void the_schema_is_the_one_that_this_version_of_stored_rows_was_checked_with(void **state)
{
    (void)state;
    static const struct {
        int version;
        uint64_t schema;
    } checked = {1, 0x7641cccce84352e9};
    if (checked.version == CONFIG_CHUNK_VERSION && checked.schema == schema_fingerprint())
        return;
    fail_msg(
        "The schema is now %016llx, stored rows have version %d.\n"
        "Can rows of before still be read as they are?  Yes for a new field with a default, a wider range or "
        "a "
        "further choice at the end: put the new number into this test.  No for a field that is renamed, "
        "taken away or narrower, and for choices in another order: raise CONFIG_CHUNK_VERSION, have "
        "engine/config/chunk_json.c bring rows of the old version to the new one (with a test), and then put "
        "both new numbers here.",
        (unsigned long long)schema_fingerprint(), CONFIG_CHUNK_VERSION);
}

static void a_field_younger_than_the_chunk_gets_its_default(void **state)
{
    (void)state;
    struct error error;
    struct config_chunk *chunk = chunk_from(antispam, "{\"rows\":[{\"timeout\":7}],\"version\":1}", &error);
    assert_non_null(chunk);
    assert_int_equal(schema_row_number(chunk->rows[0], ANTISPAM_TIMEOUT), 7);
    assert_int_equal(schema_row_number(chunk->rows[0], ANTISPAM_NEVER_SCAN_SIZE), 2 << 20);
    config_chunk_unref(chunk);
}

static void hostile_chunks_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "x",
        "[]",
        "1",
        "{}",
        "{\"rows\":[],\"version\":1}",
        "{\"rows\":{},\"version\":1}",
        "{\"rows\":[1],\"version\":1}",
        "{\"rows\":[{\"destination\":\"h\",\"domain\":\"a\"}]}",
        "{\"rows\":[{\"destination\":\"h\",\"domain\":\"a\"}],\"version\":0}",
        "{\"rows\":[{\"destination\":\"h\",\"domain\":\"a\"}],\"version\":\"1\"}",
        "{\"rows\":[{\"destination\":\"h\",\"domain\":\"a\"}],\"version\":1e400}",
        "{\"rows\":[{\"destination\":\"h\",\"domain\":\"a\"}],\"version\":99999999999999999999}",
        "{\"rows\":[{\"destination\":\"h\",\"domain\":\"a\",\"domain\":\"b\"}],\"version\":1}",
        "{\"rows\":[{\"destination\":\"h\",\"domain\":\"a\\u0000b\"}],\"version\":1}",
        "{\"rows\":[{\"destination\":\"h\",\"domain\":\"\\ud800\"}],\"version\":1}",
        "{\"rows\":[{\"destination\":\"h\",\"domain\":[\"a\"]}],\"version\":1}",
        "{\"rows\":[{\"destination\":\"h\",\"domain\":\"a\"},null],\"version\":1}",
    };
    struct error error;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_null(chunk_from(routes, texts[i], &error));
    struct buf deep = {0};
    for (size_t i = 0; i < 1000000; i++)
        buf_append_span(&deep, SPAN("["));
    assert_null(config_chunk_from_json(routes, buf_span(&deep), &error));
    buf_clear(&deep);
    buf_append_span(&deep, SPAN("{\"version\":1,\"rows\":["));
    for (size_t i = 0; i < 513; i++)
        buf_printf(&deep, "%s{\"destination\":\"h\",\"domain\":\"a%04zu\"}", i ? "," : "", i);
    buf_append_span(&deep, SPAN("]}"));
    assert_null(config_chunk_from_json(routes, buf_span(&deep), &error));
    assert_string_equal(error.text, "a stored piece of smtproutes has 513 rows");
    buf_free(&deep);
}

/* Whatever a damaged store holds is refused, or is a chunk that is written and read back the same. */
static void damaged_chunks_are_refused_or_whole(void **state)
{
    (void)state;
    struct error error;
    struct buf good = {0}, bad = {0}, again = {0};
    struct config_table *t = config_table_preset(policies);
    unsigned whole = 0;
    config_chunk_put_json(&good, config_table_chunk(t, 0));
    srandom(4711);
    for (unsigned round = 0; round < 20000; round++) {
        static const char bytes[] = "\"\\{}[],:0159-.eEtfn \x00\x1f\x7f\xc2\xff";
        buf_clear(&bad);
        buf_append_span(&bad, buf_span(&good));
        for (long i = random() % 3; i >= 0; i--)
            bad.data[(size_t)random() % bad.len] = bytes[(size_t)random() % (sizeof bytes - 1)];
        struct config_chunk *chunk = config_chunk_from_json(policies, buf_span(&bad), &error);
        if (!chunk)
            continue;
        whole++;
        buf_clear(&again);
        config_chunk_put_json(&again, chunk);
        struct config_chunk *copy = config_chunk_from_json(policies, buf_span(&again), &error);
        assert_non_null(copy);
        assert_true(schema_row_equal(chunk->rows[0], copy->rows[0]));
        config_chunk_unref(copy);
        config_chunk_unref(chunk);
    }
    assert_true(whole > 100);
    buf_free(&good);
    buf_free(&bad);
    buf_free(&again);
    config_table_unref(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_comes_back_from_json_as_it_was_and_jansson_writes_the_same),
        cmocka_unit_test(members_are_json_values_or_what_one_would_type),
        cmocka_unit_test(wrong_members_are_named),
        cmocka_unit_test(chunks_come_back_from_json_byte_for_byte),
        cmocka_unit_test(a_chunk_has_rows_and_a_version),
        cmocka_unit_test(a_field_younger_than_the_chunk_gets_its_default),
        cmocka_unit_test(a_field_that_is_not_known_was_written_by_a_newer_version),
        cmocka_unit_test(the_schema_is_the_one_that_this_version_of_stored_rows_was_checked_with),
        cmocka_unit_test(hostile_chunks_are_refused),
        cmocka_unit_test(damaged_chunks_are_refused_or_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
