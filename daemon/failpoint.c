/* Dying where a test says. */
#define _GNU_SOURCE /* kill */
#include "daemon/failpoint.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct test_page *page;

void failpoint_use(struct test_page *mapped)
{
    page = mapped;
}

void failpoint(const char *name)
{
    if (!page || strncmp(page->failpoint, name, sizeof page->failpoint) != 0)
        return;
    page->failpoint[0] = '\0';
    kill(getpid(), SIGKILL);
}
