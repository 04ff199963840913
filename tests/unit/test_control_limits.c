/* The control socket where something is too much, cannot be read or does not answer. */
#include "tests/unit/control_fixture.h"

#define ID "0123456789abcdef"

static void expect_next(int status, const char *code)
{
    json_t *end = shell_answer(sh);
    assert_int_equal(json_integer_value(json_object_get(end, "status")), status);
    if (code)
        assert_string_equal(json_string_value(json_object_get(end, "code")), code);
    json_decref(end);
}

static void what_cannot_be_read_ends_a_pipeline_and_not_its_skipping(void **state)
{
    (void)state;
    shell_send(sh, "{'method':'version','pipeline':true}");
    shell_send(sh, "{'method':'version','pipeline':true");
    shell_send(sh, "{'method':'version','pipeline':true}");
    shell_send(sh, "{'method'");
    shell_send(sh, "{'method':'version','pipeline':true}");
    shell_send(sh, "{'method':'version'}");
    expect_next(0, NULL);
    expect_next(2, "bad-request");
    expect_next(1, "skipped");
    expect_next(2, "bad-request");
    expect_next(1, "skipped");
    expect_next(0, NULL);
}

static void status_fails_at_once_while_its_roles_are_away_and_can_be_cancelled(void **state)
{
    (void)state;
    played.queue_away = true;
    shell_expect(sh, "{'method':'status'}", 1, "failed");
    played.queue_away = false;
    shell_send(sh, "{'method':'status'}");
    shell_send(sh, "{'method':'cancel'}");
    expect_next(130, "cancelled");
}

/* One request that makes rows FROM to FROM + 999 of a table. */
static void put_thousand(struct shell *of, const char *table, unsigned from, const char *fields)
{
    struct buf request = {0};
    buf_printf(&request, "{'method':'config.edit','edits':[");
    for (unsigned i = from; i < from + 1000; i++)
        buf_printf(&request, "%s{'table':'%s','verb':'put','key':'r%05u%s','fields':{%s}}",
                   i > from ? "," : "", table, i, strcmp(table, "smtproutes") == 0 ? ".com" : "", fields);
    buf_printf(&request, "]}");
    shell_expect(of, buf_text(&request), 0, NULL);
    buf_free(&request);
}

static void of_very_many_conflicts_a_thousand_are_told_and_all_counted(void **state)
{
    (void)state;
    struct shell *other = shell_open();
    for (unsigned from = 0; from < 2000; from += 1000) {
        put_thousand(other, "smtproutes", from, "'destination':'theirs.example.com'");
        put_thousand(sh, "smtproutes", from, "'destination':'mine.example.com'");
    }
    shell_send(other, "{'method':'config.commit','commit_id':'" ID "'}");
    played_commit_done();
    json_decref(shell_answer(other));
    json_t *end = shell_ask(sh, "{'method':'config.rebase'}");
    assert_int_equal(json_integer_value(json_object_get(end, "status")), 5);
    assert_int_equal(json_integer_value(json_object_get(end, "count")), 2000);
    assert_int_equal(json_array_size(json_object_get(end, "conflicts")), 1000);
    json_decref(end);
    shell_close(other);
}

static void of_changes_as_many_are_told_as_fit_and_all_counted(void **state)
{
    (void)state;
    for (unsigned from = 0; from < 12000; from += 1000)
        put_thousand(sh, "incoming-policy", from, "'positive-header':'X-A: b'");
    json_t *end = shell_ask(sh, "{'method':'config.changes'}");
    const json_t *result = json_object_get(end, "result");
    assert_int_equal(json_integer_value(json_object_get(result, "count")), 12000);
    size_t told = json_array_size(json_object_get(result, "changes"));
    assert_true(told > 1000 && told < 12000);
    assert_true(json_dumpb(end, NULL, 0, JSON_COMPACT) < API_FRAME_MAX / 3);
    json_decref(end);
}

#define EDIT_ANTISPAM(fields)                                                                                \
    "{'method':'config.edit','edits':[{'table':'antispam','verb':'edit','fields':{" fields "}}]}"

static void an_edit_warns_of_values_above_what_is_advised_when_it_changes_them(void **state)
{
    (void)state;
    json_t *end = shell_ask(sh, EDIT_ANTISPAM("'never-scan-size':'20M'"));
    json_t *warnings = json_object_get(end, "warnings");
    assert_int_equal(json_array_size(warnings), 1);
    assert_string_equal(json_string_value(json_array_get(warnings, 0)),
                        "never-scan-size: 20M is above the advised 10M");
    json_decref(end);
    end = shell_ask(sh, EDIT_ANTISPAM("'timeout':30"));
    assert_null(json_object_get(end, "warnings"));
    json_decref(end);
    shell_expect(sh, "{'method':'config.clear'}", 0, NULL);
    end = shell_ask(sh, "{'method':'config.edit','edits':["
                        "{'table':'antispam','verb':'edit','fields':{'never-scan-size':'20M'}},"
                        "{'table':'smtproutes','verb':'delete','key':'no.example'}]}");
    assert_null(json_object_get(end, "warnings"));
    json_decref(end);
}

static void of_very_many_warnings_a_hundred_are_told(void **state)
{
    (void)state;
    struct buf request = {0};
    buf_printf(&request, "{'method':'config.edit','edits':[");
    for (int i = 0; i < 300; i++)
        buf_printf(&request, "%s{'table':'antispam','verb':'edit','fields':{'never-scan-size':'%dM'}}",
                   i ? "," : "", 20 + i);
    buf_printf(&request, "]}");
    json_t *end = shell_ask(sh, buf_text(&request));
    assert_int_equal(json_array_size(json_object_get(end, "warnings")), 100);
    json_decref(end);
    buf_free(&request);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_cannot_be_read_ends_a_pipeline_and_not_its_skipping),
        TEST(status_fails_at_once_while_its_roles_are_away_and_can_be_cancelled),
        TEST(of_very_many_conflicts_a_thousand_are_told_and_all_counted),
        TEST(an_edit_warns_of_values_above_what_is_advised_when_it_changes_them),
        TEST(of_very_many_warnings_a_hundred_are_told),
        TEST(of_changes_as_many_are_told_as_fit_and_all_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
