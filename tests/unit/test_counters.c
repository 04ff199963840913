/* Counters and rates: what is counted, over which times, and what is still there after the end of the process. */
#define _GNU_SOURCE /* mkdtemp */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/log/counters.h"
#include "daemon/log/rates.h"

#define SECOND INT64_C(1000000)

static char folder[64], path[80];
static struct error error;
static bool may_pass;

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test_counters.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/counters.db", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    counters_stop();
    char side[100];
    snprintf(side, sizeof side, "%s-wal", path);
    unlink(side);
    snprintf(side, sizeof side, "%s-shm", path);
    unlink(side);
    unlink(path);
    return rmdir(folder);
}

enum { RESET, UPTIME, LIFETIME, RATE_1M };

/* One number of a counter. */
static uint64_t number(const char *key, int which)
{
    struct buf body = {0};
    uint64_t found = UINT64_MAX;
    counters_put(&body);
    struct wire_reader in = wire_reader_of(buf_span(&body));
    wire_get_i64(&in);
    wire_get_i64(&in);
    for (uint32_t count = wire_get_u32(&in); count > 0; count--) {
        struct span name = wire_get_span(&in);
        for (int i = 0; i < 3 + FIGURE_RATES; i++) {
            uint64_t value = wire_get_u64(&in);
            if (i == which && span_equal(name, span_text(key)))
                found = value;
        }
    }
    assert_true(wire_reader_done(&in));
    buf_free(&body);
    return found;
}

static void start(int64_t daemon_started)
{
    if (!counters_start(path, daemon_started, &may_pass, &error))
        fail_msg("%s", error.text);
}

static void add(enum log_line line, int times)
{
    for (int i = 0; i < times; i++)
        counters_add(line);
}

static void every_counter_of_a_line_is_shown_and_every_one_shown_is_counted(void **state)
{
    (void)state;
    bool counted[FIGURE_COUNTERS] = {false};
    for (int line = 0; line < LINE_COUNT; line++) {
        const char *key = log_line_table[line].counter;
        if (!key)
            continue;
        size_t i = figure_counter_find(key);
        if (i == FIGURE_COUNTERS)
            fail_msg("%s needs a row in engine/wire/figures.def", key);
        counted[i] = true;
        if (figure_counters[i].part_of)
            counted[figure_counter_find(figure_counters[i].part_of)] = true;
    }
    for (size_t i = 0; i < FIGURE_COUNTERS; i++)
        if (!counted[i])
            fail_msg("%s is counted by no line", figure_counters[i].key);
}

static void a_line_raises_its_counter_and_the_one_that_it_is_part_of(void **state)
{
    (void)state;
    start(1);
    add(LINE_RESPONSE, 3);
    add(LINE_BOUNCED, 2);
    add(LINE_ICID_CLOSE, 5);
    assert_int_equal(number("recipients_delivered", LIFETIME), 3);
    assert_int_equal(number("hard_bounced", LIFETIME), 2);
    assert_int_equal(number("recipients_completed", LIFETIME), 5);
    assert_int_equal(number("soft_bounced", LIFETIME), 0);
}

static void a_restart_goes_on_counting_and_another_daemon_begins_its_uptime_anew(void **state)
{
    (void)state;
    start(1);
    add(LINE_ACCEPTED, 4);
    counters_stop();
    start(1);
    add(LINE_ACCEPTED, 1);
    assert_int_equal(number("messages_received", UPTIME), 5);
    counters_stop();
    start(2);
    add(LINE_ACCEPTED, 2);
    assert_int_equal(number("messages_received", UPTIME), 2);
    assert_int_equal(number("messages_received", LIFETIME), 7);
}

static void a_kill_loses_only_what_came_after_the_last_save(void **state)
{
    (void)state;
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        if (!counters_start(path, 1, &may_pass, &error))
            _exit(1);
        add(LINE_ACCEPTED, 4);
        bool good = counters_tick(&error); /* the first is due at once */
        add(LINE_ACCEPTED, 3);
        _exit(good && counters_tick(&error) ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    start(1);
    assert_int_equal(number("messages_received", LIFETIME), 4);
}

static void a_reset_keeps_the_lifetime_and_holds_through_a_restart(void **state)
{
    (void)state;
    start(1);
    add(LINE_ACCEPTED, 4);
    assert_true(counters_reset(&error));
    add(LINE_ACCEPTED, 1);
    counters_stop();
    start(1);
    assert_int_equal(number("messages_received", RESET), 1);
    assert_int_equal(number("messages_received", UPTIME), 5);
    assert_int_equal(number("messages_received", LIFETIME), 5);
}

static void without_a_store_counting_goes_on_and_is_added_later(void **state)
{
    (void)state;
    start(1);
    add(LINE_ACCEPTED, 2);
    counters_stop();
    char moved[100];
    snprintf(moved, sizeof moved, "%s.away", path);
    assert_int_equal(rename(path, moved), 0);
    assert_int_equal(mkdir(path, 0700), 0); /* a folder is no store */
    assert_false(counters_start(path, 1, &may_pass, &error));
    assert_true(may_pass);
    add(LINE_ACCEPTED, 3);
    assert_true(counters_tick(&error)); /* fails, but that is known */
    assert_false(counters_reset(&error));
    assert_int_equal(number("messages_received", LIFETIME), 3);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rename(moved, path), 0);
    assert_true(counters_reset(&error));
    assert_int_equal(number("messages_received", LIFETIME), 5);
    assert_int_equal(number("messages_received", RESET), 0);
}

static void a_damaged_store_keeps_nobody_from_counting(void **state)
{
    (void)state;
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("this is no store at all, and it is long enough to be looked at as the head of one", f);
    fclose(f);
    may_pass = false;
    assert_false(counters_start(path, 1, &may_pass, &error));
    assert_true(may_pass);
    add(LINE_ACCEPTED, 3);
    assert_int_equal(number("messages_received", LIFETIME), 3);
}

static void a_newer_format_is_refused(void **state)
{
    (void)state;
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 9", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    may_pass = false;
    assert_false(counters_start(path, 1, &may_pass, &error));
    assert_false(may_pass);
    assert_non_null(strstr(error.text, "format 9"));
}

/* ---- rates ---- */

enum { COUNTER = 3, WINDOW_1M = 0, WINDOW_5M = 1, WINDOW_15M = 2 };
static uint64_t totals[FIGURE_COUNTERS];

/* One event a second. */
static int64_t run_for(int64_t from, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        from += SECOND;
        totals[COUNTER]++;
        rates_sample(from, totals);
    }
    return from;
}

static uint64_t rate(int64_t now, int window)
{
    return rates_per_hour(now, window, COUNTER, totals[COUNTER]);
}

static void steady_events_have_the_same_rate_over_each_time(void **state)
{
    (void)state;
    totals[COUNTER] = 0;
    rates_start(1000 * SECOND);
    int64_t now = run_for(1000 * SECOND, 2000);
    for (int window = 0; window < FIGURE_RATES; window++)
        assert_in_range(rate(now, window), 3590, 3610);
}

static void a_burst_leaves_the_short_times_first(void **state)
{
    (void)state;
    totals[COUNTER] = 0;
    rates_start(5000 * SECOND);
    int64_t now = run_for(5000 * SECOND, 60);
    /* Nothing is known of the time before, which counts as none. */
    assert_in_range(rate(now, WINDOW_1M), 3000, 3600);
    assert_in_range(rate(now, WINDOW_15M), 230, 240);
    now += 120 * SECOND;
    rates_sample(now, totals);
    assert_int_equal(rate(now, WINDOW_1M), 0);
    assert_in_range(rate(now, WINDOW_5M), 690, 720);
    now += 3600 * SECOND; /* asleep for longer than the ring is */
    rates_sample(now, totals);
    assert_int_equal(rate(now, WINDOW_15M), 0);
    totals[COUNTER] += 10;
    assert_in_range(rate(now, WINDOW_1M), 500, 600);
}

static void rates_are_right_on_a_machine_that_has_just_started(void **state)
{
    (void)state;
    totals[COUNTER] = 0;
    rates_start(2 * SECOND);
    int64_t now = run_for(2 * SECOND, 30);
    assert_in_range(rate(now, WINDOW_1M), 1500, 1800);
    assert_in_range(rate(now, WINDOW_15M), 115, 120);
}

int main(void)
{
#define STORED(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_counter_of_a_line_is_shown_and_every_one_shown_is_counted),
        STORED(a_line_raises_its_counter_and_the_one_that_it_is_part_of),
        STORED(a_restart_goes_on_counting_and_another_daemon_begins_its_uptime_anew),
        STORED(a_kill_loses_only_what_came_after_the_last_save),
        STORED(a_reset_keeps_the_lifetime_and_holds_through_a_restart),
        STORED(without_a_store_counting_goes_on_and_is_added_later),
        STORED(a_damaged_store_keeps_nobody_from_counting),
        STORED(a_newer_format_is_refused),
        cmocka_unit_test(steady_events_have_the_same_rate_over_each_time),
        cmocka_unit_test(a_burst_leaves_the_short_times_first),
        cmocka_unit_test(rates_are_right_on_a_machine_that_has_just_started),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
