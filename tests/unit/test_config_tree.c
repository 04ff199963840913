/* Levels: what is in force where, absent against empty, sharing of trees, and the difference of two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/config_fixture.h"

static struct config_table *routes_of(const char *domain)
{
    struct config_table *t = config_table_new(&schema_tables[SCHEMA_SMTPROUTES]);
    if (domain)
        config_table_put(&t, row_with(config_table_schema(t), NULL, domain, SMTPROUTES_DESTINATION, "h"));
    return t;
}

static void assert_level(const struct config_tree *tree, const char *level, const char *domain)
{
    const char *found = "?";
    const struct config_table *t = config_resolve(tree, &standalone, SCHEMA_SMTPROUTES, &found);
    assert_non_null(t);
    if (level)
        assert_string_equal(found, level);
    else
        assert_null(found);
    assert_int_equal(config_table_count(t), domain ? 1 : 0);
    assert_true(!domain || config_table_find(t, span_text(domain)));
}

static void the_nearest_level_that_has_the_table_is_in_force(void **state)
{
    (void)state;
    struct config_tree *tree = tree_of_member("a", "b");
    assert_level(tree, NULL, NULL);
    config_tree_set(&tree, "cluster", SCHEMA_SMTPROUTES, routes_of("c.example"));
    assert_level(tree, "cluster", "c.example");
    config_tree_set(&tree, "machine/other", SCHEMA_SMTPROUTES, routes_of("o.example"));
    config_tree_set(&tree, "group/other", SCHEMA_SMTPROUTES, routes_of("o.example"));
    assert_level(tree, "cluster", "c.example");
    config_tree_set(&tree, "group/b", SCHEMA_SMTPROUTES, routes_of("g.example"));
    assert_level(tree, "group/b", "g.example");
    config_tree_set(&tree, "machine/a", SCHEMA_SMTPROUTES, routes_of("m.example"));
    assert_level(tree, "machine/a", "m.example");
    assert_int_equal(config_table_count(config_resolve(tree, &standalone, SCHEMA_ANTISPAM, NULL)), 1);
    config_tree_unref(tree);
}

static void an_empty_table_is_not_an_absent_one(void **state)
{
    (void)state;
    struct config_tree *tree = tree_of_member("a", "b");
    config_tree_set(&tree, "cluster", SCHEMA_SMTPROUTES, routes_of("c.example"));
    config_tree_set(&tree, "machine/a", SCHEMA_SMTPROUTES, routes_of(NULL));
    assert_level(tree, "machine/a", NULL);
    config_tree_set(&tree, "machine/a", SCHEMA_SMTPROUTES, NULL);
    assert_level(tree, "cluster", "c.example");
    assert_string_equal(config_tree_level(tree, 0), "cluster");
    assert_null(config_tree_level(tree, 1));
    config_tree_unref(tree);
}

static void levels_come_in_the_order_of_their_names(void **state)
{
    (void)state;
    static const char *const names[] = {"machine/b", "cluster", "machine/a", "group/x"};
    static const char *const sorted[] = {"cluster", "group/x", "machine/a", "machine/b"};
    struct config_tree *tree = config_tree_new();
    for (size_t i = 0; i < 4; i++)
        config_tree_set(&tree, names[i], SCHEMA_SMTPROUTES, routes_of(NULL));
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(config_tree_level(tree, i), sorted[i]);
    config_tree_unref(tree);
}

static void a_change_leaves_trees_that_others_hold_as_they_are(void **state)
{
    (void)state;
    struct config_tree *old = tree_of_member("a", "b");
    config_tree_set(&old, "cluster", SCHEMA_SMTPROUTES, routes_of("c.example"));
    struct config_tree *new = config_tree_ref(old);
    assert_true(config_tree_equal(old, new));
    config_tree_set(&new, "cluster", SCHEMA_SMTPROUTES, NULL);
    config_tree_set(&new, "machine/a", SCHEMA_SMTPROUTES, routes_of("m.example"));
    assert_level(old, "cluster", "c.example");
    assert_level(new, "machine/a", "m.example");
    assert_false(config_tree_equal(old, new));
    config_tree_unref(old);
    config_tree_unref(new);
}

static void trees_with_the_same_content_are_equal_wherever_it_came_from(void **state)
{
    (void)state;
    struct config_tree *a = config_tree_new(), *b = config_tree_new();
    config_tree_set(&a, "cluster", SCHEMA_SMTPROUTES, routes_of("c.example"));
    config_tree_set(&b, "cluster", SCHEMA_SMTPROUTES, routes_of("c.example"));
    assert_true(config_tree_equal(a, b));
    config_tree_set(&b, "machine/a", SCHEMA_SMTPROUTES, routes_of("c.example"));
    assert_false(config_tree_equal(a, b)); /* set there, though nothing else is in force */
    struct config_table *taken = config_tree_take(&b, "machine/a", SCHEMA_SMTPROUTES);
    assert_non_null(taken);
    assert_true(config_tree_equal(a, b));
    config_table_unref(taken);
    config_tree_unref(a);
    config_tree_unref(b);
}

static void append_change(const struct config_change *change, void *context)
{
    struct span key = schema_row_key(change->after ? change->after : change->before);
    buf_printf(context, "%s %s %c%.*s\n", change->level, change->table->name,
               !change->before  ? '+'
               : !change->after ? '-'
                                : '=',
               (int)key.n, key.p);
}

static void a_difference_names_level_table_and_row(void **state)
{
    (void)state;
    struct buf out = {0};
    struct config_tree *old = tree_of_member("a", "b");
    config_tree_set(&old, "cluster", SCHEMA_SMTPROUTES, routes_of("c.example"));
    struct config_candidate c;
    config_candidate_begin(&c, 1, old);
    edit(&c, &standalone, SCHEMA_SMTPROUTES, "m.example", SMTPROUTES_DESTINATION, "h");
    edit(&c, &standalone, SCHEMA_ANTISPAM, "", ANTISPAM_TIMEOUT, "5");
    edit(&c, &standalone, SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_POSITIVE_ACTION, "drop");
    config_tree_diff(old, c.mine, append_change, &out);
    assert_string_equal(buf_text(&out), "machine/a antispam =\n"
                                        "machine/a incoming-policy =DEFAULT\n"
                                        "machine/a smtproutes +m.example\n");
    buf_clear(&out);
    config_tree_diff(c.mine, old, append_change, &out);
    assert_string_equal(buf_text(&out), "machine/a antispam =\n"
                                        "machine/a incoming-policy =DEFAULT\n"
                                        "machine/a smtproutes -m.example\n");
    buf_free(&out);
    config_candidate_end(&c);
    config_tree_unref(old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_level_that_has_the_table_is_in_force),
        cmocka_unit_test(an_empty_table_is_not_an_absent_one),
        cmocka_unit_test(levels_come_in_the_order_of_their_names),
        cmocka_unit_test(a_change_leaves_trees_that_others_hold_as_they_are),
        cmocka_unit_test(trees_with_the_same_content_are_equal_wherever_it_came_from),
        cmocka_unit_test(a_difference_names_level_table_and_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
