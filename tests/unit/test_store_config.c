/* The store of the configuration: what survives, what is shared, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "daemon/control/confirmation.h"
#include "daemon/control/labels.h"
#include "daemon/control/tidy.h"
#include "tests/unit/control_peers.h"

/* Commits what edit does to the head, as revision head + 1. */
static bool commit_edit(const char *commit_id, void (*edit)(struct config_candidate *c), bool hidden)
{
    struct config_candidate c;
    struct error error;
    struct manifest m = {.revision = head_manifest()->revision + 1,
                         .parent = head_manifest()->revision,
                         .time = 1000000 * (int64_t)head_manifest()->revision,
                         .author = "admin",
                         .source = "ssh 192.0.2.1",
                         .host = "gw.example",
                         .comment = "why \xc3\xa9",
                         .hidden = hidden};
    snprintf(m.commit_id, sizeof m.commit_id, "%s", commit_id);
    config_candidate_begin(&c, head_manifest()->revision, head_tree());
    edit(&c);
    bool good = head_commit(c.mine, &m, &error);
    config_candidate_end(&c);
    return good;
}

static void add_one(struct config_candidate *c)
{
    put_route(c, "one.example", "mx.one.example:25");
}

static void change_one(struct config_candidate *c)
{
    put_route(c, "one.example", "other.one.example:25");
}

static void add_two(struct config_candidate *c)
{
    put_route(c, "two.example", "mx.two.example:25");
}

static void add_ten_thousand(struct config_candidate *c)
{
    add_routes(c, "many", 10000);
}

static int64_t number_in(enum schema_table_id id, const char *key, unsigned field)
{
    const struct config_table *table = config_resolve(head_tree(), head_place(), id, NULL);
    return schema_row_number(config_table_find(table, span_text(key)), field);
}

static void life_plain(void)
{
    open_head();
    CHECK(head_manifest()->revision == 1);
    CHECK(number_in(SCHEMA_ANTISPAM, "", ANTISPAM_ENABLED) == 0);
    for (int id = 0; id < SCHEMA_TABLE_COUNT; id++) /* so that a new built-in default changes nothing */
        CHECK(schema_tables[id].is_shape == !config_tree_table(head_tree(), "machine/gw.example", id));
}

static void a_system_instance_starts_with_every_table_set_to_its_default(void **state)
{
    (void)state;
    assert_true(control_life(life_plain));
}

static void life_private(void)
{
    open_head();
    CHECK(number_in(SCHEMA_ANTISPAM, "", ANTISPAM_ENABLED) == 1);
    CHECK(number_in(SCHEMA_ANTISPAM, "", ANTISPAM_LICENCE_ACCEPTED) == 1);
    CHECK(number_in(SCHEMA_INCOMING_POLICY, "DEFAULT", POLICY_ANTISPAM) == 1);
    CHECK(number_in(SCHEMA_OUTGOING_POLICY, "DEFAULT", POLICY_ANTISPAM) == 0);
}

static void a_private_instance_starts_by_scanning_what_comes_in(void **state)
{
    (void)state;
    control_set_private(true);
    assert_true(control_life(life_private));
    control_set_private(false); /* that is asked once in the life of a store */
    assert_true(control_life(life_private));
}

static void life_commits(void)
{
    open_head();
    CHECK(commit_edit("id-2", add_one, false));
}

static void life_finds(void)
{
    struct arena *arena = arena_new();
    open_head();
    CHECK(span_equal(route_of(head_tree(), "one.example"), SPAN("mx.one.example:25")));
    const struct manifest *m;
    struct error error;
    CHECK(head_find_commit(arena, "id-2", &m, &error));
    CHECK(m && m->revision == 2 && m->parent == 1 && m->time == 1000000);
    CHECK(strcmp(m->author, "admin") == 0 && strcmp(m->source, "ssh 192.0.2.1") == 0);
    CHECK(strcmp(m->host, "gw.example") == 0 && strcmp(m->comment, "why \xc3\xa9") == 0);
    CHECK(head_find_commit(arena, "id-3", &m, &error) && !m);
    CHECK(ask_store("SELECT count(*) FROM audit WHERE method = 'config.commit' AND user = 'admin'") == 1);
    arena_free(arena);
}

static void what_was_committed_is_the_head_of_the_next_life(void **state)
{
    (void)state;
    assert_true(control_life(life_commits));
    assert_true(control_life(life_finds));
}

static void life_refuses(void)
{
    struct config_tree *before;
    open_head();
    before = head_tree();
    CHECK(commit_edit("id-2", add_one, false));
    CHECK(!commit_edit("id-2", add_two, false)); /* the id was used */
    CHECK(head_manifest()->revision == 2 && head_tree() != before);
    CHECK(route_of(head_tree(), "two.example").n == 0);

    struct error error;
    struct manifest stale = {.revision = 7, .parent = 1, .commit_id = "id-x"};
    CHECK(!head_commit(head_tree(), &stale, &error)); /* its parent is not the head any more */
    CHECK(ask_store("SELECT head FROM state") == 2);
    CHECK(commit_edit("id-3", add_two, false));
}

static void a_commit_that_cannot_be_stored_changes_nothing(void **state)
{
    (void)state;
    assert_true(control_life(life_refuses));
}

static void life_history(void)
{
    struct arena *arena = arena_new();
    unsigned count;
    open_head();
    CHECK(commit_edit("id-2", add_one, false));
    CHECK(commit_edit("id-3", add_two, true));
    CHECK(commit_edit("id-4", change_one, false));
    const struct manifest *shown = head_history(arena, 10, false, &count);
    CHECK(count == 3 && shown[0].revision == 4 && shown[1].revision == 2 && shown[2].revision == 1);
    const struct manifest *all = head_history(arena, 2, true, &count);
    CHECK(count == 2 && all[0].revision == 4 && all[1].revision == 3 && all[1].hidden);
    arena_free(arena);
}

static void history_is_newest_first_and_leaves_out_hidden_revisions(void **state)
{
    (void)state;
    assert_true(control_life(life_history));
}

static void life_last_change(void)
{
    struct arena *arena = arena_new();
    const struct schema_table *routes = &schema_tables[SCHEMA_SMTPROUTES];
    const char *level = head_place()->level;
    open_head();
    CHECK(commit_edit("id-2", add_one, false));
    CHECK(commit_edit("id-3", change_one, false));
    CHECK(commit_edit("id-4", add_two, false));
    struct head_change changes[] = {{level, routes, SPAN("one.example"), NULL},
                                    {level, routes, SPAN("two.example"), NULL},
                                    {level, routes, SPAN("three.example"), NULL}};
    head_last_changes(arena, 1, changes, 3);
    CHECK(changes[0].newest && changes[0].newest->revision == 3);
    CHECK(changes[1].newest && changes[1].newest->revision == 4);
    CHECK(!changes[2].newest);
    changes[0].newest = NULL;
    head_last_changes(arena, 3, changes, 1);
    CHECK(!changes[0].newest);
    arena_free(arena);
}

static void the_last_change_of_a_row_names_its_revision(void **state)
{
    (void)state;
    assert_true(control_life(life_last_change));
}

static unsigned turn; /* which of the edits below is made */

/* Some rows come, change and go; now and then most of the table does. */
static void edit_some(struct config_candidate *c)
{
    char domain[64], to[64];
    if (turn % 16 == 0)
        add_routes(c, "many", 3000);
    for (unsigned i = 0; i < 5; i++) {
        snprintf(domain, sizeof domain, "many-%06u.example", (turn * 389 + i * 733) % 3000);
        snprintf(to, sizeof to, "192.0.2.%u:25", turn);
        put_route(c, domain, to);
    }
    for (unsigned i = 0; i < (turn % 16 == 8 ? 2000 : 3); i++) {
        struct config_table *t = config_candidate_take(c, head_place(), SCHEMA_SMTPROUTES);
        snprintf(domain, sizeof domain, "many-%06u.example", (turn * 97 + i) % 3000);
        config_table_remove(&t, span_text(domain));
        config_candidate_give(c, head_place(), SCHEMA_SMTPROUTES, t);
    }
}

struct seen {
    struct span key;
    uint64_t next; /* the revision that is due */
    unsigned steps;
};

/* The row before a revision is that of the whole tree before it. */
static bool compare_with_tree(const struct schema_row *before, const struct manifest *revision, void *context)
{
    struct seen *seen = context;
    struct error error;
    CHECK(revision->revision == seen->next--);
    seen->steps++;
    if (revision->revision == 1) {
        CHECK(!before);
        return true;
    }
    struct config_tree *tree = head_load_tree(revision->revision - 1, &error);
    CHECK(tree);
    const struct config_table *table = config_tree_table(tree, head_place()->level, SCHEMA_SMTPROUTES);
    CHECK(schema_row_same(before, config_table_find(table, seen->key)));
    config_tree_unref(tree);
    return true;
}

static void life_walk(void)
{
    struct arena *arena = arena_new();
    open_head();
    for (turn = 0; turn < 40; turn++) {
        char id[32];
        snprintf(id, sizeof id, "id-%u", turn);
        CHECK(commit_edit(id, edit_some, false));
    }
    const struct config_table *table = config_tree_table(head_tree(), head_place()->level, SCHEMA_SMTPROUTES);
    struct config_cursor c = config_table_start(table);
    unsigned rows = 0;
    for (const struct schema_row *row; (row = config_table_next(&c)); rows++) {
        struct seen seen = {schema_row_key(row), head_manifest()->revision, 0};
        if (rows % 97)
            continue;
        head_walk_row(arena, head_place()->level, row, compare_with_tree, &seen);
        CHECK(seen.steps == 41);
    }
    CHECK(rows > 1000);
    arena_free(arena);
}

static void a_row_is_the_same_on_its_walk_as_in_every_whole_revision(void **state)
{
    (void)state;
    assert_true(control_life(life_walk));
}

static void change_hot(struct config_candidate *c)
{
    char to[64];
    snprintf(to, sizeof to, "hot-%02u.example:25", turn);
    put_route(c, "many-009000.example", to);
}

static bool count_step(const struct schema_row *before, const struct manifest *revision, void *context)
{
    unsigned *steps = context;
    CHECK((before != NULL) == (revision->revision > 2));
    return ++*steps > 0;
}

/* Chunks that are in no other revision are damaged: whoever reads them gets no further. */
static void life_reads_little(void)
{
    struct arena *arena = arena_new();
    unsigned steps = 0;
    open_head();
    CHECK(commit_edit("id-many", add_ten_thousand, false));
    for (turn = 0; turn < 20; turn++) {
        char id[32];
        snprintf(id, sizeof id, "id-%u", turn);
        CHECK(commit_edit(id, change_hot, false));
    }
    ask_store("UPDATE blob SET body = CAST(replace(CAST(body AS TEXT), 'hot-', 'not-') AS BLOB)"
              " WHERE instr(CAST(body AS TEXT), 'hot-19') = 0");
    CHECK(ask_store("SELECT count(*) FROM blob WHERE instr(CAST(body AS TEXT), 'not-')") == 19);
    const struct config_table *table = config_tree_table(head_tree(), head_place()->level, SCHEMA_SMTPROUTES);
    const struct schema_row *row = config_table_find(table, SPAN("many-000500.example"));
    head_walk_row(arena, head_place()->level, row, count_step, &steps);
    CHECK(steps == 22);
    arena_free(arena);
}

static void the_walk_of_a_row_reads_no_other_part_of_old_revisions(void **state)
{
    (void)state;
    assert_true(control_life(life_reads_little));
}

static void life_old_tree(void)
{
    struct error error;
    open_head();
    CHECK(commit_edit("id-2", add_ten_thousand, false));
    CHECK(commit_edit("id-3", add_one, false));
    struct config_tree *old = head_load_tree(2, &error);
    CHECK(old && route_of(old, "one.example").n == 0 && route_of(old, "many-009999.example").n);
    const struct config_table *now = config_resolve(head_tree(), head_place(), SCHEMA_SMTPROUTES, NULL);
    const struct config_table *then = config_resolve(old, head_place(), SCHEMA_SMTPROUTES, NULL);
    CHECK(config_table_count(then) == 10000 && config_table_count(now) == 10001);
    CHECK(config_table_chunk(then, 0) == config_table_chunk(now, 0)); /* shared, not read again */
    config_tree_unref(old);
    CHECK(!head_load_tree(99, &error) && strstr(error.text, "revision 99 is not kept"));
}

static void an_old_revision_is_loaded_and_shares_its_chunks_with_the_head(void **state)
{
    (void)state;
    assert_true(control_life(life_old_tree));
}

static void life_few_chunks(void)
{
    open_head();
    CHECK(commit_edit("id-2", add_ten_thousand, false));
    int64_t blobs = ask_store("SELECT count(*) FROM blob"),
            bytes = ask_store("SELECT sum(length(body)) FROM blob");
    CHECK(blobs > 20);
    CHECK(commit_edit("id-3", add_one, false));
    CHECK(ask_store("SELECT count(*) FROM blob") - blobs == 2); /* the chunk and the level tree */
    CHECK(ask_store("SELECT sum(length(body)) FROM blob") - bytes < 64 * 1024);
}

static void one_row_on_top_of_ten_thousand_writes_one_chunk(void **state)
{
    (void)state;
    assert_true(control_life(life_few_chunks));
}

static void life_damage(void)
{
    open_head();
    CHECK(commit_edit("id-2", add_one, false));
    ask_store("UPDATE blob SET body = CAST(replace(CAST(body AS TEXT), 'mx.one', 'mx.two') AS BLOB)");
}

static void life_opens(void)
{
    open_head();
}

static void life_sees_damage(void)
{
    struct error error;
    CHECK(!head_open(&error));
    CHECK(strstr(error.text, "revision 2") && strstr(error.text, "damaged") &&
          strstr(error.text, "put back"));
}

static void a_damaged_blob_is_refused(void **state)
{
    (void)state;
    assert_true(control_life(life_damage));
    assert_true(control_life_fails(life_opens));
    assert_true(control_life(life_sees_damage));
}

static void life_of_format_1(void)
{
    open_head();
    ask_store("DROP TABLE confirmation");
    ask_store("DROP TABLE label");
    ask_store("DROP TABLE feature_key");
    ask_store("PRAGMA user_version = 1");
}

static void life_migrates(void)
{
    struct error error;
    open_head();
    CHECK(!confirmation_pending() && label_set("rescue", 1, &error));
}

static void a_store_of_before_confirmations_and_labels_is_migrated(void **state)
{
    (void)state;
    assert_true(control_life(life_of_format_1));
    assert_true(control_life(life_migrates));
}

static void life_from_the_future(void)
{
    open_head();
    ask_store("PRAGMA user_version = 99");
}

static void life_sees_newer(void)
{
    struct error error;
    CHECK(!head_open(&error));
    CHECK(strstr(error.text, "format 99") && strstr(error.text, "newer version"));
}

static void a_newer_format_is_refused_with_advice(void **state)
{
    (void)state;
    assert_true(control_life(life_from_the_future));
    assert_true(control_life(life_sees_newer));
}

static unsigned edits;

static void add_another(struct config_candidate *c)
{
    char destination[32];
    snprintf(destination, sizeof destination, "mx-%u.example:25", ++edits);
    put_route(c, "one.example", destination);
}

static void life_many_revisions(void)
{
    struct error error;
    open_head();
    for (unsigned i = 2; i <= 320; i++) {
        char id[16];
        snprintf(id, sizeof id, "id-%u", i);
        CHECK(commit_edit(id, add_another, false));
        while (tidy_step())
            ;
    }
    int64_t kept = ask_store("SELECT count(*) FROM revision");
    CHECK(kept >= 200 && kept < 320);
    /* For each a chunk and a level tree, and what they share. */
    CHECK(ask_store("SELECT count(*) FROM blob") <= 2 * kept + SCHEMA_TABLE_COUNT);
    struct stat log;
    CHECK(stat("config/config.db-wal", &log) == 0 &&
          log.st_size < 4 * 1024 * 1024); /* it does not grow for ever */
    for (uint64_t revision = 321 - (uint64_t)kept; revision <= 320; revision++) {
        struct config_tree *tree = head_load_tree(revision, &error);
        CHECK(tree != NULL);
        config_tree_unref(tree);
    }
}

static void at_least_two_hundred_revisions_are_kept_and_what_only_older_ones_used_goes(void **state)
{
    (void)state;
    assert_true(control_life(life_many_revisions));
    assert_true(control_life(life_opens));
}

/* A roll-back to a revision whose chunks were swept meanwhile. */
static void life_swept_chunk(void)
{
    struct error error;
    open_head();
    CHECK(commit_edit("id-2", add_one, false));
    struct config_tree *old = config_tree_ref(head_tree());
    while (ask_store("SELECT min(number) FROM revision") <= 2) {
        char id[16];
        snprintf(id, sizeof id, "id-%llu", (unsigned long long)head_manifest()->revision + 1);
        CHECK(commit_edit(id, add_another, false));
        while (tidy_step())
            ;
    }
    CHECK(!head_load_tree(2, &error));
    struct manifest m = {.revision = head_manifest()->revision + 1,
                         .parent = head_manifest()->revision,
                         .rollback_of = 2,
                         .commit_id = "back"};
    CHECK(head_commit(old, &m, &error));
    config_tree_unref(old);
}

static void a_swept_chunk_that_a_candidate_still_holds_is_stored_again(void **state)
{
    (void)state;
    assert_true(control_life(life_swept_chunk));
    assert_true(control_life(life_opens));
}

/* A commit while the blobs in use are being named, one revision a piece. */
static void life_commit_between(void)
{
    struct error error;
    open_head();
    for (unsigned i = 2; i <= 265; i++) {
        char id[16];
        snprintf(id, sizeof id, "id-%u", i);
        CHECK(commit_edit(id, add_another, false));
    }
    CHECK(tidy_step()); /* it is due, and begun */
    CHECK(commit_edit("between", add_two, false));
    while (tidy_step())
        CHECK(ask_store("SELECT min(number) FROM revision") == 1);
    CHECK(ask_store("SELECT min(number) FROM revision") == 67);
    struct config_tree *tree = head_load_tree(67, &error);
    CHECK(tree && !head_load_tree(66, &error));
    config_tree_unref(tree);
}

static void what_is_committed_during_housekeeping_is_kept(void **state)
{
    (void)state;
    assert_true(control_life(life_commit_between));
    assert_true(control_life(life_opens));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, control_set_up, control_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_system_instance_starts_with_every_table_set_to_its_default),
        TEST(a_private_instance_starts_by_scanning_what_comes_in),
        TEST(what_was_committed_is_the_head_of_the_next_life),
        TEST(a_commit_that_cannot_be_stored_changes_nothing),
        TEST(history_is_newest_first_and_leaves_out_hidden_revisions),
        TEST(the_last_change_of_a_row_names_its_revision),
        TEST(a_row_is_the_same_on_its_walk_as_in_every_whole_revision),
        TEST(the_walk_of_a_row_reads_no_other_part_of_old_revisions),
        TEST(an_old_revision_is_loaded_and_shares_its_chunks_with_the_head),
        TEST(one_row_on_top_of_ten_thousand_writes_one_chunk),
        TEST(a_damaged_blob_is_refused),
        TEST(a_store_of_before_confirmations_and_labels_is_migrated),
        TEST(a_newer_format_is_refused_with_advice),
        TEST(at_least_two_hundred_revisions_are_kept_and_what_only_older_ones_used_goes),
        TEST(what_is_committed_during_housekeeping_is_kept),
        TEST(a_swept_chunk_that_a_candidate_still_holds_is_stored_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
