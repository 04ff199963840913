/* Generations of scan workers, with real processes: how one takes over from another, and what is refused. */
#define _GNU_SOURCE /* kill */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>

#include "tests/unit/pool_fixture.h"

static void before_the_first_generation_is_applied_messages_wait(void **state)
{
    (void)state;
    pool_make();
    submit(1, GOOD);
    struct runtime rt = make_runtime();
    prepare(&rt);
    run_a_while();
    assert_int_equal(t.results, 0);
    assert_int_equal(pool_job_count(t.pool, 0), 1);
    t.expected = 1;
    apply(7);
    run_until(1);
    assert_int_equal(t.revision_of[1], 7);
    pool_end(NULL);
}

static void each_message_has_the_revision_with_which_it_was_handed_out(void **state)
{
    (void)state;
    struct runtime rt = make_runtime();
    prepare(&rt);
    for (uint64_t mid = 1; mid <= 40; mid++)
        submit(mid, GOOD); /* two go out at once, the others wait */
    apply(2);
    for (uint64_t mid = 41; mid <= 50; mid++)
        submit(mid, GOOD);
    run_until(50);
    for (uint64_t mid = 1; mid <= 50; mid++)
        assert_int_equal(t.revision_of[mid], mid <= 2 ? 1 : 2);
    expect_children_named("scan-zygote", 1);
    expect_children_named("scan-worker", 2);
}

static void the_new_generation_judges_by_the_new_configuration(void **state)
{
    (void)state;
    struct runtime rt = make_runtime();
    rt.judge.policies[JUDGE_INCOMING].name = SPAN("NEW");
    rt.judge.scanners[JUDGE_SCANNER_ANTISPAM].on = false;
    prepare(&rt);
    apply(2);
    submit(1, GOOD);
    run_until(1);
    struct arena *arena = arena_new();
    struct judge_result result;
    assert_true(judge_result_get(buf_span(&t.last_result), strlen(GOOD), 1, arena, &result));
    assert_int_equal(result.children[0].verdict, JUDGE_OFF);
    assert_true(span_equal(result.children[0].policy, SPAN("NEW")));
    arena_free(arena);
}

static void a_message_of_the_old_generation_may_take_its_time_and_its_worker_s_life(void **state)
{
    (void)state;
    struct runtime rt = make_runtime();
    prepare(&rt);
    submit(1, HANG);
    apply(2);
    submit(2, GOOD);
    submit(3, GOOD);
    assert_int_equal(pool_job_count(t.pool, 0), 3);
    run_until(3);
    assert_int_equal(t.crashed_mid, 1);
    assert_memory_equal(t.cause, "wall time 1 s", strlen("wall time 1 s"));
    expect_children_named("scan-worker", 2);
}

static void a_third_generation_is_prepared_while_the_first_one_drains(void **state)
{
    (void)state;
    submit(1, HANG);
    for (uint64_t revision = 2; revision <= 3; revision++) {
        struct runtime rt = make_runtime();
        prepare(&rt);
        assert_string_equal(t.refusal.text, "");
        apply(revision);
        submit(revision, GOOD);
    }
    run_until(3);
    assert_int_equal(t.results, 2);
    assert_int_equal(t.revision_of[3], 3);
    expect_children_named("scan-zygote", 1);
    expect_children_named("scan-worker", 2);
}

static void what_was_prepared_can_be_discarded(void **state)
{
    (void)state;
    struct runtime ready = make_runtime(), unready = make_runtime();
    prepare(&ready);
    pool_discard(t.pool);
    begin_to_prepare(&unready);
    pool_discard(t.pool);
    submit(1, GOOD);
    run_until(1);
    run_a_while();
    assert_int_equal(t.answers, 2); /* the one of the setup, and the first one's */
    assert_int_equal(t.revision_of[1], 1);
    expect_children_named("scan-zygote", 1);
    expect_children_named("scan-worker", 2);
}

static void the_last_of_two_prepares_is_the_one_that_counts(void **state)
{
    (void)state;
    struct runtime first = make_runtime(), second = make_runtime();
    begin_to_prepare(&first);
    prepare(&second);
    run_a_while();
    assert_int_equal(t.answers, 2);
    apply(2);
    submit(1, GOOD);
    run_until(1);
    assert_int_equal(t.revision_of[1], 2);
}

static void expect_refused(const struct runtime *rt, const char *reason)
{
    prepare(rt);
    assert_string_equal(t.refusal.text, reason);
    submit(1, GOOD);
    run_until(1);
    assert_int_equal(t.revision_of[1], 1);
    expect_children_named("scan-zygote", 1);
    expect_children_named("scan-worker", 2);
}

static void a_generation_that_judges_the_test_message_wrongly_is_refused(void **state)
{
    (void)state;
    struct runtime rt = make_runtime();
    rt.judge.policies[JUDGE_INCOMING].positive.header = SPAN("X-Mailward-Test: refuse-prepare");
    expect_refused(&rt, "the test message was not judged as it must be");
}

static void a_generation_that_does_not_survive_the_test_message_is_refused(void **state)
{
    (void)state;
    struct runtime rt = make_runtime();
    rt.judge.policies[JUDGE_INCOMING].positive.header = SPAN("X-Mailward-Test: crash");
    expect_refused(&rt, "the test message killed its worker (signal 6)");
}

static void a_generation_that_does_not_answer_in_time_is_refused(void **state)
{
    (void)state;
    struct runtime rt = make_runtime();
    rt.judge.policies[JUDGE_INCOMING].positive.header = SPAN("X-Mailward-Test: hang");
    expect_refused(&rt, "the new workers were not ready in time");
}

static void a_zygote_that_dies_while_it_prepares_is_a_refusal(void **state)
{
    (void)state;
    struct runtime rt = make_runtime();
    begin_to_prepare(&rt);
    kill(youngest_child(), SIGKILL);
    await_prepared();
    assert_non_null(strstr(t.refusal.text, "zygote"));
    submit(1, GOOD);
    run_until(1);
    expect_children_named("scan-zygote", 1);
}

static void nobody_hears_of_the_test_message_though_all_die_that_prepare(void **state)
{
    (void)state;
    struct runtime rt = make_runtime();
    rt.judge.policies[JUDGE_INCOMING].positive.header = SPAN("X-Mailward-Test: hang");
    begin_to_prepare(&rt);
    run_a_while();
    expect_children_named("scan-worker", 4);
    kill(find_child("scan-zygote"), SIGKILL);
    for (pid_t pid; (pid = find_child("scan-worker"));)
        kill(pid, SIGKILL);
    await_prepared();
    assert_true(t.refusal.text[0]);
    submit(1, GOOD);
    run_until(1);
    assert_int_equal(t.results, 1);
}

static void a_worker_that_dies_in_the_prepared_generation_is_replaced(void **state)
{
    (void)state;
    struct runtime rt = make_runtime();
    prepare(&rt);
    kill(find_child("scan-worker"), SIGKILL);
    run_a_while();
    expect_children_named("scan-worker", 4);
    apply(2);
    submit(1, GOOD);
    run_until(1);
    assert_int_equal(t.revision_of[1], 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_the_first_generation_is_applied_messages_wait),
        POOL_TEST(each_message_has_the_revision_with_which_it_was_handed_out),
        POOL_TEST(the_new_generation_judges_by_the_new_configuration),
        POOL_TEST(a_message_of_the_old_generation_may_take_its_time_and_its_worker_s_life),
        POOL_TEST(a_third_generation_is_prepared_while_the_first_one_drains),
        POOL_TEST(what_was_prepared_can_be_discarded),
        POOL_TEST(the_last_of_two_prepares_is_the_one_that_counts),
        POOL_TEST(a_generation_that_judges_the_test_message_wrongly_is_refused),
        POOL_TEST(a_generation_that_does_not_survive_the_test_message_is_refused),
        POOL_TEST(a_generation_that_does_not_answer_in_time_is_refused),
        POOL_TEST(a_zygote_that_dies_while_it_prepares_is_a_refusal),
        POOL_TEST(nobody_hears_of_the_test_message_though_all_die_that_prepare),
        POOL_TEST(a_worker_that_dies_in_the_prepared_generation_is_replaced),
    };
    mime_charsets_open();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
