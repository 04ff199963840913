/* A time-out that is moved often and fires rarely. */
#include "daemon/deadline.h"

#include "daemon/role.h"
#include "engine/base/clock.h"

static void arm(struct deadline *d, int64_t now)
{
    int64_t wait = d->due > now ? d->due - now : 0;
    struct timeval tv = {.tv_sec = wait / 1000000, .tv_usec = wait % 1000000};
    d->armed_at = d->due;
    event_add(d->timer, &tv);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct deadline *d = context;
    int64_t now = clock_mono_us();
    d->armed_at = 0;
    if (now < d->due)
        arm(d, now);
    else
        d->passed(d->context);
}

void deadline_init(struct deadline *d, void (*passed)(void *context), void *context)
{
    *d = (struct deadline){.passed = passed, .context = context};
    d->timer = evtimer_new(role_base(), on_timer, d);
    if (!d->timer)
        role_fatal("out of memory");
}

void deadline_set(struct deadline *d, int64_t mono_us)
{
    d->due = mono_us;
    if (d->armed_at == 0 || d->due < d->armed_at)
        arm(d, clock_mono_us());
}

void deadline_set_seconds(struct deadline *d, int64_t from_now)
{
    deadline_set(d, clock_mono_us() + from_now * 1000000);
}

void deadline_free(struct deadline *d)
{
    event_free(d->timer);
}
