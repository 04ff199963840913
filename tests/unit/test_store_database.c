/* What all stores of the roles share: formats, transactions, a reader's moment, the log, and errors with advice. */
#define _GNU_SOURCE /* mkdtemp */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/store_database.h"
#include "tests/unit/folder_fixture.h"

enum { ADD, COUNT, STATEMENT_COUNT };
static const char *const sql[STATEMENT_COUNT] = {
    [ADD] = "INSERT INTO thing VALUES (?,?)",
    [COUNT] = "SELECT count(*) FROM thing",
};
static const char *const migrations[] = {
    "CREATE TABLE thing (name TEXT PRIMARY KEY) STRICT;",
    "ALTER TABLE thing ADD COLUMN size INTEGER NOT NULL DEFAULT 0;",
};
static const char *const wrong_migrations[] = {
    "CREATE TABLE thing (name TEXT PRIMARY KEY) STRICT;",
    "ALTER TABLE thing ADD COLUMN size INTEGER NOT NULL DEFAULT 0; ALTER TABLE thing DROP COLUMN no_such;",
};
static const char *const sql_1[] = {"INSERT INTO thing VALUES (?)", "SELECT count(*) FROM thing"};

#define SCHEMA                                                                                               \
    .name = "things.db", .settings = "PRAGMA synchronous = FULL;" STORE_DISTRUST, .moves_log = true,         \
    .if_newer = "drop it", .if_damaged = "mend it", .statement_count = STATEMENT_COUNT
static const struct store_schema schema = {SCHEMA, .format = 2, .migrations = migrations, .sql = sql};
static const struct store_schema schema_1 = {SCHEMA, .format = 1, .migrations = migrations, .sql = sql_1};
static const struct store_schema wrong = {SCHEMA, .format = 2, .migrations = wrong_migrations, .sql = sql};

static struct store_database store, reader;
static struct error error;

static char folder[64];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test_store_database.XXXXXX");
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    store_database_close(&store);
    store_database_close(&reader);
    return chdir("/") == 0 ? folder_remove(folder) : -1;
}

static void open_store(const struct store_schema *with)
{
    if (!store_database_open(&store, with, "things.db", &error))
        fail_msg("%s", error.text);
}

static void add(const char *name)
{
    if (!store_database_run(&store, ADD, &error, VALUES(V_TEXT(span_text(name)), V_INT(5))))
        fail_msg("%s", error.text);
}

static int64_t count(struct store_database *d)
{
    int64_t number = -1;
    assert_true(store_database_number(d, COUNT, &number, &error, NULL, 0));
    return number;
}

/* A store of format 1 with one row. */
static void leave_format_1(void)
{
    open_store(&schema_1);
    assert_true(store_database_run(&store, ADD, &error, VALUES(V_TEXT(SPAN("old")))));
    store_database_close(&store);
}

static void an_older_format_is_brought_along_with_its_rows(void **state)
{
    (void)state;
    leave_format_1();
    open_store(&schema);
    add("new");
    assert_int_equal(count(&store), 2);
}

static void a_migration_that_fails_leaves_the_file_as_it_was(void **state)
{
    (void)state;
    leave_format_1();
    assert_false(store_database_open(&store, &wrong, "things.db", &error));
    assert_null(store.db);
    open_store(&schema);
    assert_int_equal(count(&store), 1);
}

static void a_newer_format_is_refused_with_advice_and_left_alone(void **state)
{
    (void)state;
    open_store(&schema);
    add("one");
    store_database_close(&store);
    assert_false(store_database_open(&store, &schema_1, "things.db", &error));
    assert_true(store.is_newer);
    assert_string_equal(error.text,
                        "things.db has format 2 and this program knows 1 at most: start the newer "
                        "version that wrote it, or drop it");
    open_store(&schema);
    assert_int_equal(count(&store), 1);
}

static void a_reader_sees_one_moment_of_the_newest_format(void **state)
{
    (void)state;
    leave_format_1();
    assert_false(store_database_open_reader(&reader, &schema, "things.db", &error));
    assert_string_equal(error.text, "things.db has format 1, not 2");
    open_store(&schema);
    assert_true(store_database_open_reader(&reader, &schema, "things.db", &error));
    add("later");
    assert_int_equal(count(&reader), 1);
    assert_int_equal(count(&store), 2);
    assert_false(store_database_run(&reader, ADD, &error, VALUES(V_TEXT(SPAN("x")), V_INT(1))));
    assert_non_null(strstr(error.text, "cannot write things.db: attempt to write a readonly database"));
}

static void a_transaction_that_is_not_good_leaves_nothing(void **state)
{
    (void)state;
    open_store(&schema);
    assert_true(store_database_begin(&store, &error));
    add("twice");
    bool good = store_database_run(&store, ADD, &error, VALUES(V_TEXT(SPAN("twice")), V_INT(1)));
    assert_int_equal(store.code, SQLITE_CONSTRAINT);
    assert_false(store_database_end(&store, good, &error));
    assert_int_equal(count(&store), 0);
    assert_true(store_database_begin(&store, &error));
    add("once");
    assert_true(store_database_end(&store, true, &error));
    assert_int_equal(count(&store), 1);
}

static void the_log_is_moved_when_the_store_says_so_alone(void **state)
{
    (void)state;
    char name[32];
    open_store(&schema);
    for (int i = 0; i < 1200; i++) { /* by itself SQLite moves 1,000 pages */
        snprintf(name, sizeof name, "thing %d", i);
        add(name);
    }
    assert_true(store.log_pages > 1200);
    assert_true(store_database_checkpoint(&store, &error));
    assert_int_equal(store.log_pages, 0);
    add("first in the new log");
    assert_in_range(store.log_pages, 1, 20);
}

static void a_damaged_file_is_told_with_advice(void **state)
{
    (void)state;
    FILE *file = fopen("things.db", "w");
    assert_non_null(file);
    for (int i = 0; i < 100; i++)
        fputs("not a database ", file);
    fclose(file);
    assert_false(store_database_open(&store, &schema, "things.db", &error));
    assert_int_equal(store.code, SQLITE_NOTADB);
    assert_string_equal(error.text, "cannot open things.db: file is not a database; mend it");
}

/* By it the queue tells a full disk from other faults. */
static void the_reason_of_the_system_is_kept(void **state)
{
    (void)state;
    assert_false(store_database_open(&store, &schema, "no/such/things.db", &error));
    assert_int_equal(store.code, SQLITE_CANTOPEN);
    assert_int_equal(store.system_errno, ENOENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_older_format_is_brought_along_with_its_rows),
        TEST(a_migration_that_fails_leaves_the_file_as_it_was),
        TEST(a_newer_format_is_refused_with_advice_and_left_alone),
        TEST(a_reader_sees_one_moment_of_the_newest_format),
        TEST(a_transaction_that_is_not_good_leaves_nothing),
        TEST(the_log_is_moved_when_the_store_says_so_alone),
        TEST(a_damaged_file_is_told_with_advice),
        TEST(the_reason_of_the_system_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
