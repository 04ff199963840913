/* Roles from the table `users` while sessions are open, idle limits, and the list of log-ins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/control/access.h"
#include "engine/base/clock.h"
#include "tests/unit/config_fixture.h"
#include "tests/unit/control_shell.h"

static struct shell *sh;

#define NEW_ROUTE                                                                                            \
    "{'method':'config.edit','edits':[{'table':'smtproutes','verb':'new','key':'a.example','fields':"        \
    "{'destination':'mx.example'}}]}"
#define NEW_USER                                                                                             \
    "{'method':'config.edit','edits':[{'table':'users','verb':'new','key':'eve','fields':"                   \
    "{'role':'administrator'}}]}"
#define COMMIT "{'method':'config.commit','commit_id':'0123456789abcdef'}"

static struct session_info *info(void)
{
    return session_info((uint64_t)json_integer_value(json_object_get(sh->greeting, "session")));
}

/* Another revision runs in which one field of a row is this. */
static void commit_field(enum schema_table_id id, const char *key, unsigned field, const char *value)
{
    struct config_candidate c;
    config_candidate_begin(&c, played.manifest.revision, played.head);
    edit(&c, head_place(), id, key, field, value);
    config_tree_unref(played.head);
    played.head = config_tree_ref(c.mine);
    played.manifest.revision++;
    config_candidate_end(&c);
    access_judge_all();
    control_run();
}

/* The session is anna's, who is neither root nor the daemon. */
static int set_up(void **state)
{
    (void)state;
    control_begin();
    played.shared = true;
    sh = shell_open();
    info()->account = (struct account){.uid = 4711, .user = "anna", .is_known = true};
    info()->in_admin_group = true;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    shell_close(sh);
    control_end();
    return 0;
}

static void expect_closed(const char *wanted, const char *code)
{
    json_t *frame = shell_frame(sh);
    const char *text = json_string_value(json_object_get(frame, "closed"));
    assert_non_null(text);
    assert_non_null(strstr(text, wanted));
    assert_string_equal(json_string_value(json_object_get(frame, "code")), code);
    json_decref(frame);
    assert_true(shell_is_closed(sh));
}

static void the_next_request_is_judged_by_the_role_that_is_committed_meanwhile(void **state)
{
    (void)state;
    shell_expect(sh, "{'method':'who'}", 0, NULL);
    commit_field(SCHEMA_USERS, "anna", USERS_ROLE, "guest");
    shell_expect(sh, "{'method':'who'}", 3, "refused");
    shell_expect(sh, "{'method':'version'}", 0, NULL);
    commit_field(SCHEMA_USERS, "anna", USERS_ROLE, "administrator");
    shell_expect(sh, "{'method':'who'}", 0, NULL);
}

static void a_role_without_permission_is_refused_and_recorded_whatever_the_text_says(void **state)
{
    (void)state;
    commit_field(SCHEMA_USERS, "anna", USERS_ROLE, "readonly");
    shell_expect(sh, "{'method':'config.commit','no':'sense'}", 3, "refused");
    assert_string_equal(played.audit, "config.commit the role read-only operator may not do this 3");
    commit_field(SCHEMA_USERS, "anna", USERS_ROLE, "technician");
    shell_expect(sh, "{'method':'config.edit','edits':[]}", 3, "refused");
    commit_field(SCHEMA_USERS, "anna", USERS_ROLE, "guest");
    shell_expect(sh, "{'method':'workqueue','operation':'status'}", 3, "refused");
    shell_expect(sh, "{'method':'whoami'}", 0, NULL);
}

static void changes_of_one_who_may_make_none_any_more_are_dropped(void **state)
{
    (void)state;
    shell_expect(sh, NEW_ROUTE, 0, NULL);
    commit_field(SCHEMA_USERS, "anna", USERS_ROLE, "technician");
    json_t *end = shell_ask(sh, "{'method':'config.changes'}");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(end, "result"), "count")), 0);
    json_decref(end);
}

static void who_loses_every_role_is_told_and_hung_up_on(void **state)
{
    (void)state;
    commit_field(SCHEMA_USERS, "anna", USERS_ENABLED, "off");
    expect_closed("may not administer", "refused");
}

static void a_row_of_another_account_changes_nothing(void **state)
{
    (void)state;
    commit_field(SCHEMA_USERS, "Anna", USERS_ENABLED, "off");
    commit_field(SCHEMA_USERS, "anna2", USERS_ENABLED, "off");
    shell_expect(sh, "{'method':'who'}", 0, NULL);
}

static void a_private_instance_is_its_owners_whatever_the_table_says(void **state)
{
    (void)state;
    played.shared = false;
    info()->in_admin_group = false;
    commit_field(SCHEMA_USERS, "anna", USERS_ROLE, "administrator");
    expect_closed("may not administer", "refused");
}

/* Edits of users are refused, and neither a candidate of earlier days nor an old revision brings them in. */
static void an_operator_changes_users_on_no_way(void **state)
{
    (void)state;
    shell_expect(sh, NEW_USER, 0, NULL);
    commit_field(SCHEMA_USERS, "anna", USERS_ROLE, "operator");
    shell_expect(sh, COMMIT, 3, "refused");
    shell_expect(sh, "{'method':'config.clear'}", 0, NULL);
    shell_expect(sh, NEW_USER, 3, "refused");
    shell_expect(sh, "{'method':'config.edit','edits':[{'table':'users','verb':'clear'}]}", 3, "refused");
    shell_expect(sh, "{'method':'config.rollback','revision':'1'}", 3, "refused");
    shell_expect(sh, "{'method':'config.rollback','revision':'1','preview':true}", 0, NULL);
    shell_expect(sh, "{'method':'config.rollback','revision':'1','table':'users'}", 3, "refused");
    shell_expect(sh, "{'method':'config.rollback','revision':'1','table':'smtproutes'}", 0, NULL);
    played.pending = (struct confirmation){.revision = played.manifest.revision, .base = 1};
    shell_expect(sh, "{'method':'config.confirm','operation':'reject'}", 3, "refused");
    assert_false(played.rolling_back);
}

static void an_operator_commits_what_is_no_user(void **state)
{
    (void)state;
    commit_field(SCHEMA_USERS, "anna", USERS_ROLE, "operator");
    shell_expect(sh, NEW_ROUTE, 0, NULL);
    shell_send(sh, COMMIT);
    control_run();
    assert_true(played.committing);
    played_commit_done();
    json_decref(shell_answer(sh));
}

static void who_demotes_himself_gets_the_answer_to_his_commit(void **state)
{
    (void)state;
    shell_expect(sh,
                 "{'method':'config.edit','edits':[{'table':'users','verb':'new','key':'anna','fields':"
                 "{'enabled':false}}]}",
                 0, NULL);
    shell_send(sh, COMMIT);
    control_run();
    commit_field(SCHEMA_USERS, "anna", USERS_ENABLED, "off");
    assert_true(played.committing);
    played_commit_done();
    json_t *end = shell_answer(sh);
    assert_int_equal(json_integer_value(json_object_get(end, "status")), 0);
    json_decref(end);
    shell_send(sh, "{'method':'who'}");
    expect_closed("may not administer", "refused");
}

/* ---- idleness ---- */

static void idle_for(int minutes)
{
    info()->active = clock_mono_us() - minutes * INT64_C(60000000);
    access_end_idle();
    control_run();
}

static void a_session_ends_after_the_idle_limit_and_says_so(void **state)
{
    (void)state;
    idle_for(29);
    shell_expect(sh, "{'method':'who'}", 0, NULL);
    idle_for(30);
    expect_closed("idle for 30 minutes", "unreachable");
}

static void the_limit_that_runs_is_the_one_that_counts(void **state)
{
    (void)state;
    commit_field(SCHEMA_ACCESS, "", ACCESS_IDLE_LIMIT, "5");
    idle_for(4);
    shell_expect(sh, "{'method':'who'}", 0, NULL);
    idle_for(5);
    expect_closed("idle for 5 minutes", "unreachable");
}

/* One that could be cancelled, even. */
static void a_request_in_work_is_no_idleness_and_its_end_counts(void **state)
{
    (void)state;
    struct shell *other = shell_open();
    shell_expect(other, NEW_ROUTE, 0, NULL);
    shell_send(other, COMMIT);
    control_run();
    shell_send(sh, "{'method':'config.lookup','commit_id':'0123456789abcdef'}");
    control_run();
    idle_for(1000);
    played_commit_done();
    json_decref(shell_answer(other));
    json_t *end = shell_answer(sh);
    assert_int_equal(json_integer_value(json_object_get(end, "status")), 0);
    json_decref(end);
    access_end_idle();
    shell_expect(sh, "{'method':'who'}", 0, NULL);
    shell_close(other);
}

/* ---- log-ins ---- */

static json_t *last(const char *request)
{
    json_t *end = shell_ask(sh, request);
    json_t *rows = json_incref(json_object_get(json_object_get(end, "result"), "sessions"));
    json_decref(end);
    return rows;
}

static void expect_row(const json_t *rows, size_t i, int begin, int end, bool open)
{
    const json_t *row = json_array_get(rows, i);
    assert_int_equal(json_integer_value(json_object_get(row, "begin")), begin);
    assert_int_equal(json_integer_value(json_object_get(row, "end")), end);
    assert_int_equal(json_is_true(json_object_get(row, "open")), open);
}

/* Numbers of sessions come again after a restart: 7 was one of each life, and the older ended with the daemon. */
static void last_pairs_ends_with_begins_though_numbers_come_again(void **state)
{
    (void)state;
    char open[24];
    snprintf(open, sizeof open, "%llu", (unsigned long long)info()->id);
    const struct store_config_audit records[] = {
        {60, "anna", "", AUDIT_OPEN, open, 0},         {50, "anna", "10.1.3.14", AUDIT_CLOSE, "7", 0},
        {40, "anna", "", AUDIT_OPEN, "7", 0},          {30, "anna", "", AUDIT_OPEN, open, 0},
        {20, "anna", "10.1.3.15", AUDIT_OPEN, "7", 0}, {0}};
    played.records = records;
    json_t *rows = last("{'method':'last'}");
    assert_int_equal(json_array_size(rows), 4);
    expect_row(rows, 0, 60, 0, true);
    expect_row(rows, 1, 40, 50, false);
    expect_row(rows, 2, 30, 0, false);
    expect_row(rows, 3, 20, 0, false);
    assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 1), "from")), "10.1.3.14");
    json_decref(rows);
    rows = last("{'method':'last','limit':1}");
    assert_int_equal(json_array_size(rows), 1);
    json_decref(rows);
}

static void a_person_is_told_banner_limit_and_the_log_in_before_this_one(void **state)
{
    (void)state;
    char open[24];
    snprintf(open, sizeof open, "%llu", (unsigned long long)info()->id);
    const struct store_config_audit records[] = {{60, "anna", "", AUDIT_OPEN, open, 0},
                                                 {50, "eve", "", AUDIT_OPEN, "8", 0},
                                                 {45, "anna", "10.1.3.14", AUDIT_CLOSE, "7", 0},
                                                 {40, "anna", "", AUDIT_OPEN, "7", 0},
                                                 {0}};
    played.records = records;
    commit_field(SCHEMA_ACCESS, "", ACCESS_BANNER, "Keep out.\n");
    json_t *end = shell_ask(sh, "{'method':'hello','terminal':true}");
    json_t *welcome = json_object_get(json_object_get(end, "result"), "welcome"),
           *before = json_object_get(welcome, "last_login");
    assert_string_equal(json_string_value(json_object_get(welcome, "banner")), "Keep out.\n");
    assert_int_equal(json_integer_value(json_object_get(welcome, "idle_minutes")), 30);
    assert_int_equal(json_integer_value(json_object_get(before, "begin")), 40);
    assert_string_equal(json_string_value(json_object_get(before, "from")), "10.1.3.14");
    json_decref(end);
    end = shell_ask(sh, "{'method':'hello'}");
    assert_null(json_object_get(json_object_get(end, "result"), "welcome"));
    json_decref(end);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_next_request_is_judged_by_the_role_that_is_committed_meanwhile),
        TEST(a_role_without_permission_is_refused_and_recorded_whatever_the_text_says),
        TEST(changes_of_one_who_may_make_none_any_more_are_dropped),
        TEST(who_loses_every_role_is_told_and_hung_up_on),
        TEST(a_row_of_another_account_changes_nothing),
        TEST(a_private_instance_is_its_owners_whatever_the_table_says),
        TEST(an_operator_changes_users_on_no_way),
        TEST(an_operator_commits_what_is_no_user),
        TEST(who_demotes_himself_gets_the_answer_to_his_commit),
        TEST(a_session_ends_after_the_idle_limit_and_says_so),
        TEST(the_limit_that_runs_is_the_one_that_counts),
        TEST(a_request_in_work_is_no_idleness_and_its_end_counts),
        TEST(last_pairs_ends_with_begins_though_numbers_come_again),
        TEST(a_person_is_told_banner_limit_and_the_log_in_before_this_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
