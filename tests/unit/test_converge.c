/* Roles and control come, go, hang and lie: everyone ends on what is stored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/commit_fixture.h"

static void life_dies_preparing(void)
{
    start_with_candidates();
    fakes[ROLE_SCAN].never_prepares = true;
    commit_one();
    control_turn();
    fake_down(ROLE_SCAN);
    fakes[ROLE_SCAN].never_prepares = false;
    control_turn();
    CHECK(!outcome.done);
    fake_up(ROLE_SCAN);
    control_turn();
    CHECK(committed(&outcome, 2) && all_run(2));
    CHECK(fakes[ROLE_SCAN].whole == 2); /* it was brought to the old head first */
}

static void a_role_that_dies_while_preparing_is_brought_to_the_head_and_asked_again(void **state)
{
    (void)state;
    assert_true(control_life(life_dies_preparing));
}

static void life_dies_twice(void)
{
    start_with_candidates();
    fakes[ROLE_SCAN].dies_preparing = 2; /* of revision 2; the head it can prepare */
    commit_one();
    control_turn();
    CHECK(!outcome.done && !fakes[ROLE_SCAN].connected);
    fake_up(ROLE_SCAN);
    control_turn();
    CHECK(outcome.done && !fakes[ROLE_SCAN].connected);
    CHECK(strcmp(outcome.role, "scan") == 0 && strstr(outcome.text, "ended twice"));
    fake_up(ROLE_SCAN);
    control_turn();
    CHECK(nothing_changed(API_INVALID));
}

static void a_configuration_that_kills_a_role_twice_is_refused(void **state)
{
    (void)state;
    assert_true(control_life(life_dies_twice));
}

static void life_dies_prepared(void)
{
    start_with_candidates();
    fakes[ROLE_QUEUE].holds_answers = true;
    commit_one();
    control_turn();
    CHECK(fakes[ROLE_SMTP].prepared.number == 2);
    fake_down(ROLE_SMTP);
    fakes[ROLE_QUEUE].holds_answers = false;
    control_turn();
    CHECK(!outcome.done && head_manifest()->revision == 1); /* it had prepared, but is away */
    fake_up(ROLE_SMTP);
    control_turn();
    CHECK(committed(&outcome, 2) && all_run(2));
}

static void a_role_that_dies_after_it_prepared_has_to_prepare_again(void **state)
{
    (void)state;
    assert_true(control_life(life_dies_prepared));
}

static void life_dies_switching(void)
{
    start_with_candidates();
    fakes[ROLE_SMTP].never_applies = true;
    commit_one();
    control_turn();
    CHECK(!outcome.done && head_manifest()->revision == 2);
    fake_down(ROLE_SMTP);
    fakes[ROLE_SMTP].never_applies = false;
    fake_up(ROLE_SMTP);
    control_turn();
    CHECK(committed(&outcome, 2) && all_run(2));
    CHECK(fakes[ROLE_SMTP].whole == 2);
}

static void a_role_that_dies_after_the_transaction_gets_the_new_head(void **state)
{
    (void)state;
    assert_true(control_life(life_dies_switching));
}

static void life_does_not_follow(void)
{
    start_with_candidates();
    commit_limits.apply_ms = 50;
    fakes[ROLE_SMTP].never_applies = true;
    commit_one();
    AWAIT(outcome.done && fakes[ROLE_SMTP].stale);
    CHECK(outcome.result.status == API_NOT_APPLIED && outcome.revision == 2);
    CHECK(strcmp(outcome.role, "smtp") == 0 && fakes[ROLE_SMTP].stale == 1);
    CHECK(!config_candidate_is_changed(&candidate)); /* it is committed */
    CHECK(control_logged("role smtp does not follow revision 2") == 1);
    fakes[ROLE_SMTP].never_applies = false;
    fake_down(ROLE_SMTP); /* as the master does then */
    fake_up(ROLE_SMTP);
    control_turn();
    CHECK(all_run(2));
}

static void a_role_that_does_not_switch_is_started_anew_and_the_commit_says_so(void **state)
{
    (void)state;
    assert_true(control_life(life_does_not_follow));
}

static void life_hangs(void)
{
    start_with_candidates();
    commit_limits.prepare_ms = 50;
    fake_down(ROLE_SCAN);
    fakes[ROLE_SCAN].never_prepares = true;
    fake_up(ROLE_SCAN);
    AWAIT(fakes[ROLE_SCAN].stale == 1);
    fake_down(ROLE_SCAN);
    int64_t begin = clock_mono_us();
    fake_up(ROLE_SCAN);
    AWAIT(fakes[ROLE_SCAN].stale == 2);
    CHECK(clock_mono_us() - begin >= 100 * 1000);
}

static void a_role_that_does_not_come_to_the_head_is_started_anew_with_more_time(void **state)
{
    (void)state;
    assert_true(control_life(life_hangs));
}

static void life_hello_twice(void)
{
    start_with_candidates();
    struct buf body = {0};
    config_revision_put(&body, &(struct config_revision){0});
    config_revision_put(&body, &(struct config_revision){0});
    for (int again = 0; again < 3; again++) {
        struct wire_reader in = wire_reader_of(buf_span(&body));
        CHECK(commit_message(ROLE_SCAN, MSG_CONFIG_HELLO, &in) && wire_reader_done(&in));
    }
    buf_free(&body);
    CHECK(fakes[ROLE_SCAN].stale == 1);
}

static void a_role_that_says_hello_twice_is_started_anew(void **state)
{
    (void)state;
    assert_true(control_life(life_hello_twice));
}

static void life_refuses_head(void)
{
    start_with_candidates();
    fake_down(ROLE_SCAN);
    fakes[ROLE_SCAN].refuses = "no memory";
    fake_up(ROLE_SCAN);
    AWAIT(fakes[ROLE_SCAN].stale == 1);
    CHECK(strcmp(fakes[ROLE_SCAN].stale_why, "does not follow revision 1 (it refuses it: no memory)") == 0);
    CHECK(control_logged("no memory") == 1);
}

static void a_role_that_refuses_the_head_is_started_anew(void **state)
{
    (void)state;
    assert_true(control_life(life_refuses_head));
}

static void life_without_peers(void)
{
    start_with_candidates();
    fake_down(ROLE_PEERS);
    fake_down(ROLE_SPAMD);
    commit_one();
    control_turn();
    CHECK(committed(&outcome, 2));
    CHECK(fakes[ROLE_PEERS].running.number == 0);
    fake_up(ROLE_PEERS);
    fake_up(ROLE_SPAMD);
    control_turn();
    CHECK(all_run(2));
}

static void a_dispensable_role_that_is_away_holds_up_no_commit_and_gets_it_when_it_comes(void **state)
{
    (void)state;
    assert_true(control_life(life_without_peers));
}

static void life_dispensable_dies_preparing(void)
{
    start_with_candidates();
    fakes[ROLE_QUEUE].holds_answers = true;
    fakes[ROLE_PEERS].dies_preparing = 2;
    commit_one();
    for (int deaths = 0; deaths < 3; deaths++) {
        control_turn();
        CHECK(!outcome.done && !fakes[ROLE_PEERS].connected);
        fake_up(ROLE_PEERS);
    }
    control_turn();
    fakes[ROLE_QUEUE].holds_answers = false;
    control_turn();
    CHECK(committed(&outcome, 2));
    fakes[ROLE_PEERS].dies_preparing = 0;
    fake_up(ROLE_PEERS);
    control_turn();
    CHECK(all_run(2));
}

static void a_dispensable_role_that_keeps_dying_refuses_no_commit(void **state)
{
    (void)state;
    assert_true(control_life(life_dispensable_dies_preparing));
}

static void life_dispensable_refuses(void)
{
    start_with_candidates();
    fakes[ROLE_PEERS].refuses = "no memory";
    commit_one();
    control_turn();
    CHECK(nothing_changed(API_INVALID) && strcmp(outcome.role, "peers") == 0);
}

static void a_dispensable_role_that_is_there_has_its_say(void **state)
{
    (void)state;
    assert_true(control_life(life_dispensable_refuses));
}

/* --- control itself dies: what the roles have is what they had --- */

static struct config_revision first, second;

static void life_first(void)
{
    start_with_candidates();
    commit_one();
    control_turn();
    CHECK(committed(&outcome, 2));
}

static void life_head_moved_while_away(void)
{
    struct error error;
    CHECK(head_open(&error));
    second = (struct config_revision){.number = 2, .commit_id = "commit-one"};
    first = (struct config_revision){.number = 1, .commit_id = "something"};
    /* One had prepared it, one something else of that number, one runs it, one never heard of it. */
    fakes[ROLE_SMTP] = (struct fake_role){.running = first, .prepared = second};
    fakes[ROLE_QUEUE] = (struct fake_role){.running = first, .prepared = {2, "another"}};
    fakes[ROLE_SCAN] = (struct fake_role){.running = second, .prepared = {3, "another"}};
    for (int role = 0; role < ROLE_COUNT; role++)
        if (role_table[role].reader)
            fake_up(role);
    control_turn();
    CHECK(all_run(2));
    CHECK(fakes[ROLE_SMTP].begins == 0); /* it only switched */
    CHECK(fakes[ROLE_QUEUE].whole == 1); /* it was given it */
    CHECK(fakes[ROLE_SCAN].begins == 0 && fakes[ROLE_SCAN].heads == 1);
    CHECK(strcmp(fakes[ROLE_QUEUE].running.commit_id, "commit-one") == 0);
}

static void after_control_died_every_role_is_brought_to_what_is_stored(void **state)
{
    (void)state;
    assert_true(control_life(life_first));
    assert_true(control_life(life_head_moved_while_away));
}

static void life_id_again(void)
{
    control_start();
    config_candidate_begin(&candidate, head_manifest()->revision, head_tree());
    fakes[ROLE_QUEUE].holds_answers = true;
    fake_down(ROLE_QUEUE);
    commit_one();
    control_turn();
    /* The queue comes with what a control before this one had it prepare under the same id. */
    fakes[ROLE_QUEUE].running = (struct config_revision){.number = 1};
    memcpy(fakes[ROLE_QUEUE].running.commit_id, head_manifest()->commit_id, COMMIT_ID_MAX + 1);
    fakes[ROLE_QUEUE].prepared = (struct config_revision){2, "commit-one"};
    fakes[ROLE_QUEUE].holds_answers = false;
    unsigned begins = fakes[ROLE_QUEUE].begins;
    fake_up(ROLE_QUEUE);
    control_turn();
    CHECK(committed(&outcome, 2) && all_run(2));
    CHECK(fakes[ROLE_QUEUE].begins == begins + 1 && fakes[ROLE_QUEUE].rows == 1);
}

static void what_was_prepared_for_another_control_under_the_same_id_is_prepared_anew(void **state)
{
    (void)state;
    assert_true(control_life(life_id_again));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, control_set_up, control_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_role_that_dies_while_preparing_is_brought_to_the_head_and_asked_again),
        TEST(a_configuration_that_kills_a_role_twice_is_refused),
        TEST(a_role_that_dies_after_it_prepared_has_to_prepare_again),
        TEST(a_role_that_dies_after_the_transaction_gets_the_new_head),
        TEST(a_role_that_does_not_switch_is_started_anew_and_the_commit_says_so),
        TEST(a_role_that_does_not_come_to_the_head_is_started_anew_with_more_time),
        TEST(a_role_that_says_hello_twice_is_started_anew),
        TEST(a_role_that_refuses_the_head_is_started_anew),
        TEST(a_dispensable_role_that_is_away_holds_up_no_commit_and_gets_it_when_it_comes),
        TEST(a_dispensable_role_that_keeps_dying_refuses_no_commit),
        TEST(a_dispensable_role_that_is_there_has_its_say),
        TEST(after_control_died_every_role_is_brought_to_what_is_stored),
        TEST(what_was_prepared_for_another_control_under_the_same_id_is_prepared_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
