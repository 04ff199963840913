/* Learning from examples: samples, likeness, the fit, its limits; and learned.db, in which each change can be undone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/control/store_learned.h"
#include "engine/base/arena.h"
#include "engine/base/xalloc.h"
#include "engine/scan/score.h"
#include "engine/wire/api.h"

/* Features of a message whose text has those from first on, count of them, and a tenth as many that all mail has. */
static void features_of(uint32_t first, uint32_t count, struct arena *arena, struct scan_features *features)
{
    const uint32_t common = count / 10;
    uint32_t *ids = arena_calloc(arena, common + count, sizeof *ids);
    for (uint32_t i = 0; i < common; i++)
        ids[i] = i;
    for (uint32_t i = 0; i < count; i++)
        ids[common + i] = 1000 + first + i;
    *features = (struct scan_features){.ids = ids};
    for (unsigned family = 0; family <= SCAN_FAMILIES; family++)
        features->start[family] = family <= SCAN_TEXT ? 0 : common + count;
}

static struct scan_sample sample_of(uint32_t first, uint32_t count)
{
    struct arena *arena = arena_new();
    struct scan_features features;
    struct scan_sample sample;
    features_of(first, count, arena, &features);
    scan_sample_take(&features, &sample);
    arena_free(arena);
    return sample;
}

static void teach(struct buf *set, uint32_t first, bool spam, int32_t log_odds)
{
    struct scan_sample sample = sample_of(first, 500);
    struct buf wire = {0};
    scan_sample_put(&wire, &sample);
    scan_learned_put(set, spam, log_odds, buf_span(&wire));
    buf_free(&wire);
}

/* After the set, which is freed. */
static struct scan_learned *fit(struct buf *set)
{
    struct error error;
    struct scan_learned *learned = scan_learned_fit(buf_span(set), &error);
    assert_string_equal(error.text, "");
    buf_free(set);
    return learned;
}

static double correction(const struct scan_learned *learned, uint32_t first)
{
    struct scan_sample sample = sample_of(first, 500);
    return scan_learned_correction(learned, &sample);
}

/* ---- samples ---- */

static void a_sample_is_bounded_sorted_and_of_length_one(void **state)
{
    (void)state;
    for (uint32_t count = 0; count <= 40000; count = count * 3 + 1) {
        struct scan_sample sample = sample_of(7, count);
        double values[SCAN_FAMILIES], squares = 0;
        scan_sample_values(&sample, values);
        assert_true(sample.count <= SCAN_SAMPLE_MOST);
        for (uint32_t i = 0; i < sample.count; i++) {
            assert_true(i == 0 || sample.features[i] > sample.features[i - 1]);
            squares += pow(values[sample.features[i] >> SCAN_FEATURE_BITS], 2);
        }
        assert_true(count == 0 || fabs(squares - 1) < 1e-9);
    }
}

static void an_example_is_read_back_and_what_is_wrong_is_refused(void **state)
{
    (void)state;
    struct scan_example example = {
        .version = 7, .log_odds = -1234, .identity = SPAN("name"), .sample = sample_of(0, 500)};
    struct buf wire = {0};
    struct scan_example got;
    scan_example_put(&wire, &example);
    assert_true(scan_example_get(buf_span(&wire), &got));
    assert_int_equal(got.version, 7);
    assert_int_equal(got.log_odds, -1234);
    assert_true(span_equal(got.identity, SPAN("name")));
    assert_int_equal(got.sample.count, example.sample.count);
    assert_memory_equal(got.sample.features, example.sample.features, got.sample.count * 4);
    for (size_t length = 0; length < wire.len; length++)
        assert_false(scan_example_get(span_of(wire.data, length), &got));
    buf_clear(&wire);
    example.sample.features[1] = example.sample.features[0];
    scan_example_put(&wire, &example);
    assert_false(scan_example_get(buf_span(&wire), &got)); /* twice the same */
    buf_clear(&wire);
    example.sample.features[0] = 0;
    example.sample.features[example.sample.count - 1] = (uint32_t)SCAN_FAMILIES << SCAN_FEATURE_BITS;
    scan_example_put(&wire, &example);
    assert_false(scan_example_get(buf_span(&wire), &got)); /* of no family */
    buf_free(&wire);
}

/* ---- the fit ---- */

static void examples_move_what_is_like_them_and_nothing_else(void **state)
{
    (void)state;
    struct buf set = {0};
    teach(&set, 0, true, -2000);
    teach(&set, 50000, false, 2000);
    struct scan_learned *learned = fit(&set);
    assert_int_equal(scan_learned_count(learned), 2);
    assert_true(correction(learned, 0) > 1);
    assert_true(correction(learned, 50000) < -1);
    assert_true(correction(learned, 100) > 0.2); /* four fifths of its text are the same */
    assert_true(fabs(correction(learned, 200000)) < 0.2);
    scan_learned_free(learned);
}

static void an_example_that_the_model_judges_rightly_hardly_pulls(void **state)
{
    (void)state;
    struct buf set = {0};
    teach(&set, 0, true, 6000);
    struct scan_learned *learned = fit(&set);
    assert_true(correction(learned, 0) > 0 && correction(learned, 0) < 0.01);
    scan_learned_free(learned);
}

static void however_often_it_is_said_the_correction_has_its_limit(void **state)
{
    (void)state;
    struct buf set = {0};
    for (uint32_t i = 0; i < SCAN_LEARNED_EXAMPLES; i++)
        teach(&set, i % 10, true, -30000);
    struct scan_learned *learned = fit(&set);
    assert_true(correction(learned, 0) == SCAN_LEARNED_MOST);
    struct arena *arena = arena_new();
    struct scan_features features;
    struct scan_score score = {.log_odds = -5, .score = 0};
    features_of(0, 500, arena, &features);
    scan_learned_add(learned, &features, &score);
    assert_true(score.learned == SCAN_LEARNED_MOST && score.log_odds == -5 + SCAN_LEARNED_MOST);
    assert_int_equal(score.score, scan_score_of_log_odds(-2));
    arena_free(arena);
    scan_learned_free(learned);
}

/* Forty features of one kind, from first on. */
static struct scan_sample neighbours(uint32_t first)
{
    struct scan_sample sample = {.count = 40};
    for (uint32_t i = 0; i < sample.count; i++)
        sample.features[i] = (SCAN_TEXT << SCAN_FEATURE_BITS) + first + i * 3;
    return sample;
}

static void features_that_are_next_to_each_other_are_told_apart(void **state)
{
    (void)state;
    struct buf set = {0};
    struct scan_sample samples[3];
    for (uint32_t i = 0; i < 90; i++) { /* three sets of features, each of every third example */
        struct buf wire = {0};
        samples[i % 3] = neighbours(i % 3);
        scan_sample_put(&wire, &samples[i % 3]);
        if (i % 3 < 2)
            scan_learned_put(&set, i % 3 == 0, 0, buf_span(&wire));
        buf_free(&wire);
    }
    struct scan_learned *learned = fit(&set);
    assert_true(scan_learned_correction(learned, &samples[0]) > 1);
    assert_true(scan_learned_correction(learned, &samples[1]) < -1);
    assert_true(scan_learned_correction(learned, &samples[2]) == 0);
    samples[2].features[0] = samples[1].features[0];
    double one = scan_learned_correction(learned, &samples[2]);
    assert_true(one < 0 && one > -0.01); /* the third power of a fortieth */
    scan_learned_free(learned);
}

static void a_hundred_hostile_examples_do_not_move_mail_that_is_like_none(void **state)
{
    (void)state;
    struct buf set = {0};
    for (uint32_t i = 0; i < 100; i++)
        teach(&set, i * 1000, true, -6000);
    struct scan_learned *learned = fit(&set);
    assert_true(correction(learned, 0) > 1);
    assert_true(correction(learned, 500000) < 1);
    scan_learned_free(learned);
}

static void sets_that_are_wrong_are_refused_and_an_empty_one_is_nothing(void **state)
{
    (void)state;
    struct buf set = {0};
    struct error error;
    assert_null(scan_learned_fit((struct span){0}, &error));
    assert_string_equal(error.text, "");
    teach(&set, 0, true, 0);
    for (size_t length = 1; length < set.len; length++) {
        if (length == 4)
            continue; /* the version and nothing behind it: an empty set */
        assert_null(scan_learned_fit(span_of(set.data, length), &error));
        assert_string_equal(error.text, "what was learned is damaged, or of another version of the program");
    }
    for (uint32_t i = 0; i < SCAN_LEARNED_EXAMPLES; i++)
        scan_learned_put(&set, true, 0, (struct span){0});
    assert_null(scan_learned_fit(buf_span(&set), &error)); /* one too many */
    assert_true(error.text[0]);
    buf_free(&set);
}

/* ---- learned.db ---- */

static int open_store(void **state)
{
    (void)state;
    struct error error;
    unlink("learned-test.db");
    unlink("learned-test.db-wal");
    return store_learned_open("learned-test.db", &error) ? 0 : -1;
}

static int close_store(void **state)
{
    (void)state;
    store_learned_close();
    unlink("learned-test.db");
    return 0;
}

/* The key is made of n. */
static enum lesson_outcome say(bool is_told, enum lesson_kind kind, unsigned n)
{
    static struct scan_example example;
    const struct learned_change change = {
        .time = n, .kind = kind, .origin = SPAN("a message"), .who = SPAN("anna"), .is_told = is_told};
    uint8_t key[LEARNED_KEY_BYTES] = {(uint8_t)n, (uint8_t)(n >> 8)};
    struct error error;
    example = (struct scan_example){.version = SCAN_EXAMPLE_VERSION, .log_odds = (int32_t)n};
    example.sample = sample_of(n, 20);
    return store_learned_add(&change, key, &example, &error);
}

/* Whether there was news. */
static bool add_by(bool is_told, enum lesson_kind kind, unsigned n)
{
    enum lesson_outcome outcome = say(is_told, kind, n);
    assert_true(outcome == LESSON_DONE || outcome == LESSON_NOTHING);
    return outcome == LESSON_DONE;
}

static bool add(enum lesson_kind kind, unsigned n)
{
    return add_by(false, kind, n);
}

static unsigned undo(unsigned most)
{
    struct error error;
    unsigned undone;
    assert_true(store_learned_undo(most, &undone, &error));
    return undone;
}

static struct buf whole_set(uint32_t *count)
{
    struct buf set = {0};
    struct error error;
    assert_true(store_learned_set(&set, count, &error));
    return set;
}

static void assert_set_is(const struct buf *wanted)
{
    uint32_t count;
    struct buf set = whole_set(&count);
    assert_true(span_equal(buf_span(&set), buf_span(wanted)));
    buf_free(&set);
}

static void undoing_any_change_restores_the_set_to_the_byte(void **state)
{
    (void)state;
    struct buf sets[6];
    uint32_t count;
    assert_true(add(LESSON_SPAM, 1));
    assert_true(add(LESSON_HAM, 2));
    assert_false(add(LESSON_HAM, 2));    /* known */
    assert_false(add(LESSON_FORGET, 9)); /* nothing to forget */
    sets[0] = whole_set(&count);
    assert_true(add(LESSON_HAM, 1)); /* another class: replaced */
    sets[1] = whole_set(&count);
    assert_int_equal(count, 2);
    assert_true(add(LESSON_FORGET, 2));
    sets[2] = whole_set(&count);
    assert_int_equal(count, 1);
    assert_true(add(LESSON_SPAM, 3));
    assert_int_equal(undo(1), 1);
    assert_set_is(&sets[2]);
    assert_int_equal(undo(1), 1);
    assert_set_is(&sets[1]);
    assert_int_equal(undo(1), 1);
    assert_set_is(&sets[0]);
    assert_int_equal(undo(100), 2);
    assert_int_equal(undo(1), 0);
    for (int i = 0; i < 3; i++)
        buf_free(&sets[i]);
}

static void the_oldest_go_first_and_come_back_when_that_is_undone(void **state)
{
    (void)state;
    uint32_t count;
    int64_t all = 0, others = 0;
    struct error error;
    for (unsigned n = 0; n < SCAN_LEARNED_EXAMPLES; n++)
        assert_true(add(LESSON_SPAM, n));
    struct buf full = whole_set(&count);
    assert_int_equal(count, SCAN_LEARNED_EXAMPLES);
    for (unsigned n = 0; n < 5; n++)
        assert_true(add(LESSON_SPAM, SCAN_LEARNED_EXAMPLES + n));
    assert_true(store_learned_count(&all, &others, &error));
    assert_int_equal(all, SCAN_LEARNED_EXAMPLES);
    assert_true(add(LESSON_SPAM, 0)); /* it was the first to go: news again */
    assert_int_equal(undo(6), 6);
    assert_set_is(&full);
    assert_int_equal(undo(1000), API_LEARNING_UNDO_MAX - 6); /* what is older cannot be undone any more */
    buf_free(&full);
}

static void what_anybody_tells_goes_before_what_administrators_say(void **state)
{
    (void)state;
    uint32_t count;
    for (unsigned n = 0; n < 3; n++)
        assert_true(add(LESSON_HAM, n));
    for (unsigned n = 3; n < SCAN_LEARNED_EXAMPLES + 50; n++)
        assert_true(add_by(true, LESSON_SPAM, n));
    struct buf set = whole_set(&count);
    assert_int_equal(count, SCAN_LEARNED_EXAMPLES);
    for (unsigned n = 0; n < 3; n++)
        assert_false(add(LESSON_HAM, n)); /* it is known */
    assert_true(add(LESSON_HAM, SCAN_LEARNED_EXAMPLES + 50));
    assert_true(add_by(true, LESSON_SPAM, 53)); /* the oldest one told: it has just gone */
    assert_int_equal(undo(2), 2);
    assert_set_is(&set);
    buf_free(&set);
}

static void the_word_of_an_administrator_stands_whatever_is_told(void **state)
{
    (void)state;
    uint32_t count;
    assert_int_equal(say(false, LESSON_HAM, 1), LESSON_DONE);
    struct buf set = whole_set(&count);
    assert_int_equal(say(true, LESSON_SPAM, 1), LESSON_REFUSED);
    assert_int_equal(say(true, LESSON_FORGET, 1), LESSON_REFUSED);
    assert_int_equal(say(true, LESSON_HAM, 1), LESSON_NOTHING);
    assert_set_is(&set);
    buf_free(&set);
    assert_int_equal(say(false, LESSON_SPAM, 1), LESSON_DONE); /* he may change his mind */
    assert_int_equal(say(true, LESSON_HAM, 1), LESSON_REFUSED);
    assert_int_equal(say(false, LESSON_FORGET, 1), LESSON_DONE);
    assert_int_equal(say(true, LESSON_HAM, 1), LESSON_DONE); /* which is no word about it any more */
    assert_int_equal(say(true, LESSON_SPAM, 1), LESSON_DONE);
    assert_int_equal(say(true, LESSON_SPAM, 1), LESSON_NOTHING);
    assert_int_equal(say(false, LESSON_SPAM, 1), LESSON_DONE); /* the same, and his from now on */
    assert_int_equal(say(false, LESSON_SPAM, 1), LESSON_NOTHING);
    assert_int_equal(say(true, LESSON_HAM, 1), LESSON_REFUSED);
    assert_int_equal(undo(1), 1);
    assert_int_equal(say(true, LESSON_HAM, 1), LESSON_DONE);
}

static void nothing_is_called_learned_that_goes_at_once(void **state)
{
    (void)state;
    uint32_t count;
    for (unsigned n = 1; n < SCAN_LEARNED_EXAMPLES; n++)
        assert_true(add(LESSON_HAM, n));
    assert_true(add_by(true, LESSON_SPAM, 0));    /* the last place */
    assert_true(add_by(true, LESSON_SPAM, 2000)); /* in the place of the one before */
    assert_true(add_by(true, LESSON_SPAM, 0));
    assert_true(add(LESSON_HAM, 3000));
    struct buf set = whole_set(&count);
    assert_int_equal(say(true, LESSON_SPAM, 0), LESSON_REFUSED);
    assert_int_equal(say(true, LESSON_FORGET, 0), LESSON_NOTHING);
    assert_set_is(&set);
    assert_true(add(LESSON_HAM, 4000)); /* an administrator's oldest goes for it */
    assert_int_equal(undo(1), 1);
    assert_set_is(&set);
    buf_free(&set);
}

static void what_is_stored_is_there_after_a_restart_and_a_reset_leaves_nothing(void **state)
{
    (void)state;
    struct error error;
    uint32_t count;
    add(LESSON_SPAM, 1);
    struct buf set = whole_set(&count);
    store_learned_close();
    assert_true(store_learned_open("learned-test.db", &error));
    assert_set_is(&set);
    assert_true(store_learned_reset(&error));
    buf_free(&set);
    set = whole_set(&count);
    assert_int_equal(count, 0);
    assert_int_equal(undo(1), 0);
    buf_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sample_is_bounded_sorted_and_of_length_one),
        cmocka_unit_test(an_example_is_read_back_and_what_is_wrong_is_refused),
        cmocka_unit_test(examples_move_what_is_like_them_and_nothing_else),
        cmocka_unit_test(an_example_that_the_model_judges_rightly_hardly_pulls),
        cmocka_unit_test(however_often_it_is_said_the_correction_has_its_limit),
        cmocka_unit_test(features_that_are_next_to_each_other_are_told_apart),
        cmocka_unit_test(a_hundred_hostile_examples_do_not_move_mail_that_is_like_none),
        cmocka_unit_test(sets_that_are_wrong_are_refused_and_an_empty_one_is_nothing),
        cmocka_unit_test_setup_teardown(undoing_any_change_restores_the_set_to_the_byte, open_store,
                                        close_store),
        cmocka_unit_test_setup_teardown(the_oldest_go_first_and_come_back_when_that_is_undone, open_store,
                                        close_store),
        cmocka_unit_test_setup_teardown(what_anybody_tells_goes_before_what_administrators_say, open_store,
                                        close_store),
        cmocka_unit_test_setup_teardown(the_word_of_an_administrator_stands_whatever_is_told, open_store,
                                        close_store),
        cmocka_unit_test_setup_teardown(nothing_is_called_learned_that_goes_at_once, open_store, close_store),
        cmocka_unit_test_setup_teardown(what_is_stored_is_there_after_a_restart_and_a_reset_leaves_nothing,
                                        open_store, close_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
