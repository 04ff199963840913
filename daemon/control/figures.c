/* Questions to the roles about their numbers, and their answers as JSON. */
#include "daemon/control/figures.h"

#include <stdlib.h>

#include "daemon/protocol.h"
#include "engine/base/text.h"
#include "engine/base/xalloc.h"
#include "engine/wire/figures.h"

enum { WAIT_SECONDS = 5 };

struct figures_query {
    struct figures_query *next;
    uint32_t id;
    unsigned missing; /* bit set of roles that have not answered */
    unsigned awaited; /* those of which an answer can come */
    json_t *result;
    struct event *timer;
    figures_done *done;
    void *context;
};

static struct figures_query *queries;
static uint32_t last_id;

void figures_forget(struct figures_query *q)
{
    struct figures_query **p = &queries;
    while (*p != q)
        p = &(*p)->next;
    *p = q->next;
    json_decref(q->result);
    event_free(q->timer);
    free(q);
}

/* "queue, smtp" */
static void put_roles(struct buf *out, unsigned roles)
{
    for (int id = 0; id < ROLE_COUNT; id++)
        if (roles & 1u << id)
            buf_printf(out, "%s%s", out->len ? ", " : "", role_table[id].name);
}

static void end_query(struct figures_query *q)
{
    struct buf missing = {0};
    put_roles(&missing, q->missing);
    q->done(q->context, q->result, missing.len ? buf_text(&missing) : NULL);
    buf_free(&missing);
    figures_forget(q);
}

static void on_timeout(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    end_query(context);
}

static struct figures_query *new_query(figures_done *done, void *context)
{
    struct figures_query *q = xcalloc(1, sizeof *q);
    *q = (struct figures_query){
        .next = queries, .id = ++last_id, .result = json_object(), .done = done, .context = context};
    q->timer = evtimer_new(role_base(), on_timeout, q);
    queries = q;
    return q;
}

static void ask(struct figures_query *q, enum role_id role, bool reset, struct span who)
{
    struct buf body = {0};
    wire_put_u32(&body, q->id);
    if (role == ROLE_LOG) {
        wire_put_u8(&body, reset);
        wire_put_span(&body, who);
    }
    q->missing |= 1u << role;
    if (role_send(role, role == ROLE_LOG ? MSG_COUNTERS : MSG_STATUS_QUERY, buf_span(&body), -1))
        q->awaited |= 1u << role;
    buf_free(&body);
}

static struct figures_query *start(struct figures_query *q)
{
    /* A role that is away is started anew and answers nothing that was asked before: no use in waiting. */
    struct timeval limit = {q->awaited ? WAIT_SECONDS : 0, 0};
    evtimer_add(q->timer, &limit);
    return q;
}

struct figures_query *figures_ask(unsigned roles, figures_done *done, void *context)
{
    struct figures_query *q = new_query(done, context);
    for (int id = 0; id < ROLE_COUNT; id++)
        if (roles & 1u << id)
            ask(q, (enum role_id)id, false, (struct span){0});
    return start(q);
}

struct figures_query *figures_reset(struct span who, figures_done *done, void *context)
{
    struct figures_query *q = new_query(done, context);
    ask(q, ROLE_LOG, true, who);
    return start(q);
}

/* ---- answers ---- */

/* NULL: nobody waits for it any more. */
static struct figures_query *find_query(enum role_id peer, uint32_t id)
{
    struct figures_query *q = queries;
    while (q && q->id != id)
        q = q->next;
    return q && q->awaited & 1u << peer ? q : NULL;
}

static void take_answer(struct figures_query *q, enum role_id peer)
{
    q->missing &= ~(1u << peer);
    q->awaited &= ~(1u << peer);
    if (q->awaited == 0)
        end_query(q);
}

/* The object that is a member of the result. */
static json_t *section(struct figures_query *q, const char *name)
{
    json_t *object = json_object_get(q->result, name);
    if (!object) {
        object = json_object();
        json_object_set_new(q->result, name, object);
    }
    return object;
}

static const char *section_of(struct span key)
{
    for (size_t i = 0; i < FIGURE_GAUGES; i++)
        if (span_equal(key, span_text(figure_gauges[i].key)))
            return "gauges";
    for (size_t i = 0; i < FIGURE_MOMENTS; i++)
        if (span_equal(key, span_text(figure_moments[i].key)))
            return "moments";
    return "others";
}

void figures_status_reply(enum role_id peer, struct wire_reader *in)
{
    struct figures_query *q = find_query(peer, wire_get_u32(in));
    for (uint32_t count = wire_get_count(in, 12); count > 0 && !in->failed; count--) {
        struct span key = wire_get_span(in);
        json_int_t value = (json_int_t)wire_get_u64(in);
        if (q)
            json_object_setn_new(section(q, section_of(key)), key.p, key.n, json_integer(value));
    }
    if (q && !in->failed)
        take_answer(q, peer);
}

static json_t *get_numbers(struct wire_reader *in, const char *const *keys, int count)
{
    json_t *numbers = json_object();
    for (int i = 0; i < count; i++)
        json_object_set_new(numbers, keys[i], json_integer((json_int_t)wire_get_u64(in)));
    return numbers;
}

static void get_counter(struct wire_reader *in, json_t *counters, json_t *rates)
{
    static const char *const times[] = {"reset", "uptime", "lifetime"};
    struct span key = wire_get_span(in);
    json_t *totals = get_numbers(in, times, 3), *per_hour = get_numbers(in, figure_rate_keys, FIGURE_RATES);
    size_t i = 0;
    while (i < FIGURE_COUNTERS && !span_equal(key, span_text(figure_counters[i].key)))
        i++;
    if (i < FIGURE_COUNTERS)
        json_object_set(counters, figure_counters[i].key, totals);
    if (i < FIGURE_COUNTERS && figure_counters[i].rated)
        json_object_set(rates, figure_counters[i].key, per_hour);
    json_decref(totals);
    json_decref(per_hour);
}

static void take_refusal(struct figures_query *q, struct span why)
{
    struct buf text = {0};
    text_from_wire(&text, why, 200);
    json_object_set_new(q->result, "refused", json_stringn(text.data, text.len));
    buf_free(&text);
}

void figures_counters_reply(enum role_id peer, struct wire_reader *in)
{
    struct figures_query *q = find_query(peer, wire_get_u32(in));
    if (!q) {
        in->rest = (struct span){0};
        return;
    }
    struct span why = wire_get_span(in);
    int64_t reset = wire_get_i64(in), since = wire_get_i64(in);
    if (why.n)
        take_refusal(q, why);
    json_object_set_new(section(q, "moments"), "counters_reset", json_integer(reset));
    json_object_set_new(section(q, "moments"), "counters_since", json_integer(since));
    for (uint32_t count = wire_get_count(in, 8); count > 0 && !in->failed; count--)
        get_counter(in, section(q, "counters"), section(q, "rates"));
    if (!in->failed)
        take_answer(q, peer);
}
