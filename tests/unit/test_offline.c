/* What the offline programs share: messages from files, and figures of merit. */
#define _GNU_SOURCE /* mkdtemp */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/offline/mail_files.h"
#include "daemon/offline/train_measure.h"
#include "daemon/offline/train_report.h"
#include "engine/base/buf.h"

/* Appends "name=message;" for each message seen. */
static void note(void *context, const char *name, struct span message)
{
    const char *last = strrchr(name, '/');
    buf_printf(context, "%s=%.*s;", last ? last + 1 : name, (int)message.n, message.p);
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void expect_walk(const char *folder, const char *want)
{
    struct buf seen = {0};
    struct error error;
    assert_true(mail_files_walk(folder, note, &seen, &error));
    assert_string_equal(buf_text(&seen), want);
    buf_free(&seen);
}

static char folder[] = "test_offline.XXXXXX";

static int folder_begin(void **state)
{
    (void)state;
    strcpy(folder + sizeof folder - 7, "XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int folder_end(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", ".hidden", "sub/back", "sub/c", "sub", "away"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[200];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        remove(path); /* not every test has made all of them */
    }
    return rmdir(folder);
}

static void folders_are_walked_in_the_order_of_names(void **state)
{
    (void)state;
    char sub[200];
    snprintf(sub, sizeof sub, "%s/sub", folder);
    assert_int_equal(mkdir(sub, 0700), 0);
    write_file(folder, "b", "two");
    write_file(folder, "a", "one");
    write_file(folder, ".hidden", "no");
    write_file(sub, "c", "");
    expect_walk(folder, "a=one;b=two;c=;");
}

static void an_mbox_is_cut_at_its_separators_only(void **state)
{
    (void)state;
    write_file(folder, "a",
               "From x@a.example  Thu Aug 22 12:36:23 2002\nSubject: 1\n\nFrom here on it is prose.\n\n"
               "From y@b.example  Thu Aug 22 12:36:24 2002\nSubject: 2\n\nend\n"
               "From z@c.example  Thu Aug 22 12:36:24 2002\n");
    expect_walk(folder, "a=Subject: 1\n\nFrom here on it is prose.\n\n;"
                        "a#2=Subject: 2\n\nend\nFrom z@c.example  Thu Aug 22 12:36:24 2002\n;");
    write_file(folder, "a", "From x@a.example  Thu Aug 22 12:36:23 2002");
    expect_walk(folder, "a=;");
}

static void what_cannot_be_read_is_named(void **state)
{
    (void)state;
    struct buf seen = {0};
    struct error error;
    assert_false(mail_files_walk("no/such/place", note, &seen, &error));
    assert_non_null(strstr(error.text, "no/such/place"));
    buf_free(&seen);
}

static void what_cannot_be_read_in_a_folder_keeps_nothing_else_from_being_visited(void **state)
{
    (void)state;
    char path[200];
    struct buf seen = {0};
    struct error error;
    write_file(folder, "b", "two");
    snprintf(path, sizeof path, "%s/sub", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    write_file(path, "c", "three");
    snprintf(path, sizeof path, "%s/sub/back", folder);
    assert_int_equal(symlink("..", path), 0);
    snprintf(path, sizeof path, "%s/away", folder);
    assert_int_equal(symlink("nowhere", path), 0);
    assert_false(mail_files_walk(folder, note, &seen, &error));
    assert_non_null(strstr(error.text, "away: No such file"));
    assert_string_equal(buf_text(&seen), "b=two;c=three;");
    buf_clear(&seen);
    remove(path);
    assert_false(mail_files_walk(folder, note, &seen, &error));
    assert_non_null(strstr(error.text, "sub/back: folders too deep, or a link that leads back"));
    assert_string_equal(buf_text(&seen), "b=two;c=three;");
    buf_free(&seen);
}

static void figures_of_merit_are_right_on_a_small_case(void **state)
{
    (void)state;
    struct train_sample samples[] = {{-2, false, ""}, {3, true, ""}, {1, false, ""},
                                     {2, true, ""},   {0, true, ""}, {-1, false, ""}};
    const size_t count = sizeof samples / sizeof samples[0];
    train_samples_sort(samples, count);
    assert_true(samples[0].log_odds == 3 && samples[5].log_odds == -2);
    /* One pair of nine is in the wrong order: ham at 1 above spam at 0. */
    assert_true(fabs(train_area_above(samples, count) - 1.0 / 9) < 1e-12);
    double none = train_threshold(samples, count, 0), third = train_threshold(samples, count, 0.34);
    assert_true(none > 1 && none < 2);
    assert_true(third > -1 && third <= 0);
    struct train_rates rates = train_rates_at(samples, count, third);
    assert_true(rates.true_positive == 1 && fabs(rates.false_positive - 1.0 / 3) < 1e-12);
}

static void ties_count_half(void **state)
{
    (void)state;
    const struct train_sample samples[] = {{1, true, ""}, {1, false, ""}, {1, false, ""}};
    assert_true(train_area_above(samples, 3) == 0.5);
}

enum { MANY = 2000 };

/* As many spam as ham; one ham of a hundred, and one spam of fifty, are where the others are. */
static void make_samples(struct train_sample samples[MANY])
{
    for (size_t i = 0; i < MANY; i++) {
        bool spam = i % 2, odd = spam ? i % 100 == 1 : i % 200 == 0;
        samples[i] = (struct train_sample){spam != odd ? 1 + (double)i / MANY : -1 - (double)i / MANY, spam,
                                           spam    ? "mail/new/s"
                                           : i % 4 ? "mail/old/h"
                                                   : "mail/new/h"};
    }
    train_samples_sort(samples, MANY);
}

static void an_interval_is_round_the_figure_and_the_same_each_time(void **state)
{
    (void)state;
    static struct train_sample samples[MANY];
    struct train_figures figures, low, high, low_again, high_again;
    make_samples(samples);
    train_measure(samples, MANY, &figures);
    train_bootstrap(samples, MANY, &low, &high);
    train_bootstrap(samples, MANY, &low_again, &high_again);
    assert_memory_equal(&low, &low_again, sizeof low);
    assert_memory_equal(&high, &high_again, sizeof high);
    assert_true(low.area_above < figures.area_above && figures.area_above < high.area_above);
    assert_true(low.area_above > 0.005 && high.area_above < 0.05);
    for (size_t i = 0; i < TRAIN_SHARES; i++)
        assert_true(low.found[i] <= figures.found[i] && figures.found[i] <= high.found[i]);
    assert_true(low.found[0] < high.found[0]);
}

static void shares_are_told_by_a_column_of_a_table(void **state)
{
    (void)state;
    static struct train_sample samples[MANY];
    const struct scan_model_parameters model = {.slope = 2, .offset = 0};
    struct buf out = {0};
    struct error error;
    char path[200];
    make_samples(samples);
    snprintf(path, sizeof path, "%s/a", folder);
    write_file(folder, "a", "label\tpath\tera\r\nspam\tnew/s\tnow\r\nham\told/h\tthen\nham\tnew/h\tnow\n");
    assert_true(train_report_by(path, "era", samples, MANY, &model, &out, &error));
    /* 2 * x is above log(9) from i = 198 on. */
    assert_string_equal(buf_text(&out), "  now, negative: 500 messages, 2.00 % reach 50, 1.80 % reach 90\n"
                                        "  now, positive: 1000 messages, 98.00 % reach 50, 88.30 % reach 90\n"
                                        "  then, negative: 500 messages, 0.00 % reach 50, 0.00 % reach 90\n");
    assert_false(train_report_by(path, "source", samples, MANY, &model, &out, &error));
    assert_non_null(strstr(error.text, "path and source"));
    assert_false(train_report_by("no/such/table", "era", samples, MANY, &model, &out, &error));
    assert_non_null(strstr(error.text, "no/such/table"));
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(folders_are_walked_in_the_order_of_names, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(an_mbox_is_cut_at_its_separators_only, folder_begin, folder_end),
        cmocka_unit_test(what_cannot_be_read_is_named),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_in_a_folder_keeps_nothing_else_from_being_visited,
                                        folder_begin, folder_end),
        cmocka_unit_test(figures_of_merit_are_right_on_a_small_case),
        cmocka_unit_test(ties_count_half),
        cmocka_unit_test(an_interval_is_round_the_figure_and_the_same_each_time),
        cmocka_unit_test_setup_teardown(shares_are_told_by_a_column_of_a_table, folder_begin, folder_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
