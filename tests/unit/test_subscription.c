/* Logs of a revision: which lines they take, their folders, their syslog. */
#define _GNU_SOURCE /* mkdtemp, nftw */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/log/subscription.h"
#include "daemon/log/syslog.h"
#include "daemon/protocol.h"
#include "daemon/role.h"
#include "tests/unit/folder_fixture.h"

static char folder[64];
static struct config_table *logs;
static struct buf asked; /* the latest MSG_SYSLOG_ASK */
static unsigned asked_count;

bool role_send(enum role_id peer, uint16_t type, struct span body, int fd)
{
    assert_int_equal(peer, ROLE_MASTER);
    assert_int_equal(type, MSG_SYSLOG_ASK);
    assert_int_equal(fd, -1);
    asked_count++;
    buf_clear(&asked);
    buf_append_span(&asked, body);
    return true;
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test-subscription-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    mkdir("log", 0700);
    logs = config_table_new(&schema_tables[SCHEMA_LOGS]);
    asked_count = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    subscriptions_close();
    config_table_unref(logs);
    buf_free(&asked);
    assert_int_equal(chdir("/"), 0);
    return folder_remove(folder);
}

/* Sets a field of a log, which is made when it is not there. */
static void set(const char *name, enum logs_field field, const char *text)
{
    const struct schema_row *old = config_table_find(logs, span_text(name));
    struct schema_row *row =
        old ? schema_row_ref(old) : schema_row_preset(&schema_tables[SCHEMA_LOGS], span_text(name));
    struct schema_value values[LOGS_FIELD_COUNT];
    struct error error;
    memcpy(values, row->values, sizeof values);
    assert_true(schema_value_parse(&schema_tables[SCHEMA_LOGS].fields[field], span_text(text), &values[field],
                                   &error));
    config_table_put(&logs, schema_row_new(&schema_tables[SCHEMA_LOGS], values));
    schema_row_unref(row);
}

static void apply(void)
{
    struct error error;
    assert_true(subscriptions_prepare(logs, false, &error));
    subscriptions_apply();
}

static void add(enum log_line line, const char *text)
{
    const int64_t noon = INT64_C(1767268800) * 1000000;
    subscriptions_add(&(struct log_record){noon, subscriptions_wanting(line), line, span_text(text)});
    subscriptions_write();
}

/* ---- which lines ---- */

static void type_and_level_decide_which_lines_a_log_takes(void **state)
{
    (void)state;
    static const struct {
        const char *type, *level;
        bool finished, accepted, died, low, typed, request; /* lines of each topic and level */
    } cases[] = {
        {"mail", "information", true, false, true, true, false, false},
        {"mail", "debug", true, true, true, true, false, false},
        {"mail", "warning", false, false, true, true, false, false},
        {"mail", "critical", false, false, true, false, false, false},
        {"system", "trace", false, false, true, true, false, false},
        {"error", "critical", false, false, true, false, false, false},
        {"error", "trace", false, false, true, true, false, false},
        {"cli", "information", false, false, false, false, true, false},
        {"cli", "debug", false, false, false, false, true, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        set("one", LOGS_TYPE, cases[i].type);
        set("one", LOGS_LEVEL, cases[i].level);
        apply();
        assert_int_equal(subscriptions_wanting(LINE_FINISHED), cases[i].finished);
        assert_int_equal(subscriptions_wanting(LINE_ACCEPTED), cases[i].accepted);
        assert_int_equal(subscriptions_wanting(LINE_ROLE_DIED), cases[i].died);
        assert_int_equal(subscriptions_wanting(LINE_STORE_GOOD), cases[i].low);
        assert_int_equal(subscriptions_wanting(LINE_CLI_TYPED), cases[i].typed);
        assert_int_equal(subscriptions_wanting(LINE_CLI_REQUEST), cases[i].request);
        assert_int_equal(subscriptions_wanting(LINE_VERDICT_NEGATIVE), 0); /* is only counted */
    }
}

static void each_log_has_a_bit_of_its_own(void **state)
{
    (void)state;
    char name[16];
    for (int i = 0; i < LOGS_MAX; i++) {
        snprintf(name, sizeof name, "log%02d", i);
        set(name, LOGS_TYPE, i % 2 ? "cli" : "mail");
    }
    apply();
    assert_int_equal(subscriptions_wanting(LINE_FINISHED), 0x55555555);
    assert_int_equal(subscriptions_wanting(LINE_CLI_TYPED), 0xaaaaaaaa);
    struct buf rolled = {0};
    assert_int_equal(subscriptions_roll(SPAN("log07"), &rolled), 1);
    assert_int_equal(subscriptions_roll(SPAN("log99"), &rolled), 0);
    struct wire_reader in = wire_reader_of(buf_span(&rolled));
    assert_true(span_equal(wire_get_span(&in), SPAN("log07")) && wire_reader_done(&in));
    assert_int_equal(subscriptions_roll(SPAN(""), &rolled), LOGS_MAX);
    buf_free(&rolled);
}

/* ---- folders ---- */

static void a_revision_that_is_discarded_leaves_no_folder(void **state)
{
    (void)state;
    struct error error;
    set("one", LOGS_TYPE, "mail");
    assert_true(subscriptions_prepare(logs, false, &error));
    assert_int_equal(access("log/one", F_OK), 0);
    subscriptions_discard();
    assert_int_not_equal(access("log/one", F_OK), 0);
    assert_int_equal(subscriptions_wanting(LINE_FINISHED), 0);
}

static void a_folder_that_cannot_be_had_refuses_unless_there_is_no_choice(void **state)
{
    (void)state;
    struct error error;
    set("one", LOGS_TYPE, "mail");
    set("two", LOGS_TYPE, "mail");
    assert_int_equal(mkdir("log/two", 0700), 0);
    assert_int_equal(mkdir("log/two/else", 0700), 0);
    assert_false(subscriptions_prepare(logs, false, &error));
    assert_string_equal(error.text, "log 'two': the folder log/two is there and holds other files");
    assert_int_not_equal(access("log/one", F_OK), 0);
    assert_true(subscriptions_prepare(logs, true, &error));
    subscriptions_apply();
    assert_int_equal(subscriptions_wanting(LINE_FINISHED), 3);
}

/* ---- syslog ---- */

/* Gives the log that asked one end of a pair, or none; the other end. */
static int answer(bool good)
{
    int ends[2];
    struct buf reply = {0};
    struct wire_reader in = wire_reader_of(buf_span(&asked));
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
    wire_put_u32(&reply, wire_get_u32(&in));
    wire_put_span(&reply, good ? SPAN("") : SPAN("No such file"));
    in = wire_reader_of(buf_span(&reply));
    syslog_take_socket(&in, good ? ends[0] : -1);
    buf_free(&reply);
    if (!good) {
        close(ends[0]);
        close(ends[1]);
    }
    return ends[1];
}

static void expect_datagram(int fd, const char *wanted)
{
    char got[2000];
    ssize_t size = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);
    assert_true(size >= 0);
    got[size] = '\0';
    assert_string_equal(got, wanted);
}

static void a_line_is_a_datagram_with_its_priority_once_there_is_a_socket(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    set("cli_logs", LOGS_SYSLOG, "192.0.2.1");
    set("mail_logs", LOGS_TYPE, "mail");
    apply();
    assert_int_equal(asked_count, 1);
    add(LINE_CLI_TYPED, "early");
    int fd = answer(true);
    expect_datagram(fd, "<86>Jan  1 12:00:00 cli_logs: Info: early");
    add(LINE_CLI_TYPED, "one");
    add(LINE_FINISHED, "of another log");
    add(LINE_CLI_REQUEST, "below the level");
    expect_datagram(fd, "<86>Jan  1 12:00:00 cli_logs: Info: one");
    assert_int_equal(recv(fd, &(char){0}, 1, MSG_DONTWAIT), -1);
    set("cli_logs", LOGS_FILES, "5");
    apply(); /* keeps the socket */
    add(LINE_CLI_TYPED, "two");
    expect_datagram(fd, "<86>Jan  1 12:00:00 cli_logs: Info: two");
    set("cli_logs", LOGS_SYSLOG, "none");
    apply();
    assert_int_equal(recv(fd, &(char){0}, 1, MSG_DONTWAIT), -1);
    assert_int_equal(asked_count, 1);
    close(fd);
}

static struct buf told;

static bool keep_loss(struct span event)
{
    struct wire_reader in = wire_reader_of(event);
    enum log_line line;
    int64_t time;
    return log_event_format(&in, &line, &time, &told);
}

static void lines_wait_up_to_a_bound_and_what_is_beyond_is_counted_once(void **state)
{
    (void)state;
    enum { LINES = 3000 };
    char text[201];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    log_set_output(keep_loss);
    set("cli_logs", LOGS_SYSLOG, "local");
    apply();
    answer(false);
    for (int i = 0; i < LINES; i++)
        add(LINE_CLI_TYPED, text);
    subscriptions_tick();
    unsigned lost;
    assert_int_equal(
        sscanf(buf_text(&told), "%u lines of log cli_logs did not reach syslog local (No such file)", &lost),
        1);
    buf_clear(&told);
    add(LINE_CLI_TYPED, text);
    subscriptions_tick();
    assert_int_equal(told.len, 0); /* not so soon again */

    int fd = answer(true); /* a reader that is slow: nothing is lost, nothing waits for it */
    unsigned received = 0;
    char got[300];
    for (bool more = true; more; subscriptions_tick()) {
        more = false;
        while (recv(fd, got, sizeof got, MSG_DONTWAIT) > 0) {
            received++;
            more = true;
        }
    }
    assert_int_equal(received + lost, LINES);
    close(fd);
    log_set_output(NULL);
    buf_free(&told);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(type_and_level_decide_which_lines_a_log_takes),
        TEST(each_log_has_a_bit_of_its_own),
        TEST(a_revision_that_is_discarded_leaves_no_folder),
        TEST(a_folder_that_cannot_be_had_refuses_unless_there_is_no_choice),
        TEST(a_line_is_a_datagram_with_its_priority_once_there_is_a_socket),
        TEST(lines_wait_up_to_a_bound_and_what_is_beyond_is_counted_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
