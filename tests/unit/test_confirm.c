/* Commits that wait for their confirmation: durable, on a clock that nobody sets, undone as a commit like any other. */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "daemon/control/confirmation.h"
#include "daemon/control/labels.h"
#include "daemon/control/roll_back.h"
#include "tests/unit/commit_fixture.h"

#define SECOND INT64_C(1000000)
#define HOUR (3600 * SECOND)

static struct outcome answer;

static void on_answer(void *context, const struct commit_result *result)
{
    struct outcome *o = context;
    o->done = true;
    o->revision = result->manifest ? result->manifest->revision : 0;
}

static void commit_for(int64_t within)
{
    put_route(&candidate, "one.example", "mx.one.example:25");
    start_confirmed_commit(&candidate, "commit-one", within, &outcome);
    control_turn();
    CHECK(committed(&outcome, 2) && all_run(2) && head_has("one.example"));
    CHECK(confirmation_pending() && confirmation_pending()->revision == 2 &&
          confirmation_pending()->base == 1);
}

static bool is_undone(void)
{
    return head_manifest()->revision == 3 && head_manifest()->rollback_of == 1 && !head_has("one.example") &&
           !confirmation_pending() &&
           control_logged("revision 2 was not confirmed; revision 3 restores revision 1");
}

static void life_deadline(void)
{
    start_with_candidates();
    commit_for(50000);
    AWAIT(is_undone());
    AWAIT(all_run(3));
    CHECK(control_noticed("revision 3 restores revision 1"));
}

static void what_nobody_confirms_is_undone_at_the_deadline(void **state)
{
    (void)state;
    assert_true(control_life(life_deadline));
}

static void life_accept(void)
{
    struct error error;
    start_with_candidates();
    commit_for(HOUR);
    CHECK(confirmation_left() > HOUR - 60 * SECOND);
    CHECK(confirmation_accept("admin", "", &error) && !confirmation_pending());
    put_route(&candidate, "two.example", "mx.two.example:25");
    start_commit(&candidate, "commit-two", &outcome);
    control_turn();
    CHECK(committed(&outcome, 3));
}

static void what_is_accepted_stays_and_others_may_commit_again(void **state)
{
    (void)state;
    assert_true(control_life(life_accept));
}

static void life_others_wait(void)
{
    start_with_candidates();
    commit_for(HOUR);
    put_route(&other, "two.example", "mx.two.example:25");
    start_commit(&other, "commit-two", &outcome);
    control_turn();
    CHECK(outcome.done && outcome.result.error == API_ERROR_UNCONFIRMED &&
          outcome.result.status == API_FAILED);
    CHECK(config_candidate_is_changed(&other) && head_manifest()->revision == 2);
    start_confirmed_commit(&other, "commit-three", HOUR, &outcome);
    control_turn();
    CHECK(outcome.done && outcome.result.error == API_ERROR_UNCONFIRMED);
    start_check(&other, &outcome); /* a check commits nothing */
    control_turn();
    CHECK(outcome.done && outcome.result.status == API_DONE);
}

static void until_then_every_other_commit_is_refused_and_its_candidate_stays(void **state)
{
    (void)state;
    assert_true(control_life(life_others_wait));
}

static void life_reject(void)
{
    start_with_candidates();
    commit_for(HOUR);
    roll_back_now("bob", "10.1.3.14", &(struct commit_handler){.done = on_answer, .context = &answer});
    CHECK(roll_back_is_under_way());
    control_turn();
    CHECK(answer.done && answer.revision == 3 && is_undone() && all_run(3) && !roll_back_is_under_way());
    CHECK(strcmp(head_manifest()->author, "bob") == 0);
}

static void what_is_rejected_is_undone_at_once(void **state)
{
    (void)state;
    assert_true(control_life(life_reject));
}

static void life_roles_refuse(void)
{
    start_with_candidates();
    commit_for(HOUR);
    fakes[ROLE_SMTP].refuses = "not that one again";
    commit_limits.apply_ms = 50; /* then it is started anew */
    roll_back_now("bob", "", &(struct commit_handler){.done = on_answer, .context = &answer});
    AWAIT(is_undone());
    CHECK(fakes[ROLE_SMTP].stale > 0);
    CHECK(control_logged(
        "cannot prepare this configuration: not that one again; the revision before is restored"));
}

static void a_role_cannot_keep_what_was_not_confirmed(void **state)
{
    (void)state;
    assert_true(control_life(life_roles_refuse));
}

/* ---- over the end of control ---- */

static void life_commits_and_dies(void)
{
    start_with_candidates();
    commit_for(HOUR);
}

static void life_still_pending(void)
{
    control_start();
    CHECK(head_manifest()->revision == 2 && confirmation_pending() && confirmation_pending()->base == 1);
    CHECK(confirmation_left() > HOUR - 60 * SECOND);
}

static void a_confirmation_survives_the_end_of_control(void **state)
{
    (void)state;
    assert_true(control_life(life_commits_and_dies));
    assert_true(control_life(life_still_pending));
}

static void change_store(const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open("config/config.db", &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void life_undone_at_start(void)
{
    struct error error;
    CHECK(head_open(&error)); /* no role has been told anything yet */
    CHECK(is_undone());
}

static void a_deadline_that_passed_meanwhile_is_undone_before_any_role_starts(void **state)
{
    (void)state;
    assert_true(control_life(life_commits_and_dies));
    change_store("UPDATE confirmation SET boot_deadline = 1");
    assert_true(control_life(life_undone_at_start));
}

static void life_starts_all_the_same(void)
{
    struct error error;
    CHECK(head_open(&error));
    CHECK(head_manifest()->revision == 2 && confirmation_pending() && control_logged("no room"));
}

static void a_store_that_takes_nothing_keeps_no_gateway_from_starting(void **state)
{
    (void)state;
    assert_true(control_life(life_commits_and_dies));
    change_store("UPDATE confirmation SET boot_deadline = 1;"
                 "CREATE TRIGGER full BEFORE INSERT ON revision BEGIN SELECT RAISE(ABORT, 'no room'); END");
    assert_true(control_life(life_starts_all_the_same));
    change_store("DROP TRIGGER full");
    assert_true(control_life(life_undone_at_start));
}

static void within_a_boot_the_wall_clock_does_not_count(void **state)
{
    (void)state;
    assert_true(control_life(life_commits_and_dies));
    change_store("UPDATE confirmation SET deadline = 1");
    assert_true(control_life(life_still_pending));
}

static void after_another_boot_the_wall_clock_counts(void **state)
{
    (void)state;
    assert_true(control_life(life_commits_and_dies));
    change_store("UPDATE confirmation SET boot_id = 'another', boot_deadline = 1");
    assert_true(control_life(life_still_pending));
    change_store("UPDATE confirmation SET deadline = 1");
    assert_true(control_life(life_undone_at_start));
}

static void life_a_week_at_most(void)
{
    control_start();
    CHECK(confirmation_left() <= API_CONFIRM_MAX * SECOND);
}

static void a_clock_that_is_far_behind_after_a_boot_keeps_it_pending_for_a_week_at_most(void **state)
{
    (void)state;
    assert_true(control_life(life_commits_and_dies));
    change_store("UPDATE confirmation SET boot_id = 'another', deadline = deadline + 315360000000000");
    assert_true(control_life(life_a_week_at_most));
}

/* ---- labels ---- */

static void commit_many(unsigned count)
{
    static unsigned serial;
    char domain[32];
    for (unsigned i = 0; i < count; i++) {
        snprintf(domain, sizeof domain, "n%u.example", serial++);
        config_candidate_end(&candidate);
        config_candidate_begin(&candidate, head_manifest()->revision, head_tree());
        put_route(&candidate, domain, "mx.example:25");
        start_commit(&candidate, domain, &outcome);
        control_turn();
        CHECK(outcome.done && outcome.result.status == API_DONE);
    }
}

static void life_labels(void)
{
    struct error error;
    uint64_t found;
    start_with_candidates();
    commit_many(3);
    CHECK(label_set("rescue", 2, &error) && label_find("rescue", &found, &error) && found == 2);
    CHECK(label_find("other", &found, &error) && found == 0);
    CHECK(!label_check_name("running", &error) && !label_check_name("2nd", &error) &&
          !label_check_name("a b", &error) && label_check_name("before-upgrade_2.1", &error));
    commit_many(REVISIONS_STORED);
    AWAIT(!head_load_tree(3, &error)); /* forgotten, like all of its age */
    struct config_tree *kept = head_load_tree(2, &error);
    CHECK(kept && route_of(kept, "n0.example").n && !route_of(kept, "n1.example").n);
    config_tree_unref(kept);
    CHECK(label_remove("rescue", &error) && label_find("rescue", &found, &error) && found == 0);
}

static void a_revision_with_a_label_is_kept_however_old(void **state)
{
    (void)state;
    assert_true(control_life(life_labels));
}

static void life_hostile_label(void)
{
    control_start();
    json_t *labels = labels_json();
    CHECK(json_object_size(labels) == 1 && json_object_get(labels, "sound"));
    json_decref(labels);
}

static void a_label_that_nobody_can_have_given_is_not_shown(void **state)
{
    (void)state;
    assert_true(control_life(life_commits_and_dies));
    change_store("INSERT INTO label VALUES ('sound', 1), ('a' || char(27) || '[2J', 1)");
    assert_true(control_life(life_hostile_label));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, control_set_up, control_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_nobody_confirms_is_undone_at_the_deadline),
        TEST(what_is_accepted_stays_and_others_may_commit_again),
        TEST(until_then_every_other_commit_is_refused_and_its_candidate_stays),
        TEST(what_is_rejected_is_undone_at_once),
        TEST(a_role_cannot_keep_what_was_not_confirmed),
        TEST(a_confirmation_survives_the_end_of_control),
        TEST(a_deadline_that_passed_meanwhile_is_undone_before_any_role_starts),
        TEST(a_store_that_takes_nothing_keeps_no_gateway_from_starting),
        TEST(within_a_boot_the_wall_clock_does_not_count),
        TEST(after_another_boot_the_wall_clock_counts),
        TEST(a_clock_that_is_far_behind_after_a_boot_keeps_it_pending_for_a_week_at_most),
        TEST(a_revision_with_a_label_is_kept_however_old),
        TEST(a_label_that_nobody_can_have_given_is_not_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
