/* Splitting what an admin types into commands and words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shell/words.h"

static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void a_semicolon_ends_a_command_and_empty_ones_are_skipped(void **state)
{
    (void)state;
    const char *line = " ; version;;status detail ;";
    struct words w;
    struct error error;
    assert_true(words_next(&line, arena, &w, &error));
    assert_int_equal(w.count, 1);
    assert_string_equal(w.word[0], "version");
    assert_true(words_next(&line, arena, &w, &error));
    assert_int_equal(w.count, 2);
    assert_string_equal(w.word[1], "detail");
    assert_false(words_next(&line, arena, &w, &error));
    assert_string_equal(error.text, "");
}

static void quotes_hold_blanks_semicolons_and_escapes(void **state)
{
    (void)state;
    const char *line = "grep \"a b;\\\"c\\\\\" mail_logs";
    struct words w;
    struct error error;
    assert_true(words_next(&line, arena, &w, &error));
    assert_int_equal(w.count, 3);
    assert_string_equal(w.word[1], "a b;\"c\\");
}

static void an_empty_quoted_word_is_a_word(void **state)
{
    (void)state;
    const char *line = "grep \"\" mail_logs";
    struct words w;
    struct error error;
    assert_true(words_next(&line, arena, &w, &error));
    assert_int_equal(w.count, 3);
    assert_string_equal(w.word[1], "");
}

static void a_wrong_escape_and_an_open_quote_are_told(void **state)
{
    (void)state;
    const char *line = "grep \"a\\n\"";
    struct words w;
    struct error error;
    assert_false(words_next(&line, arena, &w, &error));
    assert_string_equal(error.text, "Command contained invalid escape character: n");
    line = "grep \"a";
    assert_false(words_next(&line, arena, &w, &error));
    assert_string_equal(error.text, "a quote is not closed");
}

static void what_was_quoted_and_where_a_command_stands_is_kept(void **state)
{
    (void)state;
    const char *line = "  version ; commit \"check\" check ; grep \"x", *start = line;
    struct words w;
    struct error error;
    assert_true(words_next(&line, arena, &w, &error));
    assert_int_equal(w.text.p - start, 2);
    assert_int_equal(w.text.n, strlen("version"));
    assert_true(words_next(&line, arena, &w, &error));
    assert_true(w.quoted[1]);
    assert_false(w.quoted[0] || w.quoted[2]);
    assert_int_equal(w.text.p - start, 12);
    assert_false(words_next(&line, arena, &w, &error));
    assert_int_equal(w.text.n, strlen("grep \"x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_semicolon_ends_a_command_and_empty_ones_are_skipped, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(quotes_hold_blanks_semicolons_and_escapes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_quoted_word_is_a_word, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_escape_and_an_open_quote_are_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_quoted_and_where_a_command_stands_is_kept, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
