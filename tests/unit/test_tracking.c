/* The tracking store: events of the queue become rows, once each; older formats are brought along. */
#define _GNU_SOURCE /* mkdtemp */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/log/store_tracking.h"
#include "daemon/protocol.h"

static char folder[64], path[80];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test_tracking.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/tracking.db", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void run_sql(const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static int ask(const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *row;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    int value = sqlite3_column_int(row, 0);
    sqlite3_finalize(row);
    sqlite3_close(db);
    return value;
}

static void write_event(uint64_t mid, uint64_t revision)
{
    struct error error;
    bool may_pass;
    struct buf event = {0}, events = {0};
    final_event_put(&event,
                    &(struct final_event){
                        .sequence = mid, .mid = mid, .revision = revision, .versions = SPAN("rules 2")});
    wire_put_span(&events, buf_span(&event));
    assert_true(tracking_open(path, &may_pass, &error));
    assert_true(tracking_write(buf_span(&events), &error));
    assert_true(tracking_write(buf_span(&events), &error)); /* told again */
    tracking_close();
    buf_free(&event);
    buf_free(&events);
}

static void an_event_is_one_row_with_the_revision_that_judged(void **state)
{
    (void)state;
    write_event(5, 12);
    assert_int_equal(ask("SELECT count(*) FROM final"), 1);
    assert_int_equal(ask("SELECT revision FROM final WHERE mid = 5"), 12);
    assert_int_equal(ask("SELECT count(*) FROM final WHERE versions = 'rules 2'"), 1);
}

static void rows_of_format_1_stay_and_have_no_revision(void **state)
{
    (void)state;
    write_event(5, 12);
    run_sql("ALTER TABLE final DROP COLUMN revision; ALTER TABLE final DROP COLUMN versions; PRAGMA "
            "user_version = 1");
    write_event(6, 13);
    assert_int_equal(ask("SELECT count(*) FROM final"), 2);
    assert_int_equal(ask("SELECT revision FROM final WHERE mid = 5"), 0);
    assert_int_equal(ask("SELECT revision FROM final WHERE mid = 6"), 13);
    assert_int_equal(ask("SELECT versions = '' FROM final WHERE mid = 5"), 1);
    assert_int_equal(ask("SELECT versions = 'rules 2' FROM final WHERE mid = 6"), 1);
    assert_int_equal(ask("PRAGMA user_version"), 3);
}

/* Waiting does not help against the one, and may against the other. */
static void a_newer_format_is_refused_and_a_place_that_is_not_there_may_pass(void **state)
{
    (void)state;
    struct error error;
    bool may_pass = true;
    run_sql("PRAGMA user_version = 9");
    assert_false(tracking_open(path, &may_pass, &error));
    assert_false(may_pass);
    assert_string_equal(error.text,
                        "track/tracking.db has format 9 and this program knows 3 at most: start the newer "
                        "version that wrote it, or move it away");
    assert_false(tracking_open("no/such/folder/tracking.db", &may_pass, &error));
    assert_true(may_pass);
    assert_non_null(strstr(error.text, "cannot open track/tracking.db: "));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_event_is_one_row_with_the_revision_that_judged),
        TEST(rows_of_format_1_stay_and_have_no_revision),
        TEST(a_newer_format_is_refused_and_a_place_that_is_not_there_may_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
