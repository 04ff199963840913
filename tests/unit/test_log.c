/* Log lines: their shapes, their order, their files. */
#define _GNU_SOURCE
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/log/log_file.h"
#include "daemon/log/reorder.h"
#include "daemon/log_lines.h"

static void an_event_becomes_the_line_of_the_table(void **state)
{
    (void)state;
    struct buf event = {0}, text = {0};
    enum log_line line;
    int64_t time;
    const struct log_arg args[] = {LOG_U(7), LOG_T("hello \n\xff")};
    log_event_put(&event, LINE_SUBJECT, 42, args, 2);
    struct wire_reader in = wire_reader_of(buf_span(&event));
    assert_true(log_event_format(&in, &line, &time, &text));
    assert_int_equal(line, LINE_SUBJECT);
    assert_int_equal(time, 42);
    assert_string_equal(buf_text(&text), "MID 7 Subject 'hello \\x0a\\xff'");

    in = wire_reader_of((struct span){event.data, event.len - 1});
    assert_false(log_event_format(&in, &line, &time, &text));
    buf_free(&event);
    buf_free(&text);
}

static void events_that_differ_in_numbers_alone_are_of_one_kind(void **state)
{
    (void)state;
    const struct log_arg args[][3] = {{LOG_T("smtp 1"), LOG_U(7), LOG_T("was killed")},
                                      {LOG_T("smtp 1"), LOG_U(8), LOG_T("was killed")},
                                      {LOG_T("smtp 2"), LOG_U(8), LOG_T("was killed")}};
    struct buf kinds[3] = {0};
    for (size_t i = 0; i < 3; i++) {
        struct buf event = {0};
        log_event_put(&event, LINE_ROLE_DIED, (int64_t)i, args[i], 3);
        assert_true(log_event_kind(buf_span(&event), &kinds[i]));
        buf_free(&event);
    }
    assert_string_equal(buf_text(&kinds[0]), buf_text(&kinds[1]));
    assert_string_not_equal(buf_text(&kinds[1]), buf_text(&kinds[2]));
    for (size_t i = 0; i < 3; i++)
        buf_free(&kinds[i]);
}

static struct buf taken;
static bool log_is_away;

static bool take_event(struct span event)
{
    if (log_is_away)
        return false;
    struct wire_reader in = wire_reader_of(event);
    enum log_line line;
    int64_t time;
    assert_true(log_event_format(&in, &line, &time, &taken));
    buf_append_char(&taken, '\n');
    return true;
}

static void lines_of_the_time_without_a_log_come_when_it_is_back(void **state)
{
    (void)state;
    log_set_output(take_event);
    log_is_away = true;
    LOG(ACCEPTED, LOG_U(1));
    LOG(ACCEPTED, LOG_U(2));
    log_is_away = false;
    log_resume();
    LOG(ACCEPTED, LOG_U(3));
    assert_string_equal(buf_text(&taken), "MID 1 accepted\nMID 2 accepted\nMID 3 accepted\n");

    log_is_away = true;
    for (uint64_t i = 0; i < 20000; i++) /* more than is kept */
        LOG(ACCEPTED, LOG_U(i));
    log_is_away = false;
    buf_clear(&taken);
    log_resume();
    assert_non_null(strstr(buf_text(&taken), " log lines of role test_log were lost\n"));
    buf_free(&taken);
    log_set_output(NULL);
}

static void every_shape_has_only_the_two_known_arguments(void **state)
{
    (void)state;
    for (int i = 0; i < LINE_COUNT; i++)
        for (const char *p = log_line_table[i].shape; p && (p = strchr(p, '%')); p += 2)
            assert_true(p[1] == 'u' || p[1] == 's');
}

static void lines_of_several_roles_leave_in_the_order_of_their_times(void **state)
{
    (void)state;
    struct buf out = {0};
    reorder_add(30, SPAN("effect\n"));
    reorder_add(10, SPAN("cause\n"));
    reorder_add(10, SPAN("cause too\n"));
    reorder_add(99, SPAN("later\n"));
    reorder_take(50, &out);
    assert_string_equal(buf_text(&out), "cause\ncause too\neffect\n");
    reorder_take(INT64_MAX, &out);
    assert_string_equal(buf_text(&out), "cause\ncause too\neffect\nlater\n");
    buf_free(&out);
}

static int count_files(const char *dir, const char *suffix)
{
    int count = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; (e = readdir(d));)
        count += strlen(e->d_name) > strlen(suffix) &&
                 strcmp(e->d_name + strlen(e->d_name) - strlen(suffix), suffix) == 0;
    closedir(d);
    return count;
}

static void a_full_log_is_saved_and_the_oldest_saved_one_goes(void **state)
{
    (void)state;
    char dir[] = "/tmp/mailward-log-XXXXXX";
    struct error error;
    assert_non_null(mkdtemp(dir));
    struct rolling_file *log = rolling_file_open(dir, "mail", &log_file_kind, 400, 2, &error);
    assert_non_null(log);
    char line[200];
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\n';
    for (int i = 0; i < 12; i++)
        assert_true(rolling_file_add(log, span_of(line, sizeof line)));
    assert_int_equal(count_files(dir, ".current"), 1);
    assert_int_equal(count_files(dir, ".s"), 2);
    rolling_file_close(log);
    assert_int_equal(count_files(dir, ".current"), 0);

    DIR *d = opendir(dir);
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.')
            unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_becomes_the_line_of_the_table),
        cmocka_unit_test(events_that_differ_in_numbers_alone_are_of_one_kind),
        cmocka_unit_test(lines_of_the_time_without_a_log_come_when_it_is_back),
        cmocka_unit_test(every_shape_has_only_the_two_known_arguments),
        cmocka_unit_test(lines_of_several_roles_leave_in_the_order_of_their_times),
        cmocka_unit_test(a_full_log_is_saved_and_the_oldest_saved_one_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
