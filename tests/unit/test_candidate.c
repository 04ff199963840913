/* Candidates: what an edit sets, and what becomes of it when others commit meanwhile (R10, R12, R4). */
#define _GNU_SOURCE /* random */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/config_fixture.h"

/* Two sessions on the same base, which has the route a.example -> h1. */
struct sessions {
    struct config_tree *head;
    struct config_candidate first, second;
    struct buf conflicts;
};

static struct sessions sessions_begin(void)
{
    struct sessions s = {.head = config_tree_new()};
    struct config_candidate c;
    config_candidate_begin(&c, 1, s.head);
    edit(&c, &standalone, SCHEMA_SMTPROUTES, "a.example", SMTPROUTES_DESTINATION, "h1");
    config_tree_unref(s.head);
    s.head = config_tree_ref(c.mine);
    config_candidate_end(&c);
    config_candidate_begin(&s.first, 1, s.head);
    config_candidate_begin(&s.second, 1, s.head);
    return s;
}

static void sessions_end(struct sessions *s)
{
    config_candidate_end(&s->first);
    config_candidate_end(&s->second);
    config_tree_unref(s->head);
    buf_free(&s->conflicts);
}

static const char *destination(const struct config_candidate *c, const char *domain)
{
    return value_of(c->mine, &standalone, SCHEMA_SMTPROUTES, domain, SMTPROUTES_DESTINATION);
}

static void route(struct config_candidate *c, const char *domain, const char *where)
{
    edit(c, &standalone, SCHEMA_SMTPROUTES, domain, SMTPROUTES_DESTINATION, where);
}

static void append_row(struct buf *out, const struct schema_row *row, int field)
{
    buf_append_char(out, ' ');
    if (row)
        schema_value_print(&row->table->fields[field], &row->values[field], out);
    else
        buf_append_char(out, '-');
}

static void append_conflict(const struct config_conflict *conflict, void *context)
{
    struct buf *out = context;
    int field = conflict->field < 0 ? SMTPROUTES_DESTINATION : conflict->field;
    buf_printf(out, "%s %s '%.*s' %d:", conflict->level, conflict->table->name, (int)conflict->key.n,
               conflict->key.p, conflict->field);
    append_row(out, conflict->base, field);
    append_row(out, conflict->theirs, field);
    append_row(out, conflict->mine, field);
    buf_append_char(out, '\n');
}

/* The second session moves onto what the first has committed. */
static bool rebase_second(struct sessions *s, struct config_decision *decision)
{
    buf_clear(&s->conflicts);
    return config_candidate_rebase(&s->second, 2, s->first.mine, decision, append_conflict, &s->conflicts);
}

static void assert_refused_with(struct sessions *s, const char *conflicts)
{
    struct config_tree *mine = s->second.mine, *base = s->second.base;
    assert_false(rebase_second(s, NULL));
    assert_string_equal(buf_text(&s->conflicts), conflicts);
    assert_ptr_equal(s->second.mine, mine);
    assert_ptr_equal(s->second.base, base);
    assert_int_equal(s->second.base_revision, 1);
}

static void different_rows_of_one_table_both_land(void **state)
{
    (void)state;
    struct sessions s = sessions_begin();
    route(&s.first, "b.example", "h2");
    edit_remove(&s.first, &standalone, SCHEMA_SMTPROUTES, "a.example");
    route(&s.second, "c.example", "h3");
    assert_true(rebase_second(&s, NULL));
    assert_int_equal(s.second.base_revision, 2);
    assert_string_equal(destination(&s.second, "a.example"), "-");
    assert_string_equal(destination(&s.second, "b.example"), "h2");
    assert_string_equal(destination(&s.second, "c.example"), "h3");
    assert_ptr_equal(s.second.base, s.first.mine);
    assert_true(config_candidate_is_changed(&s.second));
    sessions_end(&s);
}

static void the_same_row_changed_differently_is_a_conflict_until_decided(void **state)
{
    (void)state;
    const struct schema_table *routes = &schema_tables[SCHEMA_SMTPROUTES];
    struct {
        struct config_decision decision;
        const char *result; /* NULL: still refused */
    } decisions[] = {
        {{CONFIG_KEEP_MINE, NULL, {0}, false}, "h3"},
        {{CONFIG_KEEP_THEIRS, NULL, {0}, false}, "h2"},
        {{CONFIG_KEEP_MINE, routes, {0}, false}, "h3"},
        {{CONFIG_KEEP_MINE, routes, SPAN("a.example"), false}, "h3"},
        {{CONFIG_KEEP_MINE, routes, SPAN("b.example"), false}, NULL},
        {{CONFIG_KEEP_MINE, &schema_tables[SCHEMA_ANTISPAM], {0}, false}, NULL},
        {{CONFIG_KEEP_NONE, NULL, {0}, false}, NULL},
    };
    for (size_t i = 0; i < sizeof decisions / sizeof decisions[0]; i++) {
        struct sessions s = sessions_begin();
        route(&s.first, "a.example", "h2");
        route(&s.second, "a.example", "h3");
        route(&s.second, "c.example", "h4");
        assert_refused_with(&s, "machine/a smtproutes 'a.example' -1: h1 h2 h3\n");
        assert_int_equal(rebase_second(&s, &decisions[i].decision), decisions[i].result != NULL);
        assert_string_equal(destination(&s.second, "a.example"),
                            decisions[i].result ? decisions[i].result : "h3");
        assert_string_equal(destination(&s.second, "c.example"), "h4");
        sessions_end(&s);
    }
}

static void a_removed_row_that_another_changed_is_a_conflict_both_ways(void **state)
{
    (void)state;
    struct sessions s = sessions_begin();
    edit_remove(&s.first, &standalone, SCHEMA_SMTPROUTES, "a.example");
    route(&s.first, "n.example", "h5");
    route(&s.second, "a.example", "h3");
    route(&s.second, "n.example", "h6");
    assert_refused_with(&s, "machine/a smtproutes 'a.example' -1: h1 - h3\n"
                            "machine/a smtproutes 'n.example' -1: - h5 h6\n");
    assert_true(rebase_second(&s, &(struct config_decision){.keep = CONFIG_KEEP_MINE}));
    assert_string_equal(destination(&s.second, "a.example"), "h3");
    assert_string_equal(destination(&s.second, "n.example"), "h6");
    sessions_end(&s);

    s = sessions_begin();
    route(&s.first, "a.example", "h2");
    edit_remove(&s.second, &standalone, SCHEMA_SMTPROUTES, "a.example");
    assert_refused_with(&s, "machine/a smtproutes 'a.example' -1: h1 h2 -\n");
    assert_true(rebase_second(&s, &(struct config_decision){.keep = CONFIG_KEEP_MINE}));
    assert_string_equal(destination(&s.second, "a.example"), "-");
    sessions_end(&s);
}

static void the_same_change_on_both_sides_is_no_conflict_and_nothing_is_left(void **state)
{
    (void)state;
    struct sessions s = sessions_begin();
    struct config_candidate *both[] = {&s.first, &s.second};
    for (size_t i = 0; i < 2; i++) {
        route(both[i], "a.example", "h2");
        route(both[i], "b.example", "h2");
        edit(both[i], &standalone, SCHEMA_ANTISPAM, "", ANTISPAM_TIMEOUT, "7");
    }
    assert_true(rebase_second(&s, NULL));
    assert_false(config_candidate_is_changed(&s.second));
    sessions_end(&s);
}

static void different_fields_of_a_single_table_are_merged(void **state)
{
    (void)state;
    struct sessions s = sessions_begin();
    edit(&s.first, &standalone, SCHEMA_ANTISPAM, "", ANTISPAM_TIMEOUT, "7");
    edit(&s.second, &standalone, SCHEMA_ANTISPAM, "", ANTISPAM_PROFILE, "aggressive");
    assert_true(rebase_second(&s, NULL));
    assert_string_equal(value_of(s.second.mine, &standalone, SCHEMA_ANTISPAM, "", ANTISPAM_TIMEOUT), "7");
    assert_string_equal(value_of(s.second.mine, &standalone, SCHEMA_ANTISPAM, "", ANTISPAM_PROFILE),
                        "aggressive");
    sessions_end(&s);
}

static void the_same_field_changed_differently_is_named(void **state)
{
    (void)state;
    for (int keep = CONFIG_KEEP_MINE; keep <= CONFIG_KEEP_THEIRS; keep++) {
        struct sessions s = sessions_begin();
        edit(&s.first, &standalone, SCHEMA_ANTISPAM, "", ANTISPAM_TIMEOUT, "7");
        edit(&s.first, &standalone, SCHEMA_ANTISPAM, "", ANTISPAM_ENABLED, "on");
        edit(&s.second, &standalone, SCHEMA_ANTISPAM, "", ANTISPAM_TIMEOUT, "8");
        edit(&s.second, &standalone, SCHEMA_ANTISPAM, "", ANTISPAM_PROFILE, "aggressive");
        char expected[64];
        snprintf(expected, sizeof expected, "machine/a antispam '' %d: 60 7 8\n", ANTISPAM_TIMEOUT);
        assert_refused_with(&s, expected);
        struct config_decision decision = {(enum config_keep)keep, &schema_tables[SCHEMA_ANTISPAM], SPAN(""),
                                           false};
        assert_true(rebase_second(&s, &decision));
        assert_string_equal(value_of(s.second.mine, &standalone, SCHEMA_ANTISPAM, "", ANTISPAM_TIMEOUT),
                            keep == CONFIG_KEEP_MINE ? "8" : "7");
        assert_string_equal(value_of(s.second.mine, &standalone, SCHEMA_ANTISPAM, "", ANTISPAM_ENABLED),
                            "on");
        assert_string_equal(value_of(s.second.mine, &standalone, SCHEMA_ANTISPAM, "", ANTISPAM_PROFILE),
                            "aggressive");
        sessions_end(&s);
    }
}

static void a_candidate_without_changes_follows_the_head(void **state)
{
    (void)state;
    struct sessions s = sessions_begin();
    route(&s.first, "a.example", "h2");
    assert_true(rebase_second(&s, NULL));
    assert_false(config_candidate_is_changed(&s.second));
    assert_string_equal(destination(&s.second, "a.example"), "h2");
    sessions_end(&s);
}

static void present_values_leave_nothing_pending(void **state)
{
    (void)state;
    struct sessions s = sessions_begin();
    route(&s.first, "a.example", "h1");
    edit(&s.first, &standalone, SCHEMA_ANTISPAM, "", ANTISPAM_TIMEOUT, "60");
    assert_false(config_candidate_is_changed(&s.first));
    edit(&s.first, &standalone, SCHEMA_ANTISPAM, "", ANTISPAM_TIMEOUT, "61");
    assert_true(config_candidate_is_changed(&s.first));
    edit(&s.first, &standalone, SCHEMA_ANTISPAM, "", ANTISPAM_TIMEOUT, "60");
    assert_false(config_candidate_is_changed(&s.first));
    sessions_end(&s);
}

static void an_override_starts_from_what_is_inherited(void **state)
{
    (void)state;
    struct config_tree *head = tree_of_member("a", "b");
    struct config_candidate c;
    const struct config_place cluster = {"cluster"};
    config_candidate_begin(&c, 1, head);
    edit(&c, &cluster, SCHEMA_SMTPROUTES, "c.example", SMTPROUTES_DESTINATION, "h1");
    edit(&c, &standalone, SCHEMA_SMTPROUTES, "m.example", SMTPROUTES_DESTINATION, "h2");
    assert_int_equal(config_table_count(config_tree_table(c.mine, "cluster", SCHEMA_SMTPROUTES)), 1);
    assert_int_equal(config_table_count(config_tree_table(c.mine, "machine/a", SCHEMA_SMTPROUTES)), 2);
    config_candidate_end(&c);
    config_tree_unref(head);
}

static void an_override_that_was_asked_for_stays_whatever_is_in_it(void **state)
{
    (void)state;
    const enum schema_table_id routes = SCHEMA_SMTPROUTES;
    struct sessions s = sessions_begin();
    const struct config_place here = {"machine/b"};
    for (int asked = 0; asked < 2; asked++) {
        config_tree_set(&s.second.mine, here.level, routes, config_table_preset(&schema_tables[routes]));
        if (asked)
            config_tree_ask(&s.second.mine, here.level, routes);
        edit(&s.second, &here, routes, "b.example", SMTPROUTES_DESTINATION, "h2");
        route(&s.first, asked ? "d.example" : "c.example", "h3");
        assert_true(rebase_second(&s, NULL)); /* the mark goes along */
        edit_remove(&s.second, &here, routes, "b.example");
        assert_int_equal(config_tree_table(s.second.mine, here.level, routes) != NULL, asked);
    }
    config_tree_set(&s.second.mine, here.level, routes, NULL);
    edit(&s.second, &here, routes, "b.example", SMTPROUTES_DESTINATION, "h2");
    edit_remove(&s.second, &here, routes, "b.example");
    assert_null(config_tree_table(s.second.mine, here.level, routes)); /* it was given up in between */
    sessions_end(&s);
}

static void changes_at_a_level_that_is_gone_stay_until_theirs_are_kept(void **state)
{
    (void)state;
    const enum schema_table_id routes = SCHEMA_SMTPROUTES;
    struct sessions s = sessions_begin();
    struct config_decision theirs = {.keep = CONFIG_KEEP_THEIRS},
                           mine = {.keep = CONFIG_KEEP_MINE, .table = &schema_tables[routes]};
    route(&s.second, "b.example", "h2");
    assert_null(config_candidate_lost_level(&s.second, s.first.mine));
    config_tree_set(&s.second.mine, "group/gone", routes, config_table_preset(&schema_tables[routes]));
    assert_string_equal(config_candidate_lost_level(&s.second, s.first.mine), "group/gone");
    assert_true(rebase_second(&s, NULL));
    assert_true(rebase_second(&s, &mine));
    assert_string_equal(config_candidate_lost_level(&s.second, s.first.mine), "group/gone");
    assert_true(rebase_second(&s, &theirs));
    assert_null(config_candidate_lost_level(&s.second, s.first.mine));
    assert_string_equal(destination(&s.second, "b.example"), "h2");
    sessions_end(&s);
}

static void edits_copy_nothing_once_the_candidate_has_its_own_table(void **state)
{
    (void)state;
    struct sessions s = sessions_begin();
    route(&s.first, "b.example", "h2");
    const struct config_table *own = config_tree_table(s.first.mine, "machine/a", SCHEMA_SMTPROUTES);
    const struct config_chunk *chunk = config_table_chunk(own, 0);
    route(&s.first, "c.example", "h2");
    assert_ptr_equal(config_tree_table(s.first.mine, "machine/a", SCHEMA_SMTPROUTES), own);
    assert_ptr_equal(config_table_chunk(own, 0), chunk);
    assert_int_equal(config_table_count(config_tree_table(s.head, "machine/a", SCHEMA_SMTPROUTES)), 1);
    sessions_end(&s);
}

/* ---- random changes against the rule written down for one key ---- */

enum { KEYS = 40 };

static void set_all(struct config_candidate *c, const unsigned *values)
{
    for (unsigned key = 0; key < KEYS; key++) {
        char domain[16], where[16];
        snprintf(domain, sizeof domain, "d%u", key);
        snprintf(where, sizeof where, "h%u", values[key]);
        if (values[key])
            route(c, domain, where);
        else
            edit_remove(c, &standalone, SCHEMA_SMTPROUTES, domain);
    }
}

static void assert_all(const struct config_candidate *c, const unsigned *values)
{
    for (unsigned key = 0; key < KEYS; key++) {
        char domain[16], where[16];
        snprintf(domain, sizeof domain, "d%u", key);
        snprintf(where, sizeof where, values[key] ? "h%u" : "-", values[key]);
        assert_string_equal(destination(c, domain), where);
    }
}

static void count_conflict(const struct config_conflict *conflict, void *context)
{
    (void)conflict;
    ++*(unsigned *)context;
}

static void random_sessions_merge_key_by_key(void **state)
{
    (void)state;
    srandom(4711);
    for (unsigned round = 0; round < 300; round++) {
        unsigned base[KEYS], theirs[KEYS], mine[KEYS], merged[KEYS], conflicts = 0, told = 0;
        enum config_keep keep = round % 2 ? CONFIG_KEEP_MINE : CONFIG_KEEP_THEIRS;
        for (unsigned i = 0; i < KEYS; i++) {
            base[i] = (unsigned)random() % 3;
            theirs[i] = random() % 4 ? base[i] : (unsigned)random() % 3;
            mine[i] = random() % 4 ? base[i] : (unsigned)random() % 3;
            bool conflict = mine[i] != base[i] && theirs[i] != base[i] && mine[i] != theirs[i];
            bool take_mine = conflict ? keep == CONFIG_KEEP_MINE : mine[i] != base[i];
            merged[i] = take_mine ? mine[i] : theirs[i];
            conflicts += conflict;
        }
        struct config_tree *empty = config_tree_new();
        struct config_candidate start, first, second;
        config_candidate_begin(&start, 1, empty);
        set_all(&start, base);
        config_candidate_begin(&first, 2, start.mine);
        config_candidate_begin(&second, 2, start.mine);
        set_all(&first, theirs);
        set_all(&second, mine);
        assert_int_equal(config_candidate_rebase(&second, 3, first.mine, NULL, count_conflict, &told),
                         conflicts == 0);
        assert_int_equal(told, conflicts);
        if (conflicts) {
            assert_all(&second, mine);
            assert_true(config_candidate_rebase(&second, 3, first.mine,
                                                &(struct config_decision){.keep = keep}, NULL, NULL));
        }
        assert_all(&second, merged);
        assert_all(&first, theirs);
        config_candidate_end(&start);
        config_candidate_end(&first);
        config_candidate_end(&second);
        config_tree_unref(empty);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(different_rows_of_one_table_both_land),
        cmocka_unit_test(the_same_row_changed_differently_is_a_conflict_until_decided),
        cmocka_unit_test(a_removed_row_that_another_changed_is_a_conflict_both_ways),
        cmocka_unit_test(the_same_change_on_both_sides_is_no_conflict_and_nothing_is_left),
        cmocka_unit_test(different_fields_of_a_single_table_are_merged),
        cmocka_unit_test(the_same_field_changed_differently_is_named),
        cmocka_unit_test(a_candidate_without_changes_follows_the_head),
        cmocka_unit_test(present_values_leave_nothing_pending),
        cmocka_unit_test(an_override_starts_from_what_is_inherited),
        cmocka_unit_test(changes_at_a_level_that_is_gone_stay_until_theirs_are_kept),
        cmocka_unit_test(an_override_that_was_asked_for_stays_whatever_is_in_it),
        cmocka_unit_test(random_sessions_merge_key_by_key),
        cmocka_unit_test(edits_copy_nothing_once_the_candidate_has_its_own_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
