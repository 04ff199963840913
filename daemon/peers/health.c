/* The peers: where they are, whether they answer, and what runs with each. */
#include "daemon/peers/health.h"

#include "daemon/log_lines.h"
#include "daemon/role.h"
#include "engine/base/clock.h"

enum {
    SECOND_US = 1000000,
    PAUSE_FIRST_US = SECOND_US,
    PAUSE_MOST_US = 60 * SECOND_US,
    PROBE_US = 5 * SECOND_US,
    USELESS_MOST = 10, /* answers in a row */
};

static struct peer {
    struct buf text;
    struct schema_peer where;
    unsigned target; /* how often the address changed */
    int64_t limit_us;
    bool down;
    int64_t pause_us;    /* of the latest time that it was down; 0: it has given a verdict since */
    int64_t answered;    /* monotonic time of its latest answer */
    unsigned useless;    /* answers since its latest verdict that were of no use */
    struct event *timer; /* of the next probe */
    struct exchange *probe;
    struct exchange_list running; /* about messages */
} peers[PEER_COUNT];

static void begin_probe(struct peer *p);

static enum peer_id id_of(const struct peer *p)
{
    return (enum peer_id)(p - peers);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    begin_probe(context);
}

static void probe_later(struct peer *p)
{
    struct timeval pause = clock_interval(p->pause_us);
    if (!p->timer)
        p->timer = evtimer_new(role_base(), on_timer, p);
    if (!p->timer)
        role_fatal("out of memory");
    evtimer_add(p->timer, &pause);
}

static void lengthen_pause(struct peer *p)
{
    p->pause_us = p->pause_us ? p->pause_us * 2 : PAUSE_FIRST_US;
    if (p->pause_us > PAUSE_MOST_US)
        p->pause_us = PAUSE_MOST_US;
}

/* Whoever waits for it need not: it would cost each of them its time-out. */
static void end_running(struct peer *p)
{
    for (struct exchange *x; (x = TAILQ_FIRST(&p->running));)
        exchange_end(x, PEER_DOWN);
}

static void failed(struct peer *p, int64_t began, const char *why)
{
    if (p->down || p->answered > began)
        return;
    p->down = true;
    lengthen_pause(p);
    LOG(PEER_DOWN, LOG_T(peer_name(id_of(p))), LOG_T(why), LOG_U((uint64_t)(p->pause_us / SECOND_US)));
    probe_later(p);
    end_running(p);
}

static void answered(struct peer *p)
{
    p->answered = clock_mono_us();
    if (!p->down)
        return;
    p->down = false;
    evtimer_del(p->timer);
    LOG(PEER_UP, LOG_T(peer_name(id_of(p))));
}

/* It may be the message: that must not take the peer from all others. */
static void answered_uselessly(struct peer *p, const char *why)
{
    if (++p->useless >= USELESS_MOST)
        failed(p, clock_mono_us(), why);
    else
        p->answered = clock_mono_us();
}

static void probe_done(struct exchange *x)
{
    struct peer *p = x->context;
    p->probe = NULL;
    if (x->verdict.state == PEER_ANSWERED) {
        answered(p);
    } else if (p->down) {
        lengthen_pause(p);
        probe_later(p);
    } else {
        failed(p, x->started, x->why);
    }
}

static void begin_probe(struct peer *p)
{
    const struct exchange probe = {
        .peer = id_of(p), .where = &p->where, .done = probe_done, .context = p, .target = p->target};
    if (!p->probe)
        p->probe = exchange_start(&probe, PROBE_US);
}

static bool is_answer(enum peer_state state)
{
    return state == PEER_ANSWERED || state == PEER_SKIPPED;
}

/* exchange_end() gives the state that it was told, which says nothing about the peer. */
static void message_done(struct exchange *x)
{
    struct peer *p = &peers[x->peer];
    const struct exchange ended = *x;
    TAILQ_REMOVE(&p->running, x, link);
    if (ended.verdict.state == PEER_USELESS)
        LOG(PEER_USELESS, LOG_T(peer_name(x->peer)), LOG_T(x->why), LOG_U(x->message->envelope.mid));
    x->message_done(x);
    if (ended.target != p->target || ended.verdict.state == PEER_DOWN)
        return;
    if (is_answer(ended.verdict.state)) {
        p->pause_us = 0;
        p->useless = 0;
        answered(p);
    } else if (ended.verdict.state == PEER_USELESS) {
        answered_uselessly(p, ended.why);
    } else {
        failed(p, ended.started, ended.why);
    }
}

struct exchange *health_ask(enum peer_id peer, const struct exchange_message *message,
                            void (*done)(struct exchange *x), void *context, enum peer_state *why)
{
    struct peer *p = &peers[peer];
    *why = p->where.kind == SCHEMA_PEER_OFF ? PEER_NONE : PEER_DOWN;
    if (p->where.kind == SCHEMA_PEER_OFF || p->down)
        return NULL;
    const struct exchange wanted = {.peer = peer,
                                    .where = &p->where,
                                    .message = message,
                                    .done = message_done,
                                    .message_done = done,
                                    .context = context,
                                    .target = p->target};
    struct exchange *x = exchange_start(&wanted, p->limit_us);
    TAILQ_INSERT_TAIL(&p->running, x, link);
    return x;
}

void health_forget(struct exchange *x)
{
    TAILQ_REMOVE(&peers[x->peer].running, x, link);
    exchange_abandon(x);
}

void health_set_target(enum peer_id peer, const struct health_target *target)
{
    struct peer *p = &peers[peer];
    p->limit_us = target->limit_us;
    if (!p->running.tqh_last)
        TAILQ_INIT(&p->running);
    if (p->text.data && span_equal(buf_span(&p->text), target->text))
        return;
    buf_clear(&p->text);
    buf_append_span(&p->text, target->text);
    struct error error;
    if (!target->parse(buf_span(&p->text), &p->where, &error))
        role_fatal("%s", error.text);
    p->target++;
    p->down = false;
    p->pause_us = p->answered = 0;
    p->useless = 0;
    if (p->timer)
        evtimer_del(p->timer);
    if (p->probe)
        exchange_abandon(p->probe);
    p->probe = NULL;
    if (p->where.kind != SCHEMA_PEER_OFF)
        begin_probe(p);
}
