/* The control socket: frames, order of requests, cancel, members and permissions of every method, files, logs. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
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

#include "daemon/control/methods.h"
#include "daemon/control/workqueue.h"
#include "daemon/protocol.h"
#include "engine/wire/wire.h"
#include "tests/unit/control_shell.h"

static struct shell *sh;
static char folder[64];

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "a");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test-control-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    mkdir("configuration", 0700);
    mkdir("log", 0700);
    mkdir("log/mail_logs", 0700);
    write_file("log/mail_logs/mail.@20260101T000000.000000.s", "one\ntwo\n");
    write_file("log/mail_logs/mail.@20260102T000000.000000.current", "three\n");
    control_begin();
    sh = shell_open();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    shell_close(sh);
    control_end();
    assert_int_equal(chdir("/"), 0);
    const char *const files[] = {"configuration/a.txt",
                                 "configuration/latin",
                                 "log/mail_logs/mail.@20260101T000000.000000.s",
                                 "log/mail_logs/mail.@20260102T000000.000000.s",
                                 "log/mail_logs/mail.@20260102T000000.000000.current",
                                 "log/mail_logs/mail.@20260103T000000.000000.current",
                                 "log/mail_logs",
                                 "log",
                                 "configuration",
                                 ""};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[200];
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        remove(path);
    }
    return access(folder, F_OK) == 0; /* a file that should not be there */
}

static const char *text_member(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

static json_int_t number_member(const json_t *object, const char *member)
{
    return json_integer_value(json_object_get(object, member));
}

/* ---- frames ---- */

static void the_greeting_names_protocol_schema_host_and_session(void **state)
{
    (void)state;
    assert_int_equal(number_member(sh->greeting, "protocol"), 2);
    assert_string_equal(text_member(sh->greeting, "hostname"), "mx.example.com");
    char schema[17];
    snprintf(schema, sizeof schema, "%016llx", (unsigned long long)schema_fingerprint());
    assert_string_equal(text_member(sh->greeting, "schema"), schema);
    assert_true(number_member(sh->greeting, "session") > 0);
    assert_non_null(strstr(played.audit, "session.open "));
}

static void what_is_no_request_is_a_usage_error_and_the_session_goes_on(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "{",
                                        "[]",
                                        "7",
                                        "null",
                                        "\"text\"",
                                        "{}",
                                        "{'method':7}",
                                        "{'method':null}",
                                        "{'method':'no.such'}",
                                        "{'method':'version','method':'version'}",
                                        "{'method':'version','pipeline':1}",
                                        "{'method':'version','more':true}",
                                        "{'method':'version'} {}",
                                        "{'method':'ver\\u0000sion'}",
                                        "{'method':'\xff'}"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        shell_expect(sh, wrong[i], 2, "bad-request");
    shell_expect(sh, "{'method':'version'}", 0, NULL);
}

static void a_frame_of_any_bytes_is_answered_or_ends_the_session(void **state)
{
    (void)state;
    unsigned seed = 1;
    for (int i = 0; i < 300; i++) {
        unsigned char frame[64] = {60, 0, 0, 0};
        for (int j = 4; j < 64; j++)
            frame[j] = (unsigned char)(rand_r(&seed) >> 8);
        shell_send_bytes(sh, frame, sizeof frame);
        json_t *end = shell_answer(sh);
        assert_int_equal(number_member(end, "status"), 2);
        json_decref(end);
    }
}

static void a_request_that_is_too_long_ends_the_session(void **state)
{
    (void)state;
    const unsigned char head[] = {1, 0, 16, 0}; /* 1 MiB and 1 */
    shell_send_bytes(sh, head, sizeof head);
    json_t *end = shell_answer(sh);
    assert_string_equal(text_member(end, "error"), "the request is too long");
    json_decref(end);
    assert_true(shell_is_closed(sh));
}

static void a_request_may_come_a_byte_at_a_time(void **state)
{
    (void)state;
    const char request[] = "\x14\0\0\0{\"method\":\"version\"}";
    for (size_t i = 0; i < sizeof request - 1; i++)
        shell_send_bytes(sh, request + i, 1);
    json_t *end = shell_answer(sh);
    assert_int_equal(number_member(end, "status"), 0);
    json_decref(end);
}

static void thousands_of_requests_are_answered_in_order(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    char request[64];
    for (int i = 0; i < COUNT; i++) {
        snprintf(request, sizeof request, "{'method':'no-%d','pipeline':false}", i);
        shell_send(sh, request);
    }
    for (int i = 0; i < COUNT; i++) {
        json_t *end = shell_answer(sh);
        snprintf(request, sizeof request, "there is no method 'no-%d'", i);
        assert_string_equal(text_member(end, "error"), request);
        json_decref(end);
    }
}

/* ---- pipelining ---- */

static void expect_next(int status, const char *code)
{
    json_t *end = shell_answer(sh);
    assert_int_equal(number_member(end, "status"), status);
    if (code)
        assert_string_equal(text_member(end, "code"), code);
    json_decref(end);
}

static void after_a_pipelined_request_failed_the_others_are_skipped(void **state)
{
    (void)state;
    shell_send(sh, "{'method':'version','pipeline':true}");
    shell_send(sh, "{'method':'config.get','table':'no','pipeline':true}");
    shell_send(sh, "{'method':'version','pipeline':true}");
    shell_send(sh, "{'method':'version','pipeline':true}");
    shell_send(sh, "{'method':'version'}");
    shell_send(sh, "{'method':'version','pipeline':true}");
    expect_next(0, NULL);
    expect_next(2, "invalid-arguments");
    expect_next(1, "skipped");
    expect_next(1, "skipped");
    expect_next(0, NULL);
    expect_next(0, NULL);
}

static void a_failure_outside_a_pipeline_skips_nothing(void **state)
{
    (void)state;
    shell_expect(sh, "{'method':'no'}", 2, "bad-request");
    shell_expect(sh, "{'method':'version','pipeline':true}", 0, NULL);
}

/* ---- members and permissions ---- */

static json_t *sample(const struct member *m)
{
    switch (m->type) {
    case MEMBER_TEXT: {
        char text[32] = "aaaaaaaaaaaaaaaaaaaaaaaa";
        text[m->least] = '\0';
        return json_string(text);
    }
    case MEMBER_FLAG:
        return json_false();
    case MEMBER_NUMBER:
        return json_integer(m->least);
    case MEMBER_LIST:
        return json_array();
    default:
        return json_object();
    }
}

static json_t *request_of(const struct method *method)
{
    json_t *request = json_pack("{s:s}", "method", method->name);
    for (const struct member *m = method->members; m->name; m++)
        if (m->required)
            json_object_set_new(request, m->name, sample(m));
    return request;
}

/* request (taken over) must be refused, with the name of the member in the error. */
static void expect_refused(json_t *request, const char *member)
{
    char *text = json_dumps(request, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *error = shell_error(sh, text);
    if (!strstr(error, member))
        fail_msg("%s was answered %s", text, error);
    free(text);
    json_decref(request);
}

static void a_member_of_another_type_is_refused_by_every_method(void **state)
{
    (void)state;
    json_t *const values[] = {
        json_null(),  json_true(),  json_integer(1), json_real(0.5), json_string("aaaaaaaaaaaaaaaaaaaa"),
        json_array(), json_object()};
    static const json_type types[] = {[MEMBER_TEXT] = JSON_STRING,
                                      [MEMBER_FLAG] = JSON_TRUE,
                                      [MEMBER_NUMBER] = JSON_INTEGER,
                                      [MEMBER_LIST] = JSON_ARRAY,
                                      [MEMBER_OBJECT] = JSON_OBJECT};
    for (const struct method *method = methods; method->name; method++)
        for (const struct member *m = method->members; m->name; m++)
            for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
                if (json_typeof(values[i]) == types[m->type])
                    continue;
                json_t *request = request_of(method);
                json_object_set(request, m->name, values[i]);
                expect_refused(request, m->name);
            }
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        json_decref(values[i]);
}

static void a_missing_or_unknown_member_is_refused_by_every_method(void **state)
{
    (void)state;
    for (const struct method *method = methods; method->name; method++) {
        json_t *request = request_of(method);
        json_object_set_new(request, "surplus", json_true());
        expect_refused(request, "surplus");
        for (const struct member *m = method->members; m->name; m++) {
            if (!m->required)
                continue;
            request = request_of(method);
            json_object_del(request, m->name);
            expect_refused(request, m->name);
        }
    }
}

static void a_text_or_number_out_of_its_bounds_is_refused(void **state)
{
    (void)state;
    shell_expect(sh, "{'method':'tail','log':'mail_logs','lines':0}", 2, "bad-request");
    shell_expect(sh, "{'method':'tail','log':'mail_logs','lines':10001}", 2, "bad-request");
    shell_expect(sh, "{'method':'tail','log':''}", 2, "bad-request");
    shell_expect(sh, "{'method':'config.commit','commit_id':'short'}", 2, "bad-request");
    shell_expect(sh, "{'method':'config.show','revision':-1}", 2, "bad-request");
    shell_expect(sh, "{'method':'config.show','revision':99999999999999999999}", 2, "bad-request");
}

static void every_method_has_a_permission(void **state)
{
    (void)state;
    for (const struct method *m = methods; m->name; m++)
        assert_true(permit_allows(PERMIT_ADMINISTRATOR, m->name, NULL, NULL));
}

/* ---- who ---- */

static void who_lists_sessions_with_what_they_told_made_safe(void **state)
{
    (void)state;
    shell_expect(sh, "{'method':'hello','from':'ssh 192.0.2.1\\u001b[2J','program':'p','terminal':true}", 0,
                 NULL);
    struct shell *other = shell_open();
    json_t *end = shell_ask(sh, "{'method':'who'}");
    json_t *list = json_object_get(json_object_get(end, "result"), "sessions");
    assert_int_equal(json_array_size(list), 2);
    const json_t *mine = json_array_get(list, 1);
    assert_string_equal(text_member(mine, "from"), "ssh 192.0.2.1\\x1b[2J");
    assert_string_equal(text_member(mine, "what"), "who");
    assert_string_equal(text_member(json_array_get(list, 0), "what"), "cli");
    assert_string_equal(text_member(mine, "role"), "administrator");
    json_decref(end);
    shell_close(other);
    assert_non_null(strstr(played.audit, "session.close "));
}

/* ---- the work queue ---- */

static void reply_of(enum role_id role, uint32_t id, bool paused, uint64_t messages)
{
    struct buf body = {0};
    wire_put_u32(&body, id);
    wire_put_u8(&body, paused);
    wire_put_u64(&body, messages);
    struct wire_reader in = wire_reader_of(buf_span(&body));
    workqueue_reply(role, &in);
    assert_true(wire_reader_done(&in));
    buf_free(&body);
}

static void reply(uint32_t id, bool paused, uint64_t messages)
{
    reply_of(ROLE_SCAN, id, !paused, messages + 1); /* which nobody asked */
    reply_of(ROLE_QUEUE, id, paused, messages);
}

static void workqueue_asks_the_queue_and_tells_its_answer(void **state)
{
    (void)state;
    static const char *const operations[] = {"resume", "pause", "status"};
    for (uint8_t i = 0; i < 3; i++) {
        char request[100];
        snprintf(request, sizeof request, "{'method':'workqueue','operation':'%s'}", operations[i]);
        shell_send(sh, request);
        assert_int_equal(played.sent, MSG_WORKQUEUE);
        struct wire_reader in = wire_reader_of(buf_span(&played.body));
        uint32_t id = wire_get_u32(&in);
        assert_int_equal(wire_get_u8(&in), i);
        reply(id + 1000, false, 0); /* nobody asked for this one */
        reply(id, i == 1, 42);
        json_t *end = shell_answer(sh);
        const json_t *result = json_object_get(end, "result");
        assert_int_equal(json_is_true(json_object_get(result, "paused")), i == 1);
        assert_int_equal(number_member(result, "messages"), 42);
        json_decref(end);
    }
    assert_string_equal(played.audit, "workqueue pause 0");
    shell_expect(sh, "{'method':'workqueue','operation':'rate'}", 2, "invalid-arguments");
}

static void workqueue_fails_at_once_while_the_queue_is_away(void **state)
{
    (void)state;
    played.queue_away = true;
    shell_expect(sh, "{'method':'workqueue','operation':'pause'}", 1, "failed");
}

/* ---- files ---- */

static void a_file_appears_with_its_last_piece_and_is_read_back(void **state)
{
    (void)state;
    shell_expect(sh, "{'method':'file.write','name':'a.txt','text':'one\\n','first':true}", 0, NULL);
    shell_expect(sh, "{'method':'file.read','name':'a.txt'}", 1, "not-found");
    shell_expect(sh, "{'method':'file.write','name':'a.txt','text':'zw\xc3\xb6lf\\n','last':true}", 0, NULL);
    json_t *end = shell_ask(sh, "{'method':'file.read','name':'a.txt'}");
    assert_int_equal(number_member(end, "status"), 0);
    assert_string_equal(text_member(json_array_get(sh->parts, 0), "text"), "one\nzw\xc3\xb6lf\n");
    json_decref(end);
}

static void a_file_of_another_name_or_kind_is_not_touched(void **state)
{
    (void)state;
    static const char *const names[] = {".",   "..",          ".upload-1", "../log", "a/b",
                                        "a b", "/etc/passwd", "\xc3\xb6",  "a\\n"};
    char request[200];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(request, sizeof request, "{'method':'file.read','name':'%s'}", names[i]);
        assert_non_null(strstr(shell_error(sh, request), "a file name has 1 to 64 letters"));
        snprintf(request, sizeof request,
                 "{'method':'file.write','name':'%s','text':'','first':true,'last':true}", names[i]);
        shell_expect(sh, request, 2, "invalid-arguments");
    }
    snprintf(request, sizeof request, "{'method':'file.read','name':'%065d'}", 1);
    assert_non_null(strstr(shell_error(sh, request), "a file name has 1 to 64 letters"));
    assert_int_equal(symlink("/etc/passwd", "configuration/a.txt"), 0);
    shell_expect(sh, "{'method':'file.read','name':'a.txt'}", 1, "failed");
    shell_expect(sh, "{'method':'file.write','name':'a.txt','text':'x','last':true}", 1, "wrong-state");
    write_file("configuration/latin", "caf\xe9 au lait\n");
    assert_non_null(strstr(shell_error(sh, "{'method':'file.read','name':'latin'}"), "UTF-8"));
}

static void an_upload_that_has_not_ended_goes_with_its_session(void **state)
{
    (void)state;
    struct shell *other = shell_open();
    shell_expect(other, "{'method':'file.write','name':'a.txt','text':'x','first':true}", 0, NULL);
    shell_close(other);
    assert_int_equal(rmdir("configuration"), 0);
}

static void a_file_that_grows_too_large_is_refused_and_goes(void **state)
{
    (void)state;
    enum { PIECE = 1000000 };
    struct buf request = {0};
    for (int64_t size = 0; size <= FILE_BYTES_MAX; size += PIECE) {
        buf_clear(&request);
        buf_printf(&request, "{'method':'file.write','name':'a.txt','first':%s,'text':'%0*d'}",
                   size ? "false" : "true", PIECE, 0);
        bool fits = size + PIECE <= FILE_BYTES_MAX;
        shell_expect(sh, buf_text(&request), fits ? 0 : 1, fits ? NULL : "failed");
    }
    shell_expect(sh, "{'method':'file.write','name':'a.txt','text':'','last':true}", 1, "wrong-state");
    assert_int_equal(rmdir("configuration"), 0);
    buf_free(&request);
}

static void a_file_that_is_too_large_or_no_file_is_not_read(void **state)
{
    (void)state;
    write_file("configuration/large", "text");
    assert_int_equal(truncate("configuration/large", FILE_BYTES_MAX + 1), 0);
    assert_int_equal(mkfifo("configuration/fifo", 0600), 0);
    assert_int_equal(mkdir("configuration/folder", 0700), 0);
    static const char *const names[] = {"large", "fifo", "folder"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char request[80], path[40];
        snprintf(request, sizeof request, "{'method':'file.read','name':'%s'}", names[i]);
        assert_non_null(strstr(shell_error(sh, request), strerror(EFBIG)));
        snprintf(path, sizeof path, "configuration/%s", names[i]);
        assert_int_equal(remove(path), 0);
    }
}

/* ---- logs ---- */

/* The text of the next part. */
static void expect_tail(struct shell *other, const char *lines)
{
    json_t *end = shell_answer(other);
    struct buf text = {0};
    size_t i;
    json_t *part;
    json_array_foreach(other->parts, i, part) buf_append_span(&text, span_text(text_member(part, "text")));
    assert_string_equal(buf_text(&text), lines);
    buf_free(&text);
    json_decref(end);
}

static void tail_shows_the_last_lines_across_files(void **state)
{
    (void)state;
    shell_send(sh, "{'method':'tail','log':'mail_logs','lines':2}");
    expect_tail(sh, "two\nthree\n");
    shell_expect(sh, "{'method':'tail','log':'../log'}", 1, "not-found");
    shell_expect(sh, "{'method':'grep','log':'mail_logs','expression':'('}", 2, "invalid-arguments");
    shell_send(sh, "{'method':'grep','log':'mail_logs','expression':'T..','ignore_case':true}");
    expect_tail(sh, "two\nthree\n");
}

/* Reads parts into text until it holds wanted. */
static void read_until(struct buf *text, const char *wanted)
{
    while (!strstr(buf_text(text), wanted)) {
        json_t *frame = shell_frame(sh);
        assert_non_null(frame);
        assert_non_null(text_member(frame, "text"));
        buf_append_span(text, span_text(text_member(frame, "text")));
        json_decref(frame);
    }
}

static void a_following_tail_shows_new_lines_across_a_rollover_until_it_is_cancelled(void **state)
{
    (void)state;
    struct buf text = {0};
    shell_send(sh, "{'method':'tail','log':'mail_logs','lines':1,'follow':true}");
    read_until(&text, "three");
    write_file("log/mail_logs/mail.@20260102T000000.000000.current", "four\nfi");
    read_until(&text, "four");
    write_file("log/mail_logs/mail.@20260102T000000.000000.current", "ve\n");
    rename("log/mail_logs/mail.@20260102T000000.000000.current",
           "log/mail_logs/mail.@20260102T000000.000000.s");
    write_file("log/mail_logs/mail.@20260103T000000.000000.current", "six\n");
    read_until(&text, "six");
    assert_string_equal(buf_text(&text), "three\nfour\nfive\nsix\n");
    buf_free(&text);
    shell_send(sh, "{'method':'cancel'}");
    expect_next(130, "cancelled");
    shell_expect(sh, "{'method':'version'}", 0, NULL);
    control_run_children();
}

static void followers_take_no_place_of_queries_and_have_a_limit(void **state)
{
    (void)state;
    enum { FOLLOWERS = 8 };
    struct shell *others[FOLLOWERS];
    for (int i = 0; i < FOLLOWERS; i++) {
        others[i] = shell_open();
        shell_send(others[i], "{'method':'tail','log':'mail_logs','follow':true}");
    }
    shell_expect(sh, "{'method':'tail','log':'mail_logs','follow':true}", 1, "failed");
    shell_expect(sh, "{'method':'tail','log':'mail_logs'}", 0, NULL);
    for (int i = 0; i < FOLLOWERS; i++)
        shell_close(others[i]);
    control_run_children();
    shell_send(sh, "{'method':'tail','log':'mail_logs','follow':true}");
    shell_send(sh, "{'method':'cancel'}");
    expect_next(130, "cancelled");
}

static void a_cancel_goes_past_requests_that_wait_and_needs_none(void **state)
{
    (void)state;
    shell_expect(sh, "{'method':'version'}", 0, NULL);
    shell_send(sh, "{'method':'cancel'}"); /* nothing is being answered: no answer */
    shell_send(sh, "{'method':'tail','log':'mail_logs','follow':true,'pipeline':true}");
    shell_send(sh, "{'method':'version','pipeline':true}");
    shell_send(sh, "{'method':'version'}");
    shell_send(sh, "{'method':'cancel'}");
    expect_next(130, "cancelled");
    expect_next(1, "skipped");
    expect_next(0, NULL);
    shell_expect(sh, "{'method':'version'}", 0, NULL);
}

static void logs_names_them(void **state)
{
    (void)state;
    json_t *end = shell_ask(sh, "{'method':'logs'}");
    json_t *names = json_object_get(json_object_get(end, "result"), "logs");
    assert_int_equal(json_array_size(names), 1);
    assert_string_equal(json_string_value(json_array_get(names, 0)), "mail_logs");
    json_decref(end);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_greeting_names_protocol_schema_host_and_session),
        TEST(what_is_no_request_is_a_usage_error_and_the_session_goes_on),
        TEST(a_frame_of_any_bytes_is_answered_or_ends_the_session),
        TEST(a_request_that_is_too_long_ends_the_session),
        TEST(a_request_may_come_a_byte_at_a_time),
        TEST(thousands_of_requests_are_answered_in_order),
        TEST(after_a_pipelined_request_failed_the_others_are_skipped),
        TEST(a_failure_outside_a_pipeline_skips_nothing),
        TEST(a_member_of_another_type_is_refused_by_every_method),
        TEST(a_missing_or_unknown_member_is_refused_by_every_method),
        TEST(a_text_or_number_out_of_its_bounds_is_refused),
        TEST(every_method_has_a_permission),
        TEST(who_lists_sessions_with_what_they_told_made_safe),
        TEST(workqueue_asks_the_queue_and_tells_its_answer),
        TEST(workqueue_fails_at_once_while_the_queue_is_away),
        TEST(a_file_appears_with_its_last_piece_and_is_read_back),
        TEST(a_file_of_another_name_or_kind_is_not_touched),
        TEST(an_upload_that_has_not_ended_goes_with_its_session),
        TEST(a_file_that_grows_too_large_is_refused_and_goes),
        TEST(a_file_that_is_too_large_or_no_file_is_not_read),
        TEST(tail_shows_the_last_lines_across_files),
        TEST(a_following_tail_shows_new_lines_across_a_rollover_until_it_is_cancelled),
        TEST(followers_take_no_place_of_queries_and_have_a_limit),
        TEST(a_cancel_goes_past_requests_that_wait_and_needs_none),
        TEST(logs_names_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
