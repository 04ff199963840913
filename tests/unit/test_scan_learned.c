/* What was learned from single messages in the scan role, beside updates and configurations. */
#include "tests/unit/scan_updates_fixture.h"

#include <string.h>

static void what_was_learned_is_used_as_soon_as_it_comes(void **state)
{
    (void)state;
    say_examples(1, "a");
    expect("prepare ");
    assert_int_equal(t.examples, 1);
    say_examples(2, "ab"); /* while that is prepared */
    expect("");
    ready();
    expect("apply prepare ");
    assert_int_equal(t.examples, 2);
    ready();
    expect("apply ");
    assert_string_equal(buf_text(&t.lessons), "learning: 2 examples are in use");
    say_examples(2, "ab"); /* of a control that was started anew */
    expect("");
    say_examples(0, "");
    expect("prepare ");
    assert_int_equal(t.examples, 0);
}

static void what_is_learned_while_an_update_is_tried_waits_for_its_end(void **state)
{
    (void)state;
    send_rules(2);
    say(MSG_ENGINE_TRY, 7);
    say_examples(1, "a");
    ready();
    expect("prepare answer 7: ready. ");
    say(MSG_ENGINE_DISCARD, 7);
    expect("discard prepare ");
    assert_int_equal(t.examples, 1);
    ready();
    expect("apply ");
    expect_in_use(1);
}

static void what_was_learned_and_cannot_be_used_is_told_and_not_tried_again(void **state)
{
    (void)state;
    const struct error why = {"the zygote died"};
    say_examples(1, "a");
    assert_true(updates_prepared(&why));
    expect("prepare ");
    assert_string_equal(buf_text(&t.lessons),
                        "learning: what was learned last cannot be used (the zygote died)");
    configure();
    expect("");
    assert_int_equal(t.examples, 0);
    say_examples(2, "ab");
    expect("prepare ");
}

static void updates_that_cannot_be_used_do_not_take_what_was_learned_with_them(void **state)
{
    (void)state;
    const struct error why = {"a.rules:1:1: nonsense"};
    send_rules(3);
    say(MSG_ENGINE_USE, 0);
    say_examples(1, "a");
    assert_true(updates_prepared(&why));
    expect("prepare answer 0: refused. prepare ");
    assert_int_equal(t.examples, 1);
    ready();
    expect("apply ");
}

static void the_first_configuration_keeps_what_was_learned_when_updates_are_what_does_not_work(void **state)
{
    (void)state;
    const struct error why = {"the zygote died"};
    begin_first();
    assert_true(updates_fall_back(&why));
    assert_int_equal(learned_set_count(updates_learned()), 1);
    updates_config_ended(true);
    expect("prepare ");
    assert_int_equal(t.examples, 1);
    assert_string_equal(buf_text(&t.lessons), "learning: 1 examples are in use");
    expect_in_use(1);
    assert_true(updates_prepared(&why));
    expect("answer 0: refused. ");
}

static void the_first_configuration_uses_updates_when_what_was_learned_is_what_does_not_work(void **state)
{
    (void)state;
    const struct error why = {"the zygote died"};
    begin_first();
    assert_true(updates_fall_back(&why));
    assert_true(updates_fall_back(&why));
    assert_int_equal(learned_set_count(updates_learned()), 0);
    updates_config_ended(true);
    assert_string_equal(buf_text(&t.lessons),
                        "learning: what was learned last cannot be used (the zygote died)");
    expect("prepare ");
    assert_int_equal(t.examples, 0);
    ready();
    expect("apply ");
    expect_in_use(3);
}

static void a_first_configuration_that_never_works_costs_neither_updates_nor_what_was_learned(void **state)
{
    (void)state;
    const struct error why = {"no memory"};
    begin_first();
    assert_true(updates_fall_back(&why));
    assert_true(updates_fall_back(&why));
    assert_false(updates_fall_back(&why));
    updates_config_ended(false);
    expect("");
    configure();
    expect("");
    assert_int_equal(t.examples, 1);
    expect_in_use(3);
}

static void while_learning_is_off_nothing_is_prepared_for_what_is_learned(void **state)
{
    (void)state;
    const struct error why = {"a.rules:1:1: nonsense"};
    configure_with(false);
    say_examples(1, "a");
    expect("");
    send_rules(3);
    say(MSG_ENGINE_USE, 0);
    assert_int_equal(t.examples, 0);
    assert_true(updates_prepared(&why));
    expect("prepare answer 0: refused. ");
    configure();
    assert_int_equal(t.examples, 1);
    expect("");
}

static void what_cannot_even_be_begun_is_tried_once(void **state)
{
    (void)state;
    t.cannot_prepare = true;
    say_examples(1, "a");
    expect("prepare ");
    assert_string_equal(buf_text(&t.lessons), "learning: what was learned last cannot be used (no memory)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_learned_is_used_as_soon_as_it_comes),
        TEST(what_is_learned_while_an_update_is_tried_waits_for_its_end),
        TEST(what_was_learned_and_cannot_be_used_is_told_and_not_tried_again),
        TEST(updates_that_cannot_be_used_do_not_take_what_was_learned_with_them),
        TEST(the_first_configuration_keeps_what_was_learned_when_updates_are_what_does_not_work),
        TEST(the_first_configuration_uses_updates_when_what_was_learned_is_what_does_not_work),
        TEST(a_first_configuration_that_never_works_costs_neither_updates_nor_what_was_learned),
        TEST(while_learning_is_off_nothing_is_prepared_for_what_is_learned),
        TEST(what_cannot_even_be_begun_is_tried_once),
    };
    return cmocka_run_group_tests_name("scan learned", tests, make_files, remove_files);
}
