/* A time-out that is moved often and fires rarely: moving it later costs no timer call. */
#ifndef DAEMON_DEADLINE_H
#define DAEMON_DEADLINE_H

#include <event2/event.h>
#include <stdint.h>

struct deadline {
    struct event *timer;
    void (*passed)(void *context);
    void *context;
    int64_t due;      /* clock_mono_us() */
    int64_t armed_at; /* when the timer fires; 0: not at all */
};

void deadline_init(struct deadline *d, void (*passed)(void *context), void *context);
/* passed() may free the owner. */
void deadline_set(struct deadline *d, int64_t mono_us);
void deadline_set_seconds(struct deadline *d, int64_t from_now);
void deadline_free(struct deadline *d);

#endif
