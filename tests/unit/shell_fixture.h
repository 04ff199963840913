/* What tests of commands have in common: a scripted shell for each, on a terminal or not. */
#ifndef TESTS_UNIT_SHELL_FIXTURE_H
#define TESTS_UNIT_SHELL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/fake_shell.h"

static struct shell *sh;

static inline int on_a_terminal(void **state)
{
    (void)state;
    sh = fake_shell(true);
    return 0;
}

static inline int without_a_terminal(void **state)
{
    (void)state;
    sh = fake_shell(false);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    fake_shell_free(sh);
    return 0;
}

/* For assert_int_equal() of what fake_run() returned: says also how far the dialogue came. */
#define assert_status(run, wanted) assert_status_at(run, wanted, __FILE__, __LINE__)
static inline void assert_status_at(enum api_status got, enum api_status wanted, const char *file, int line)
{
    if (got == wanted)
        return;
    struct span end = buf_span(&sh->shown); /* cmocka prints no more than 1000 bytes */
    end = span_slice(end, end.n > 700 ? end.n - 700 : 0, end.n);
    print_error(
        "%s:%d: status %d, not %d, after %zu of %zu answers, the last '%s'; the end of the screen:\n%.*s\n",
        file, line, (int)got, (int)wanted, sh->answers_read, sh->answer_count,
        sh->answers_read ? sh->answers[sh->answers_read - 1] : "", (int)end.n, end.p);
    _fail(file, line);
}

static inline void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is not in '%s'", part, text);
}

#endif
