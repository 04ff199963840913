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

static inline void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is not in '%s'", part, text);
}

#endif
