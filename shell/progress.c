/* One line that is written over itself. */
#define _GNU_SOURCE /* dprintf */
#include "shell/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "engine/base/clock.h"

enum { QUIET_SECONDS = 2, WIDTH = 32, SECOND = 1000000 };

struct progress progress_begin(void)
{
    return (struct progress){.since = clock_mono_us()};
}

void progress_tick(void *context)
{
    struct progress *p = context;
    int64_t seconds = (clock_mono_us() - p->since) / SECOND;
    if (seconds < QUIET_SECONDS || !isatty(STDERR_FILENO))
        return;
    dprintf(STDERR_FILENO, "\rworking, %lld s (Ctrl-C ends it)", (long long)seconds);
    p->shown = true;
}

void progress_end(struct progress *p)
{
    if (p->shown)
        dprintf(STDERR_FILENO, "\r%*s\r", WIDTH, "");
    p->shown = false;
}
