/* Tables of rows: compared with a plain array under random changes, and what a change of a shared one costs. */
#define _GNU_SOURCE /* random */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/config/table.h"

enum { KEYS = 3000, VERSIONS = 5 };

static const struct schema_table *const routes = &schema_tables[SCHEMA_SMTPROUTES];

static struct span key_of(unsigned number, char text[32])
{
    return span_of(text, (size_t)snprintf(text, 32, "d%06u.example", number));
}

/* The destination tells the value. */
static struct schema_row *route(unsigned key, unsigned value)
{
    char domain[32], destination[32];
    struct schema_value values[SMTPROUTES_FIELD_COUNT] = {{0}};
    values[SMTPROUTES_DOMAIN].text = key_of(key, domain);
    values[SMTPROUTES_DESTINATION].text =
        span_of(destination, (size_t)snprintf(destination, sizeof destination, "h%u", value));
    return schema_row_new(routes, values);
}

static bool row_is(const struct schema_row *row, unsigned key, unsigned value)
{
    struct schema_row *expected = route(key, value);
    bool equal = schema_row_equal(row, expected);
    schema_row_unref(expected);
    return equal;
}

static void put_routes(struct config_table **t, unsigned first, unsigned step, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        config_table_put(t, route(first + i * step, 1));
}

static struct config_table *routes_up_to(unsigned count)
{
    struct config_table *t = config_table_new(routes);
    put_routes(&t, 0, 1, count);
    return t;
}

/* ---- a plain array as the model: the value of each key, 0 for none ---- */

struct version {
    struct config_table *table;
    unsigned model[KEYS];
};

static void assert_like_model(const struct version *v)
{
    struct config_cursor c = config_table_start(v->table);
    size_t count = 0;
    for (unsigned key = 0; key < KEYS; key++) {
        char text[32];
        const struct schema_row *found = config_table_find(v->table, key_of(key, text));
        assert_int_equal(found != NULL, v->model[key] != 0);
        if (!found)
            continue;
        assert_ptr_equal(config_table_next(&c), found);
        assert_true(row_is(found, key, v->model[key]));
        count++;
    }
    assert_null(config_table_next(&c));
    assert_int_equal(config_table_count(v->table), count);
    for (size_t i = 0; i < config_table_chunk_count(v->table); i++) {
        assert_true(config_table_chunk(v->table, i)->count > 0);
        assert_true(config_table_chunk(v->table, i)->count <= 2 * CONFIG_CHUNK_ROWS);
    }
}

struct walk {
    const struct version *before, *after;
    unsigned next;
};

/* The differences come in order, and nothing between two of them differs. */
static void visit_like_model(const struct schema_row *before, const struct schema_row *after, void *context)
{
    struct walk *walk = context;
    while (walk->next < KEYS && walk->before->model[walk->next] == walk->after->model[walk->next])
        walk->next++;
    assert_true(walk->next < KEYS);
    unsigned old = walk->before->model[walk->next], new = walk->after->model[walk->next];
    assert_int_equal(before != NULL, old != 0);
    assert_int_equal(after != NULL, new != 0);
    assert_true(!before || row_is(before, walk->next, old));
    assert_true(!after || row_is(after, walk->next, new));
    walk->next++;
}

static void assert_diff_like_model(const struct version *a, const struct version *b)
{
    struct walk walk = {a, b, 0};
    config_table_diff(a->table, b->table, visit_like_model, &walk);
    bool equal = memcmp(a->model, b->model, sizeof a->model) == 0;
    while (walk.next < KEYS && a->model[walk.next] == b->model[walk.next])
        walk.next++;
    assert_int_equal(walk.next, KEYS);
    assert_int_equal(config_table_equal(a->table, b->table), equal);
}

static void change(struct version *v, unsigned key, unsigned value)
{
    char text[32];
    if (value)
        config_table_put(&v->table, route(key, value));
    else
        assert_int_equal(config_table_remove(&v->table, key_of(key, text)), v->model[key] != 0);
    v->model[key] = value;
}

static void random_changes_of_shared_tables_are_as_in_a_plain_array(void **state)
{
    (void)state;
    static struct version versions[VERSIONS];
    srandom(4711);
    memset(versions, 0, sizeof versions);
    for (size_t i = 0; i < VERSIONS; i++)
        versions[i].table = config_table_new(routes);
    for (unsigned round = 0; round < 60; round++) {
        struct version *from = &versions[random() % VERSIONS], *to = &versions[random() % VERSIONS];
        if (from != to) {
            config_table_unref(to->table);
            *to = *from;
            config_table_ref(to->table);
        }
        /* Some rounds fill, some empty whole stretches, so that chunks are split and joined. */
        unsigned start = (unsigned)random() % KEYS, changes = (unsigned)random() % 1500;
        for (unsigned i = 0; i < changes; i++) {
            unsigned key = round % 3 ? (unsigned)random() % KEYS : (start + i) % KEYS;
            change(to, key, round % 3 == 0 ? round % 2 : (unsigned)random() % 4);
        }
        for (size_t i = 0; i < VERSIONS; i++) {
            assert_like_model(&versions[i]);
            assert_diff_like_model(&versions[i], to);
        }
    }
    for (size_t i = 0; i < VERSIONS; i++)
        config_table_unref(versions[i].table);
}

static void one_change_of_a_large_shared_table_copies_one_chunk(void **state)
{
    (void)state;
    struct config_table *old = routes_up_to(100000), *new = config_table_ref(old);
    config_table_put(&new, route(54321, 2));
    assert_int_equal(config_table_chunk_count(old), config_table_chunk_count(new));
    size_t copied = 0;
    for (size_t i = 0; i < config_table_chunk_count(old); i++)
        copied += config_table_chunk(old, i) != config_table_chunk(new, i);
    assert_int_equal(copied, 1);
    char text[32];
    assert_true(row_is(config_table_find(old, key_of(54321, text)), 54321, 1));
    assert_true(row_is(config_table_find(new, key_of(54321, text)), 54321, 2));
    config_table_unref(old);
    config_table_unref(new);
}

static void a_table_that_nobody_else_has_is_changed_in_place(void **state)
{
    (void)state;
    struct config_table *t = routes_up_to(1000), *same = t;
    const struct config_chunk *chunk = config_table_chunk(t, 0);
    config_table_chunk(t, 0)->hashed = true;
    config_table_put(&t, route(0, 2));
    assert_ptr_equal(t, same);
    assert_ptr_equal(config_table_chunk(t, 0), chunk);
    assert_false(chunk->hashed);
    config_table_unref(t);
}

static void count_difference(const struct schema_row *before, const struct schema_row *after, void *context)
{
    (void)before;
    (void)after;
    ++*(unsigned *)context;
}

static void diff_passes_shared_chunks_by_though_boundaries_differ(void **state)
{
    (void)state;
    struct config_table *old = config_table_new(routes);
    put_routes(&old, 0, 4, 20000);
    struct config_table *new = config_table_ref(old);
    put_routes(&new, 40001, 4, 700); /* splits chunks of the middle */
    put_routes(&new, 40002, 4, 700);
    char text[32];
    for (unsigned i = 0; i < 50; i++)
        assert_true(config_table_remove(&new, key_of(4 * i, text)));
    assert_true(config_table_chunk_count(new) > config_table_chunk_count(old));
    /* A look at any row but the first of a shared chunk would end the test. */
    const struct schema_row *kept[2 * CONFIG_CHUNK_ROWS];
    size_t shared = 0;
    for (size_t i = 0; i < config_table_chunk_count(new); i++) {
        struct config_chunk *chunk = config_table_chunk(new, i);
        if (chunk->references == 1)
            continue;
        shared++;
        memcpy(kept, chunk->rows, sizeof kept);
        memset(chunk->rows + 1, 0, sizeof kept - sizeof kept[0]);
        unsigned count = 0;
        config_table_diff(old, new, count_difference, &count);
        memcpy(chunk->rows, kept, sizeof kept);
        assert_int_equal(count, 2 * 700 + 50);
    }
    assert_true(shared > 50);
    config_table_unref(old);
    config_table_unref(new);
}

static void chunks_with_the_same_hash_are_the_same(void **state)
{
    (void)state;
    struct config_table *a = routes_up_to(10), *b = routes_up_to(10);
    assert_true(config_table_equal(a, b));
    struct config_table *tables[] = {a, b};
    for (size_t i = 0; i < 2; i++) {
        config_table_chunk(tables[i], 0)->hashed = true;
        memset(config_table_chunk(tables[i], 0)->hash, 7, CONFIG_HASH_BYTES);
    }
    unsigned count = 0;
    config_table_diff(a, b, count_difference, &count);
    assert_int_equal(count, 0);
    config_table_put(&b, route(3, 9));
    config_table_diff(a, b, count_difference, &count);
    assert_int_equal(count, 1);
    config_table_unref(a);
    config_table_unref(b);
}

static void clear_and_defaults_keep_the_fixed_row(void **state)
{
    (void)state;
    struct config_table *t = config_table_preset(&schema_tables[SCHEMA_INCOMING_POLICY]);
    assert_int_equal(config_table_count(t), 1);
    config_table_put(&t, schema_row_preset(config_table_schema(t), SPAN("Sales")));
    config_table_clear(&t);
    assert_int_equal(config_table_count(t), 1);
    assert_non_null(config_table_find(t, SPAN("DEFAULT")));
    config_table_unref(t);
    t = config_table_preset(routes);
    assert_int_equal(config_table_count(t), 0);
    assert_false(config_table_remove(&t, SPAN("none.example")));
    config_table_put(&t, route(1, 1));
    config_table_clear(&t);
    assert_int_equal(config_table_count(t), 0);
    config_table_unref(t);
    t = config_table_preset(&schema_tables[SCHEMA_ANTISPAM]);
    config_table_clear(&t);
    assert_int_equal(schema_row_number(config_table_single(t), ANTISPAM_TIMEOUT), 60);
    config_table_unref(t);
}

static struct config_chunk *chunk_of(const unsigned *keys, unsigned count)
{
    struct config_chunk *chunk = config_chunk_new();
    for (unsigned i = 0; i < count; i++)
        chunk->rows[chunk->count++] = route(keys[i], 1);
    return chunk;
}

static void chunks_out_of_order_are_not_appended(void **state)
{
    (void)state;
    struct config_table *t = config_table_new(routes);
    assert_false(config_table_append(t, config_chunk_new()));
    assert_true(config_table_append(t, chunk_of((unsigned[]){1, 5}, 2)));
    assert_false(config_table_append(t, chunk_of((unsigned[]){5, 6}, 2)));
    assert_false(config_table_append(t, chunk_of((unsigned[]){8, 7}, 2)));
    assert_false(config_table_append(t, chunk_of((unsigned[]){6, 6}, 2)));
    assert_true(config_table_append(t, chunk_of((unsigned[]){6}, 1)));
    assert_int_equal(config_table_count(t), 3);
    assert_int_equal(config_table_chunk_count(t), 2);
    config_table_unref(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_changes_of_shared_tables_are_as_in_a_plain_array),
        cmocka_unit_test(one_change_of_a_large_shared_table_copies_one_chunk),
        cmocka_unit_test(a_table_that_nobody_else_has_is_changed_in_place),
        cmocka_unit_test(diff_passes_shared_chunks_by_though_boundaries_differ),
        cmocka_unit_test(chunks_with_the_same_hash_are_the_same),
        cmocka_unit_test(clear_and_defaults_keep_the_fixed_row),
        cmocka_unit_test(chunks_out_of_order_are_not_appended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
