/* What tests of the control socket have in common: one shell at it. */
#ifndef TESTS_UNIT_CONTROL_FIXTURE_H
#define TESTS_UNIT_CONTROL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/control_shell.h"

static struct shell *sh;

static inline int set_up(void **state)
{
    (void)state;
    control_begin();
    sh = shell_open();
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    shell_close(sh);
    control_end();
    return 0;
}

#endif
