/* The shape of a cluster: what each change of it makes of levels and of what is in force. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "engine/config/cluster.h"
#include "tests/unit/config_fixture.h"

typedef bool change_function(struct config_tree **tree, const struct cluster_change *c, struct error *error);

static void change(struct config_tree **tree, change_function *function, const char *name, const char *other)
{
    struct error error;
    const struct cluster_change c = {"a", name, other};
    if (!function(tree, &c, &error))
        fail_msg("%s: %s", name, error.text);
    assert_true(config_check_levels(*tree, &error));
}

/* Refused with a sentence, and nothing is changed. */
static void refuse(struct config_tree **tree, change_function *function, const char *name, const char *other,
                   const char *why)
{
    struct error error;
    const struct cluster_change c = {"a", name, other};
    struct config_tree *before = config_tree_ref(*tree);
    assert_false(function(tree, &c, &error));
    assert_non_null(strstr(error.text, why));
    assert_true(config_tree_equal(before, *tree));
    config_tree_unref(before);
}

static void set_timeout(struct config_tree **tree, const char *level, const char *timeout)
{
    struct config_candidate c;
    const struct config_place place = {level};
    config_candidate_begin(&c, 1, *tree);
    edit(&c, &place, SCHEMA_ANTISPAM, "", ANTISPAM_TIMEOUT, timeout);
    config_tree_unref(*tree);
    *tree = config_tree_ref(c.mine);
    config_candidate_end(&c);
}

static void assert_timeout(const struct config_tree *tree, const char *level, const char *timeout)
{
    const struct config_place place = {level};
    assert_string_equal(value_of(tree, &place, SCHEMA_ANTISPAM, "", ANTISPAM_TIMEOUT), timeout);
}

/* Machine a with a time-out of 5 makes the cluster c, and adds the group b. */
static struct config_tree *cluster(void)
{
    struct config_tree *tree = config_tree_new();
    set_timeout(&tree, "machine/a", "5");
    change(&tree, config_cluster_new, "c", NULL);
    change(&tree, config_group_new, "b", NULL);
    return tree;
}

static void a_new_cluster_has_the_settings_of_the_machine_that_made_it(void **state)
{
    (void)state;
    struct config_tree *tree = cluster();
    assert_true(span_equal(config_cluster_name(tree), SPAN("c")));
    assert_true(span_equal(config_group_of(tree, SPAN("a")), SPAN(CLUSTER_FIRST_GROUP)));
    assert_null(config_tree_table(tree, "machine/a", SCHEMA_ANTISPAM));
    assert_timeout(tree, "cluster", "5");
    assert_timeout(tree, "machine/a", "5");
    assert_timeout(tree, "machine/stranger", "60");
    change(&tree, config_cluster_new, "c", NULL); /* a rerun */
    refuse(&tree, config_cluster_new, "d", NULL, "is in the cluster c already");
    change(&tree, config_cluster_rename, "d", NULL);
    assert_true(span_equal(config_cluster_name(tree), SPAN("d")));
    config_tree_unref(tree);
}

static void set_hostname(struct config_tree **tree, const char *level)
{
    struct config_candidate c;
    const struct config_place place = {level};
    config_candidate_begin(&c, 1, *tree);
    edit(&c, &place, SCHEMA_GATEWAY, "", GATEWAY_HOSTNAME, "mx.example.com");
    config_tree_unref(*tree);
    *tree = config_tree_ref(c.mine);
    config_candidate_end(&c);
}

static void a_machine_alone_has_a_host_name(void **state)
{
    (void)state;
    struct error error;
    struct config_tree *tree = config_tree_new();
    set_hostname(&tree, "machine/a");
    change(&tree, config_cluster_new, "c", NULL);
    assert_non_null(config_tree_table(tree, "machine/a", SCHEMA_GATEWAY));
    assert_null(config_tree_table(tree, "cluster", SCHEMA_GATEWAY));
    assert_false(config_level_takes("cluster", &schema_tables[SCHEMA_GATEWAY]));
    assert_true(config_level_takes("cluster", &schema_tables[SCHEMA_ANTISPAM]));
    set_hostname(&tree, "group/" CLUSTER_FIRST_GROUP);
    assert_false(config_check_levels(tree, &error));
    assert_string_equal(error.text,
                        "gateway is set at group/" CLUSTER_FIRST_GROUP ", but each machine has its own");
    config_tree_unref(tree);
}

static void a_machine_has_the_settings_of_the_group_that_it_goes_to(void **state)
{
    (void)state;
    struct config_tree *tree = cluster();
    set_timeout(&tree, "group/b", "6");
    assert_timeout(tree, "machine/a", "5");
    change(&tree, config_member_move, "a", "b");
    assert_timeout(tree, "machine/a", "6");
    refuse(&tree, config_member_move, "a", "x", "group 'x' does not exist");
    refuse(&tree, config_member_move, "x", "b", "machine 'x' is not in the cluster");
    config_tree_unref(tree);
}

static void a_group_keeps_settings_and_machines_under_a_new_name(void **state)
{
    (void)state;
    struct config_tree *tree = cluster();
    set_timeout(&tree, "group/b", "6");
    change(&tree, config_member_move, "a", "b");
    change(&tree, config_group_rename, "b", "e");
    assert_timeout(tree, "machine/a", "6");
    assert_timeout(tree, "group/e", "6");
    assert_false(config_level_exists(tree, "group/b"));
    refuse(&tree, config_group_rename, "b", "f", "does not exist");
    refuse(&tree, config_group_rename, "e", CLUSTER_FIRST_GROUP, "exists already");
    config_tree_unref(tree);
}

static void a_group_with_machines_is_deleted_only_when_they_have_another(void **state)
{
    (void)state;
    struct config_tree *tree = cluster();
    set_timeout(&tree, "group/b", "6");
    change(&tree, config_member_move, "a", "b");
    refuse(&tree, config_group_delete, "b", NULL, "name the group");
    refuse(&tree, config_group_delete, "b", "b", "cannot go to the group that is deleted");
    refuse(&tree, config_group_delete, "b", "x", "group 'x' does not exist");
    change(&tree, config_group_delete, "b", CLUSTER_FIRST_GROUP);
    assert_timeout(tree, "machine/a", "5");
    assert_null(config_tree_table(tree, "group/b", SCHEMA_ANTISPAM));
    refuse(&tree, config_group_delete, CLUSTER_FIRST_GROUP, NULL, "at least one group");
    config_tree_unref(tree);
}

static void a_machine_that_is_to_come_has_settings_and_goes_without_a_trace(void **state)
{
    (void)state;
    struct config_tree *tree = cluster(), *before = config_tree_ref(tree);
    change(&tree, config_member_prepare, "z", "b");
    change(&tree, config_member_prepare, "z", "b");
    refuse(&tree, config_member_prepare, "z", CLUSTER_FIRST_GROUP, "is in another group");
    set_timeout(&tree, "machine/z", "9");
    assert_timeout(tree, "machine/z", "9");
    assert_timeout(tree, "machine/a", "5");
    change(&tree, config_member_remove, "z", NULL);
    assert_true(config_tree_equal(before, tree));
    config_tree_unref(before);
    config_tree_unref(tree);
}

static void a_machine_that_leaves_takes_along_what_is_in_force(void **state)
{
    (void)state;
    struct config_tree *tree = cluster();
    set_timeout(&tree, "group/b", "6");
    set_timeout(&tree, "machine/a", "7");
    change(&tree, config_member_move, "a", "b");
    struct config_table *routes = config_table_new(&schema_tables[SCHEMA_SMTPROUTES]);
    config_tree_set(&tree, "cluster", SCHEMA_SMTPROUTES, routes); /* empty, and set */
    change(&tree, config_member_remove, "a", NULL);
    assert_timeout(tree, "machine/a", "7");
    assert_non_null(config_tree_table(tree, "machine/a", SCHEMA_SMTPROUTES));
    assert_string_equal(config_tree_level(tree, 0), "machine/a");
    assert_null(config_tree_level(tree, 1));
    assert_int_equal(config_cluster_name(tree).n, 0);
    config_tree_unref(tree);
}

static void settings_of_a_level_that_is_gone_cannot_be_committed(void **state)
{
    (void)state;
    struct error error;
    struct config_tree *tree = cluster();
    set_timeout(&tree, "group/gone", "6");
    assert_false(config_check_everywhere(tree, NULL, &standalone, NULL, NULL, &error));
    assert_non_null(strstr(error.text, "group/gone"));
    config_tree_unref(tree);
}

static void every_machine_must_be_able_to_run_what_is_in_force_for_it(void **state)
{
    (void)state;
    struct error error;
    struct config_tree *tree = cluster();
    change(&tree, config_member_prepare, "z", "b");
    assert_true(config_check_everywhere(tree, NULL, &standalone, NULL, NULL, &error));
    /* recipients of a listener that the other machine has not */
    struct config_table *recipients = config_table_new(&schema_tables[SCHEMA_RCPTACCESS]);
    config_table_put(&recipients, row_with(config_table_schema(recipients), NULL, "away/example.com",
                                           RCPTACCESS_ACCESS, "accept"));
    config_tree_set(&tree, "machine/z", SCHEMA_RCPTACCESS, recipients);
    assert_false(config_check_everywhere(tree, NULL, &standalone, NULL, NULL, &error));
    assert_non_null(strstr(error.text, "machine z: "));
    config_tree_unref(tree);
}

static void append_warning(const char *sentence, void *context)
{
    buf_printf(context, "%s\n", sentence);
}

/* Where the machine a of the cluster has its settings of anti-spam from decides whether `level` counts. */
static void assert_warned(struct config_tree *before, const char *level, const char *warning)
{
    struct error error;
    struct buf warnings = {0};
    struct config_tree *tree = config_tree_ref(before);
    set_timeout(&tree, level, "7");
    assert_true(config_check_everywhere(tree, before, &standalone, append_warning, &warnings, &error));
    assert_string_equal(buf_text(&warnings), warning);
    buf_free(&warnings);
    config_tree_unref(tree);
}

static void settings_that_are_in_force_on_no_machine_are_warned_about(void **state)
{
    (void)state;
    struct config_tree *tree = cluster();
    const char *off = "antispam: settings have no effect while enabled is off\n";
    assert_warned(tree, "cluster", off);
    assert_warned(tree, "group/b",
                  "group/b: antispam is in force on no machine: none is there, or all have their own\n");
    change(&tree, config_member_move, "a", "b");
    assert_warned(tree, "group/b", off);
    set_timeout(&tree, "machine/a", "8");
    assert_warned(tree, "machine/a", off);
    assert_warned(tree, "cluster",
                  "cluster: antispam is in force on no machine: none is there, or all have their own\n");
    change(&tree, config_member_prepare, "z", "b");
    assert_warned(tree, "cluster", "");
    config_tree_unref(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_cluster_has_the_settings_of_the_machine_that_made_it),
        cmocka_unit_test(a_machine_alone_has_a_host_name),
        cmocka_unit_test(a_machine_has_the_settings_of_the_group_that_it_goes_to),
        cmocka_unit_test(a_group_keeps_settings_and_machines_under_a_new_name),
        cmocka_unit_test(a_group_with_machines_is_deleted_only_when_they_have_another),
        cmocka_unit_test(a_machine_that_is_to_come_has_settings_and_goes_without_a_trace),
        cmocka_unit_test(a_machine_that_leaves_takes_along_what_is_in_force),
        cmocka_unit_test(settings_of_a_level_that_is_gone_cannot_be_committed),
        cmocka_unit_test(settings_that_are_in_force_on_no_machine_are_warned_about),
        cmocka_unit_test(every_machine_must_be_able_to_run_what_is_in_force_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
