/* Lines of a batch: nothing lost, nothing let through that is no text. */
#define _GNU_SOURCE /* pipe2 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "shell/reader.h"

static void expect(struct reader *r, const char *wanted, unsigned number)
{
    struct span line;
    struct error error;
    assert_int_equal(reader_next(r, &line, &error), READ_LINE);
    assert_int_equal(line.n, strlen(wanted));
    assert_string_equal(line.p, wanted);
    assert_int_equal(r->line, number);
}

static void expect_end(struct reader *r, enum read_result wanted, const char *why)
{
    struct span line;
    struct error error = {0};
    assert_int_equal(reader_next(r, &line, &error), wanted);
    if (why)
        assert_string_equal(error.text, why);
}

/* A reader of a pipe that holds these bytes. */
static struct reader reader_of_bytes(struct span bytes)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(write(ends[1], bytes.p, bytes.n), (ssize_t)bytes.n);
    close(ends[1]);
    return reader_of_fd(ends[0]);
}

static void lines_end_with_lf_or_crlf_and_the_last_may_have_none(void **state)
{
    (void)state;
    struct reader r = reader_of_bytes(SPAN("one\n\r\n\ntwo\r\nthree\rand\nlast"));
    expect(&r, "one", 1);
    expect(&r, "", 2);
    expect(&r, "", 3);
    expect(&r, "two", 4);
    expect(&r, "three\rand", 5);
    expect(&r, "last", 6);
    expect_end(&r, READ_END, NULL);
    expect_end(&r, READ_END, NULL);
    reader_close(&r);
}

static void the_text_of_an_option_is_read_in_the_same_way(void **state)
{
    (void)state;
    struct reader r = reader_of_text("a; b\nc");
    expect(&r, "a; b", 1);
    expect(&r, "c", 2);
    expect_end(&r, READ_END, NULL);
    reader_close(&r);
}

static void lines_longer_than_one_read_stay_whole(void **state)
{
    (void)state;
    enum { SIZE = 300000 };
    char path[] = "/tmp/test-reader-XXXXXX", *text = malloc(SIZE + 1);
    int fd = mkstemp(path);
    unlink(path);
    memset(text, 'x', SIZE);
    text[SIZE] = '\0';
    assert_int_equal(dprintf(fd, "%s\n%s\n", text, text), 2 * SIZE + 2);
    lseek(fd, 0, SEEK_SET);
    struct reader r = reader_of_fd(fd);
    expect(&r, text, 1);
    expect(&r, text, 2);
    expect_end(&r, READ_END, NULL);
    reader_close(&r);
    free(text);
}

static void every_character_passes_and_broken_ones_are_told_with_their_line(void **state)
{
    (void)state;
    struct reader r = reader_of_bytes(SPAN("\x01\t\x7f \xc3\xa4 \xf0\x9f\x98\x80\nab\xff!\n\xc3\n"));
    expect(&r, "\x01\t\x7f \xc3\xa4 \xf0\x9f\x98\x80", 1);
    expect_end(&r, READ_BAD, "line 2 is not valid UTF-8 (byte ff)");
    expect_end(&r, READ_BAD, "line 3 is not valid UTF-8 (byte c3)");
    reader_close(&r);
}

static void a_nul_byte_is_told_with_its_line(void **state)
{
    (void)state;
    struct reader r = reader_of_bytes(SPAN("good\nbad\0x\n"));
    expect(&r, "good", 1);
    expect_end(&r, READ_BAD, "line 2 holds a NUL byte");
    reader_close(&r);
}

struct writer_side {
    int fd, calls;
};

static void write_more(void *context)
{
    struct writer_side *side = context;
    side->calls++;
    assert_int_equal(write(side->fd, "d\n", 2), 2);
}

static void the_writer_of_the_lines_is_answered_before_a_wait(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    struct reader r = reader_of_fd(ends[0]);
    struct writer_side side = {.fd = ends[1]};
    r.before_wait = write_more;
    r.context = &side;
    assert_int_equal(write(ends[1], "a\nb\nc", 5), 5);
    expect(&r, "a", 1);
    expect(&r, "b", 2);
    assert_int_equal(side.calls, 0);
    expect(&r, "cd", 3);
    assert_int_equal(side.calls, 1);
    close(ends[1]);
    reader_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_end_with_lf_or_crlf_and_the_last_may_have_none),
        cmocka_unit_test(the_text_of_an_option_is_read_in_the_same_way),
        cmocka_unit_test(lines_longer_than_one_read_stay_whole),
        cmocka_unit_test(every_character_passes_and_broken_ones_are_told_with_their_line),
        cmocka_unit_test(a_nul_byte_is_told_with_its_line),
        cmocka_unit_test(the_writer_of_the_lines_is_answered_before_a_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
