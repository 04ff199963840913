/* The life of an exchange: start, time-out, end. */
#include "daemon/peers/exchange.h"

#include <stdlib.h>

#include "daemon/role.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"

static const struct peer_client *const clients[PEER_COUNT] = {
    [PEER_RSPAMD] = &rspamd_client,
    [PEER_SPAMD] = &spamd_client,
};

static void on_time_out(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct exchange *x = context;
    if (x->why)
        exchange_done(x, PEER_FAILED, x->why); /* it could not be begun */
    else
        exchange_done(x, PEER_TIMED_OUT, "timed out");
}

struct exchange *exchange_start(const struct exchange *wanted, int64_t limit_us)
{
    struct exchange *x = xcalloc(1, sizeof *x);
    *x = *wanted;
    x->started = clock_mono_us();
    x->timer = evtimer_new(role_base(), on_time_out, x);
    if (!x->timer)
        role_fatal("out of memory");
    if (!clients[x->peer]->start(x)) {
        x->why = "cannot be connected to";
        limit_us = 0;
    }
    struct timeval limit = clock_interval(limit_us);
    evtimer_add(x->timer, &limit);
    return x;
}

static void let_go(struct exchange *x)
{
    clients[x->peer]->stop(x);
    evtimer_del(x->timer);
}

static void free_exchange(struct exchange *x)
{
    event_free(x->timer);
    buf_free(&x->received);
    buf_free(&x->symbols);
    free(x);
}

void exchange_done(struct exchange *x, enum peer_state state, const char *why)
{
    let_go(x);
    if (state != PEER_ANSWERED)
        x->verdict = (struct peer_verdict){0};
    x->verdict.state = state;
    x->why = why;
    x->done(x);
    free_exchange(x);
}

void exchange_end(struct exchange *x, enum peer_state state)
{
    exchange_done(x, state, peer_state_text(state));
}

void exchange_abandon(struct exchange *x)
{
    let_go(x);
    free_exchange(x);
}
