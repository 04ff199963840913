/* The settings table: what is refused and how it is said, and the hand-over between roles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/schema/settings.h"

static void a_number_out_of_range_is_named_with_its_range(void **state)
{
    (void)state;
    struct settings s;
    struct error error;
    settings_init(&s);
    assert_false(settings_set(&s, "scan.workers", "257", &error));
    assert_string_equal(error.text, "scan.workers: '257' is not a whole number from 0 to 256");
    assert_false(settings_set(&s, "scan.workers", "1O", &error));
    assert_int_equal(s.scan_workers, 0);
    assert_false(settings_set(&s, "no.such", "1", &error));
    assert_string_equal(error.text, "there is no setting 'no.such'");
    settings_free(&s);
}

static void settings_that_do_not_fit_each_other_are_named(void **state)
{
    (void)state;
    struct settings s;
    struct error error;
    settings_init(&s);
    assert_true(settings_check(&s, &error));
    assert_true(settings_set(&s, "queue.retry-first", "7200", &error));
    assert_false(settings_check(&s, &error));
    assert_string_equal(error.text, "queue.retry-first (7200) must not be above queue.retry-most (3600)");
    settings_free(&s);
}

static void settings_arrive_as_they_were_sent(void **state)
{
    (void)state;
    struct settings s, copy;
    struct error error;
    struct buf wire = {0};
    settings_init(&s);
    assert_true(settings_set(&s, "queue.retry-first", "7", &error));
    assert_true(settings_set(&s, "route", "maildir:x", &error));
    settings_put(&wire, &s);
    struct wire_reader in = wire_reader_of(buf_span(&wire));
    assert_true(settings_get(&in, &copy));
    assert_true(wire_reader_done(&in));
    assert_int_equal(copy.retry_first, 7);
    assert_string_equal(copy.route, "maildir:x");
    settings_free(&copy);

    in = wire_reader_of((struct span){wire.data, wire.len - 1});
    assert_false(settings_get(&in, &copy));
    settings_free(&copy);
    settings_free(&s);
    buf_free(&wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_out_of_range_is_named_with_its_range),
        cmocka_unit_test(settings_that_do_not_fit_each_other_are_named),
        cmocka_unit_test(settings_arrive_as_they_were_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
