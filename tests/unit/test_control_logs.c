/* The control socket about logs: those that are not there, rollover, and what is logged of each request. */
#define _GNU_SOURCE /* mkdtemp */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/control/log_roll.h"
#include "daemon/control/session.h"
#include "daemon/log_lines.h"
#include "daemon/protocol.h"
#include "tests/unit/control_shell.h"

static struct shell *sh;
static char folder[64];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test-control-logs-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    mkdir("log", 0700);
    mkdir("log/a_logs", 0700);
    mkdir("log/mail_logs", 0700);
    control_begin();
    sh = shell_open();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    shell_close(sh);
    control_end();
    rmdir("log/mail_logs");
    rmdir("log/a_logs");
    rmdir("log");
    assert_int_equal(chdir("/"), 0);
    return rmdir(folder); /* a file that should not be there */
}

static void a_log_that_is_not_there_is_told_with_those_that_are(void **state)
{
    (void)state;
    assert_string_equal(shell_error(sh, "{'method':'tail','log':'x'}"),
                        "log 'x' (logs: a_logs, mail_logs) does not exist");
    assert_string_equal(shell_error(sh, "{'method':'log.rollover','log':'x'}"),
                        "log 'x' (logs: cli_logs, error_logs, mail_logs, system_logs, updater_logs) does not exist");
}

static void a_rollover_is_asked_of_the_log_role_and_its_answer_told(void **state)
{
    (void)state;
    shell_send(sh, "{'method':'log.rollover','log':'mail_logs'}");
    assert_int_equal(played.sent, MSG_LOG_ROLL);
    struct wire_reader in = wire_reader_of(buf_span(&played.body));
    uint32_t id = wire_get_u32(&in);
    assert_true(span_equal(wire_get_span(&in), SPAN("mail_logs")));
    struct buf reply = {0};
    for (uint32_t wrong = 2; wrong-- > 0;) { /* first one that nobody asked for */
        buf_clear(&reply);
        wire_put_u32(&reply, id + wrong);
        wire_put_u32(&reply, 1 + wrong);
        for (uint32_t i = 0; i < 1 + wrong; i++)
            wire_put_span(&reply, SPAN("mail_logs"));
        in = wire_reader_of(buf_span(&reply));
        log_roll_reply(&in);
    }
    buf_free(&reply);
    json_t *end = shell_answer(sh);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(end, "result"), "count")), 1);
    json_t *logs = json_object_get(json_object_get(end, "result"), "logs");
    assert_string_equal(json_string_value(json_array_get(logs, 0)), "mail_logs");
    json_decref(end);
    assert_string_equal(played.audit, "log.rollover mail_logs 0");
    played.queue_away = true;
    shell_expect(sh, "{'method':'log.rollover'}", 1, "failed");
}

/* ---- what was typed ---- */

static struct buf logged;

static bool keep_line(struct span event)
{
    struct wire_reader in = wire_reader_of(event);
    enum log_line line;
    int64_t time;
    assert_true(log_event_begin(&in, &line, &time));
    if (log_line_table[line].level <= LOG_INFO && log_event_text(&in, line, &logged))
        buf_append_char(&logged, '\n');
    return true;
}

/* That this is logged of a request, PID and user left out. */
static void expect_logged(const char *request, int status, const char *lines)
{
    char wanted[1000] = "";
    const char *user = session_next(NULL)->account.user;
    for (const char *end; (end = strchr(lines, '\n')); lines = end + 1)
        snprintf(wanted + strlen(wanted), sizeof wanted - strlen(wanted), "PID %d: User %s %.*s\n", getpid(),
                 user, (int)(end - lines), lines);
    buf_clear(&logged);
    shell_expect(sh, request, status, status ? "bad-request" : NULL);
    assert_string_equal(buf_text(&logged), wanted);
}

static void lines_that_were_typed_are_logged_with_their_prompts_else_the_method(void **state)
{
    (void)state;
    log_set_output(keep_line);
    log_resume(); /* what was kept of other tests */
    expect_logged("{'method':'version'}", 0, "called version\n");
    expect_logged("{'method':'version','typed':[]}", 0, "");
    expect_logged("{'method':'version','typed':[{'line':'a','prompt':'b> '},{'line':'c\\nd','prompt':''}]}",
                  0, "entered 'a'; prompt was 'b> '\nentered 'c\\x0ad'; prompt was ''\n");
    expect_logged("{'method':'version','typed':{}}", 2, "");
    expect_logged("{'method':'version','typed':['a']}", 2, "");
    expect_logged("{'method':'version','typed':[{'line':'a','prompt':'b'},{'line':'a'}]}", 2, "");
    expect_logged("{'method':'version','more':1,'typed':[{'line':'a','prompt':''}]}", 2,
                  "entered 'a'; prompt was ''\n");
    log_set_output(NULL);
    buf_free(&logged);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_log_that_is_not_there_is_told_with_those_that_are),
        TEST(a_rollover_is_asked_of_the_log_role_and_its_answer_told),
        TEST(lines_that_were_typed_are_logged_with_their_prompts_else_the_method),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
