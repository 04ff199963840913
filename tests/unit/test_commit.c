/* The commit path among fake roles: all or nothing, whoever refuses, is slow or dies, and when. */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/commit_fixture.h"

static struct outcome other_outcome;

static void life_commit(void)
{
    start_with_candidates();
    commit_one();
    CHECK(commit_is_under_way("commit-one"));
    control_turn();
    CHECK(committed(&outcome, 2) && all_run(2) && head_has("one.example"));
    CHECK(!commit_is_under_way("commit-one"));
    CHECK(!config_candidate_is_changed(&candidate) && candidate.base_revision == 2);
    CHECK(control_logged("revision 2 committed by admin: commit-one") == 1);
    CHECK(fakes[ROLE_SMTP].rows == 1 && fakes[ROLE_QUEUE].rows == 1); /* who reads smtproutes */
    CHECK(fakes[ROLE_SCAN].rows == 0 && fakes[ROLE_LOG].rows == 0);
    CHECK(fakes[ROLE_SMTP].whole == 1); /* when it connected */
}

static void a_commit_is_the_head_and_runs_in_every_role(void **state)
{
    (void)state;
    assert_true(control_life(life_commit));
}

static void life_nothing(void)
{
    start_with_candidates();
    start_commit(&candidate, "nothing", &outcome);
    control_turn();
    CHECK(outcome.done && outcome.result.status == API_DONE && !outcome.result.manifest);
    CHECK(head_manifest()->revision == 1);
}

static void without_a_change_there_is_nothing_to_commit(void **state)
{
    (void)state;
    assert_true(control_life(life_nothing));
}

static void life_check(void)
{
    start_with_candidates();
    put_route(&candidate, "one.example", "mx.one.example:25");
    start_check(&candidate, &outcome);
    control_turn();
    CHECK(nothing_changed(API_DONE));
    CHECK(fakes[ROLE_SCAN].begins == 2); /* the roles were asked */
    fakes[ROLE_SCAN].refuses = "no";
    start_check(&candidate, &outcome);
    control_turn();
    CHECK(nothing_changed(API_INVALID));
}

static void a_check_prepares_in_every_role_and_commits_nothing(void **state)
{
    (void)state;
    assert_true(control_life(life_check));
}

static void life_refusal(void)
{
    start_with_candidates();
    fakes[ROLE_SCAN].refuses = "the model cannot be read";
    commit_one();
    control_turn();
    CHECK(nothing_changed(API_INVALID));
    CHECK(strcmp(outcome.role, "scan") == 0 && strstr(outcome.text, "the model cannot be read"));
    fakes[ROLE_SCAN].refuses = NULL;
    start_commit(&candidate, "again", &outcome);
    control_turn();
    CHECK(committed(&outcome, 2) && all_run(2)); /* the number is used again, for another commit id */
}

static void a_role_that_refuses_aborts_with_its_reason_and_everyone_discards(void **state)
{
    (void)state;
    assert_true(control_life(life_refusal));
}

static void life_slow(void)
{
    start_with_candidates();
    commit_limits.prepare_ms = 50;
    fakes[ROLE_QUEUE].never_prepares = true;
    commit_one();
    AWAIT(outcome.done);
    CHECK(nothing_changed(API_INVALID));
    CHECK(strcmp(outcome.role, "queue") == 0 && strstr(outcome.text, "in time"));
    CHECK(fakes[ROLE_QUEUE].stale == 0); /* slow is no crime: it runs the head */
}

static void a_role_that_is_too_slow_to_prepare_aborts(void **state)
{
    (void)state;
    assert_true(control_life(life_slow));
}

static void life_late_answer(void)
{
    start_with_candidates();
    commit_limits.prepare_ms = 50;
    fakes[ROLE_QUEUE].holds_answers =
        true; /* it refuses, and says so only when the next commit is under way */
    fakes[ROLE_QUEUE].refuses = "no";
    commit_one();
    AWAIT(outcome.done);
    CHECK(outcome.result.status == API_INVALID);
    commit_limits.prepare_ms = 10000;
    fakes[ROLE_QUEUE].refuses = NULL;
    start_commit(&candidate, "again", &outcome);
    control_turn();
    fakes[ROLE_QUEUE].holds_answers = false;
    control_turn();
    CHECK(committed(&outcome, 2) && all_run(2) && fakes[ROLE_QUEUE].stale == 0);
}

static void the_late_answer_to_an_aborted_commit_is_not_taken_for_one_to_the_next(void **state)
{
    (void)state;
    assert_true(control_life(life_late_answer));
}

static void life_late_same_id(void)
{
    start_with_candidates();
    commit_limits.prepare_ms = 50;
    fakes[ROLE_QUEUE].holds_answers = true; /* it prepares, and says so only during the next try */
    commit_one();
    AWAIT(outcome.done);
    commit_limits.prepare_ms = 10000;
    fakes[ROLE_QUEUE].refuses = "no";
    start_commit(&candidate, "commit-one", &outcome);
    control_turn();
    fakes[ROLE_QUEUE].holds_answers = false;
    control_turn();
    CHECK(nothing_changed(API_INVALID));
}

static void nor_when_the_next_has_the_same_id(void **state)
{
    (void)state;
    assert_true(control_life(life_late_same_id));
}

static void life_discards_nothing(void)
{
    start_with_candidates();
    commit_limits.apply_ms = 50;
    fakes[ROLE_SCAN].refuses = "no";
    fakes[ROLE_QUEUE].never_applies = true;
    commit_one();
    AWAIT(fakes[ROLE_QUEUE].stale == 1);
    CHECK(outcome.done && outcome.result.status == API_INVALID);
}

static void a_role_that_does_not_discard_is_started_anew(void **state)
{
    (void)state;
    assert_true(control_life(life_discards_nothing));
}

static void set_default_policy(struct config_candidate *c, unsigned field, int64_t number)
{
    struct schema_value values[POLICY_FIELD_COUNT];
    struct config_table *table = config_candidate_take(c, head_place(), SCHEMA_INCOMING_POLICY);
    memcpy(values, config_table_find(table, SPAN("DEFAULT"))->values, sizeof values);
    values[field].number = number;
    config_table_put(&table, schema_row_new(&schema_tables[SCHEMA_INCOMING_POLICY], values));
    config_candidate_give(c, head_place(), SCHEMA_INCOMING_POLICY, table);
}

static void life_invalid(void)
{
    start_with_candidates();
    put_route(&candidate, "one.example", "mx.one.example:25");
    set_default_policy(&candidate, POLICY_SUSPECT_THRESHOLD, 99); /* above the one of spam */
    start_commit(&candidate, "invalid", &outcome);
    control_turn();
    CHECK(nothing_changed(API_INVALID) && outcome.text[0] && outcome.role[0] == '\0');
    CHECK(fakes[ROLE_SCAN].begins == 1); /* nobody was asked */
}

static void an_invalid_whole_is_refused_before_any_role_is_asked(void **state)
{
    (void)state;
    assert_true(control_life(life_invalid));
}

static void life_used_id(void)
{
    start_with_candidates();
    commit_one();
    control_turn();
    put_route(&candidate, "two.example", "mx.two.example:25");
    start_commit(&candidate, "commit-one", &outcome);
    control_turn();
    CHECK(outcome.done && outcome.result.status == API_FAILED && head_manifest()->revision == 2);
}

static void life_unreadable_id(void)
{
    sqlite3 *db;
    start_with_candidates();
    commit_one();
    control_turn();
    CHECK(sqlite3_open("config/config.db", &db) == SQLITE_OK);
    CHECK(sqlite3_exec(db, "UPDATE revision SET manifest = 'x' WHERE number = 2", NULL, NULL, NULL) ==
          SQLITE_OK);
    sqlite3_close(db);
    put_route(&candidate, "two.example", "mx.two.example:25");
    unsigned begins = fakes[ROLE_SCAN].begins;
    start_commit(&candidate, "commit-one", &outcome);
    control_turn();
    CHECK(outcome.done && outcome.result.status == API_FAILED && fakes[ROLE_SCAN].begins == begins);
}

static void an_id_whose_record_cannot_be_read_is_refused_before_any_role_is_asked(void **state)
{
    (void)state;
    assert_true(control_life(life_unreadable_id));
}

static void a_commit_id_is_used_once(void **state)
{
    (void)state;
    assert_true(control_life(life_used_id));
}

/* --- two sessions --- */

static void life_two(void)
{
    start_with_candidates();
    fakes[ROLE_SCAN].holds_answers = true;
    set_default_policy(&candidate, POLICY_ANTISPAM, 1); /* in vain: there is a warning */
    commit_one();
    control_turn();
    put_route(&other, "two.example", "mx.two.example:25");
    start_commit(&other, "commit-two", &other_outcome);
    control_turn();
    CHECK(outcome.warnings == 1); /* the second did not begin the first anew */
    CHECK(!outcome.done && !other_outcome.done && commit_is_under_way("commit-two"));
    CHECK(head_manifest()->revision == 1);
    fakes[ROLE_SCAN].holds_answers = false;
    control_turn();
    CHECK(committed(&outcome, 2) && committed(&other_outcome, 3) && all_run(3));
    CHECK(head_has("one.example") && head_has("two.example"));
}

static void a_second_commit_waits_and_then_lands_on_the_first(void **state)
{
    (void)state;
    assert_true(control_life(life_two));
}

static void life_conflict(void)
{
    start_with_candidates();
    commit_one();
    put_route(&other, "one.example", "other.example:25");
    start_commit(&other, "commit-two", &other_outcome);
    control_turn();
    CHECK(committed(&outcome, 2));
    CHECK(other_outcome.done && other_outcome.result.status == API_CONFLICT && other_outcome.conflicts == 1);
    CHECK(other.base_revision == 1 &&
          span_equal(route_of(other.mine, "one.example"), SPAN("other.example:25")));
    CHECK(span_equal(route_of(head_tree(), "one.example"), SPAN("mx.one.example:25")) && all_run(2));
}

static void a_conflict_is_told_and_leaves_the_second_candidate_as_it_was(void **state)
{
    (void)state;
    assert_true(control_life(life_conflict));
}

static void life_same(void)
{
    start_with_candidates();
    commit_one();
    put_route(&other, "one.example", "mx.one.example:25");
    start_commit(&other, "commit-two", &other_outcome);
    control_turn();
    CHECK(other_outcome.done && other_outcome.result.status == API_DONE && !other_outcome.result.manifest);
    CHECK(head_manifest()->revision == 2);
    CHECK(!config_candidate_is_changed(&other) && other.base_revision == 2);
    put_route(&candidate, "one.example", "mx.three.example:25");
    start_commit(&candidate, "commit-three", &outcome);
    put_route(&other, "two.example", "mx.two.example:25"); /* of the old change nothing is left to conflict */
    start_commit(&other, "commit-four", &other_outcome);
    control_turn();
    CHECK(committed(&outcome, 3) && committed(&other_outcome, 4));
}

static void the_same_change_twice_is_one_revision_and_nothing_stays_pending(void **state)
{
    (void)state;
    assert_true(control_life(life_same));
}

static void roll_back(struct config_candidate *c, const char *commit_id)
{
    struct commit_request request = {.candidate = c};
    struct error error;
    config_tree_unref(c->mine);
    c->mine = head_load_tree(1, &error);
    request.manifest = (struct manifest){
        .author = "admin", .source = "", .host = "gw.example", .comment = "back", .rollback_of = 1};
    snprintf(request.manifest.commit_id, sizeof request.manifest.commit_id, "%s", commit_id);
    commit_start(&request, &(struct commit_handler){0});
}

static void life_rollback(void)
{
    start_with_candidates();
    commit_one();
    control_turn();
    put_route(&other, "two.example", "mx.two.example:25");
    start_commit(&other, "commit-two", &other_outcome);
    roll_back(&candidate, "back-one"); /* without two.example, which it never saw */
    control_turn();
    CHECK(head_manifest()->revision == 4 && !head_has("one.example") && head_has("two.example"));
    CHECK(head_manifest()->rollback_of == 0);
    roll_back(&candidate, "back-two");
    control_turn();
    CHECK(head_manifest()->revision == 5 && head_manifest()->rollback_of == 1);
}

static void a_commit_is_a_rollback_only_when_it_ends_as_that_revision(void **state)
{
    (void)state;
    assert_true(control_life(life_rollback));
}

static void life_forgotten(void)
{
    start_with_candidates();
    fakes[ROLE_SCAN].holds_answers = true;
    commit_one();
    put_route(&other, "two.example", "mx.two.example:25");
    start_commit(&other, "commit-two", &other_outcome);
    control_turn();
    commit_forget(&candidate); /* it is in work and goes on */
    commit_forget(&other);     /* it only waited */
    config_candidate_end(&candidate);
    config_candidate_end(&other);
    fakes[ROLE_SCAN].holds_answers = false;
    control_turn();
    CHECK(!outcome.done && !other_outcome.done);
    CHECK(head_manifest()->revision == 2 && head_has("one.example") && all_run(2));
    CHECK(!commit_is_under_way("commit-one") && !commit_is_under_way("commit-two"));
}

static void a_session_that_goes_leaves_the_commit_in_work_and_drops_the_waiting_one(void **state)
{
    (void)state;
    assert_true(control_life(life_forgotten));
}

/* --- costs --- */

static int64_t count_blobs(void)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    CHECK(sqlite3_open("config/config.db", &db) == SQLITE_OK);
    CHECK(sqlite3_prepare_v2(db, "SELECT count(*) FROM blob", -1, &stmt, NULL) == SQLITE_OK);
    CHECK(sqlite3_step(stmt) == SQLITE_ROW);
    int64_t count = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return count;
}

static void life_costs(void)
{
    start_with_candidates();
    add_routes(&candidate, "many", 10000);
    start_commit(&candidate, "many", &outcome);
    control_turn();
    CHECK(committed(&outcome, 2) && fakes[ROLE_SMTP].rows == 10000);
    CHECK(fakes[ROLE_SMTP].pieces > 1); /* not one message that keeps all others waiting */
    int64_t blobs = count_blobs();
    put_route(&candidate, "one.example", "mx.one.example:25");
    start_commit(&candidate, "one", &outcome);
    control_turn();
    CHECK(committed(&outcome, 3) && all_run(3));
    CHECK(fakes[ROLE_SMTP].rows == 1 && fakes[ROLE_QUEUE].rows == 1);
    CHECK(count_blobs() - blobs == 2); /* one chunk and the level tree */
}

static void one_row_on_top_of_ten_thousand_is_one_chunk_and_one_row_to_the_roles(void **state)
{
    (void)state;
    assert_true(control_life(life_costs));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, control_set_up, control_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_commit_is_the_head_and_runs_in_every_role),
        TEST(without_a_change_there_is_nothing_to_commit),
        TEST(a_check_prepares_in_every_role_and_commits_nothing),
        TEST(a_role_that_refuses_aborts_with_its_reason_and_everyone_discards),
        TEST(a_role_that_is_too_slow_to_prepare_aborts),
        TEST(the_late_answer_to_an_aborted_commit_is_not_taken_for_one_to_the_next),
        TEST(nor_when_the_next_has_the_same_id),
        TEST(a_role_that_does_not_discard_is_started_anew),
        TEST(an_invalid_whole_is_refused_before_any_role_is_asked),
        TEST(a_commit_id_is_used_once),
        TEST(an_id_whose_record_cannot_be_read_is_refused_before_any_role_is_asked),
        TEST(a_second_commit_waits_and_then_lands_on_the_first),
        TEST(a_conflict_is_told_and_leaves_the_second_candidate_as_it_was),
        TEST(the_same_change_twice_is_one_revision_and_nothing_stays_pending),
        TEST(a_commit_is_a_rollback_only_when_it_ends_as_that_revision),
        TEST(a_session_that_goes_leaves_the_commit_in_work_and_drops_the_waiting_one),
        TEST(one_row_on_top_of_ten_thousand_is_one_chunk_and_one_row_to_the_roles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
