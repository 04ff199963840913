/* How long a request takes, for a person who waits: on standard error, when that is a terminal, from the third second on. */
#ifndef SHELL_PROGRESS_H
#define SHELL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    int64_t since; /* clock_mono_us() */
    bool shown;
};

struct progress progress_begin(void);
/* Shows how long it is; for link_watch(). */
void progress_tick(void *progress);
/* What was shown goes: something comes. */
void progress_end(struct progress *progress);

#endif
