/* Updates in the scan role: what is tried gives way to a configuration, what is to be used follows it. */
#include "tests/unit/scan_updates_fixture.h"

#include <string.h>

static void what_was_tried_is_used_when_control_says_so(void **state)
{
    (void)state;
    expect_in_use(1);
    send_rules(2);
    say(MSG_ENGINE_TRY, 7);
    expect("prepare ");
    ready();
    expect("answer 7: ready. ");
    expect_in_use(1);
    say(MSG_ENGINE_USE, 7);
    expect("apply ");
    expect_in_use(2);
}

static void a_refusal_is_answered_and_changes_nothing(void **state)
{
    (void)state;
    const struct error why = {"the test message killed its worker"};
    send_rules(2);
    say(MSG_ENGINE_TRY, 7);
    assert_true(updates_prepared(&why));
    expect("prepare answer 7: refused. ");
    assert_string_equal(t.why, why.text);
    expect_in_use(1);
    send_rules(2);
    say(MSG_ENGINE_TRY, 9);
    t.was_late = true;
    assert_true(updates_prepared(&why));
    t.was_late = false;
    expect("prepare answer 9: late. ");
    t.cannot_prepare = true;
    send_rules(2);
    say(MSG_ENGINE_TRY, 8);
    expect("prepare answer 8: refused. ");
    assert_string_equal(t.why, "no memory");
    assert_false(updates_prepared(NULL));
}

static void what_was_tried_and_is_not_wanted_is_thrown_away(void **state)
{
    (void)state;
    send_rules(2);
    say(MSG_ENGINE_TRY, 7);
    ready();
    say(MSG_ENGINE_DISCARD, 6);
    expect("prepare answer 7: ready. ");
    say(MSG_ENGINE_DISCARD, 7);
    expect("discard ");
    send_rules(2);
    say(MSG_ENGINE_TRY, 8);
    ready();
    updates_control_up();
    expect("prepare answer 8: ready. discard ");
    expect_in_use(1);
}

static void a_configuration_comes_first(void **state)
{
    (void)state;
    send_rules(2);
    say(MSG_ENGINE_TRY, 7);
    updates_config_begins(true);
    expect("prepare discard answer 7: busy. ");
    send_rules(2);
    say(MSG_ENGINE_TRY, 8);
    expect("answer 8: busy. ");
    updates_config_ended(true);
    expect("");
    expect_in_use(1);
}

static void what_is_installed_is_used_from_the_next_moment_on_in_which_that_can_be(void **state)
{
    (void)state;
    send_rules(3);
    updates_config_begins(true);
    say(MSG_ENGINE_USE, 0);
    expect("");
    updates_config_ended(false);
    expect("prepare ");
    ready();
    expect("apply ");
    expect_in_use(3);
    send_rules(3);
    say(MSG_ENGINE_USE, 0);
    expect("");
}

static void a_package_of_the_same_version_that_is_another_one_is_used(void **state)
{
    (void)state;
    send_rules(3);
    say(MSG_ENGINE_USE, 0);
    ready();
    expect("prepare apply ");
    send_rules_of_minute(3, 31);
    say(MSG_ENGINE_USE, 0);
    ready();
    expect("prepare apply ");
}

static void what_comes_while_a_configuration_is_prepared_is_in_use_only_after_it(void **state)
{
    (void)state;
    updates_config_begins(true);
    send_rules(2);
    say(MSG_ENGINE_USE, 0);
    updates_config_ended(true);
    expect("prepare ");
    expect_in_use(1);
    ready();
    expect("apply ");
    expect_in_use(2);
}

static void what_comes_while_another_update_is_prepared_is_in_use_only_after_it(void **state)
{
    (void)state;
    const struct error why = {"a.rules:1:1: nonsense"};
    send_rules(2);
    say(MSG_ENGINE_USE, 0);
    send_rules(3);
    say(MSG_ENGINE_USE, 0);
    expect("prepare ");
    ready();
    expect("apply prepare ");
    expect_in_use(2);
    send_rules(4);
    say(MSG_ENGINE_USE, 0);
    assert_true(updates_prepared(&why));
    expect("answer 0: refused. prepare ");
    ready();
    expect("apply ");
    expect_in_use(4);
}

static void what_is_installed_and_cannot_be_used_is_told(void **state)
{
    (void)state;
    const struct error why = {"a.rules:1:1: nonsense"};
    send_rules(3);
    say(MSG_ENGINE_USE, 0);
    assert_true(updates_prepared(&why));
    expect("prepare answer 0: refused. ");
    assert_string_equal(t.why, why.text);
    configure();
    expect("");
    updates_stop();
    begin(NULL);
    expect_in_use(1);
}

static void the_first_configuration_does_without_updates_that_do_not_work(void **state)
{
    (void)state;
    const struct error why = {"the zygote died"};
    struct error error;
    updates_stop();
    assert_true(updates_start(&played_pool, &error));
    send_rules(3);
    say(MSG_ENGINE_USE, 0);
    updates_config_begins(true);
    struct engine_files *updated = updates_files();
    assert_true(updates_fall_back(&why));
    assert_false(updates_files() == updated);
    assert_false(updates_fall_back(&why));
    updates_config_ended(true);
    expect("prepare "); /* once more, beside what runs */
    expect_in_use(1);
    assert_true(updates_prepared(&why));
    expect("answer 0: refused. ");
}

static void what_is_no_package_is_not_used(void **state)
{
    (void)state;
    assert_true(send_bytes(PACKAGE_ANTISPAM_RULES, SPAN("nonsense")));
    say(MSG_ENGINE_TRY, 7);
    expect("answer 7: refused. ");
    assert_string_equal(t.why, "is not a file of the kind 'mailward-package 1'");
    assert_false(send_bytes(PACKAGE_COMPONENT_COUNT, SPAN("nonsense")));
    send_rules(2);
    struct wire_reader in = wire_reader_of(SPAN("\0"));
    assert_true(updates_message(MSG_ENGINE_PACKAGE, &in, -1));
    assert_true(in.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_tried_is_used_when_control_says_so),
        TEST(a_refusal_is_answered_and_changes_nothing),
        TEST(what_was_tried_and_is_not_wanted_is_thrown_away),
        TEST(a_configuration_comes_first),
        TEST(what_is_installed_is_used_from_the_next_moment_on_in_which_that_can_be),
        TEST(a_package_of_the_same_version_that_is_another_one_is_used),
        TEST(what_comes_while_a_configuration_is_prepared_is_in_use_only_after_it),
        TEST(what_comes_while_another_update_is_prepared_is_in_use_only_after_it),
        TEST(what_is_installed_and_cannot_be_used_is_told),
        TEST(the_first_configuration_does_without_updates_that_do_not_work),
        TEST(what_is_no_package_is_not_used),
    };
    return cmocka_run_group_tests_name("scan updates", tests, make_files, remove_files);
}
