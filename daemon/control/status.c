/* The method `status`: gauges of the queue and counters of the log role, asked at the moment. */
#include "daemon/control/status.h"

#include <stdlib.h>

#include "daemon/control/session.h"
#include "daemon/protocol.h"
#include "engine/base/xalloc.h"

enum { WAIT_SECONDS = 5 };

static const enum role_id asked[] = {ROLE_QUEUE, ROLE_LOG};
static const char *const sections[ROLE_COUNT] = {[ROLE_QUEUE] = "gauges", [ROLE_LOG] = "counters"};

struct query {
    struct query *next;
    uint32_t id;
    uint64_t session;
    unsigned missing; /* bit set of roles that have not answered */
    unsigned awaited; /* those of which an answer can come */
    json_t *result;
    struct event *timer;
};

static struct query *queries;
static uint32_t last_id;

static void forget(struct query *q)
{
    for (struct query **p = &queries; *p; p = &(*p)->next) {
        if (*p == q) {
            *p = q->next;
            break;
        }
    }
    event_free(q->timer);
    free(q);
}

static void end_query(struct query *q)
{
    if (q->missing)
        session_fail_with(q->session, API_ERROR_FAILED, json_pack("{s:o}", "result", q->result),
                          "a part of the daemon did not answer");
    else
        session_done(q->session, q->result);
    forget(q);
}

static void on_cancel(void *context)
{
    struct query *q = context;
    json_decref(q->result);
    forget(q);
}

static void on_timeout(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    end_query(context);
}

void status_ask(uint64_t session, json_t *request)
{
    (void)request;
    struct query *q = xcalloc(1, sizeof *q);
    *q = (struct query){.next = queries, .id = ++last_id, .session = session, .result = json_object()};
    q->timer = evtimer_new(role_base(), on_timeout, q);
    queries = q;
    struct buf body = {0};
    wire_put_u32(&body, q->id);
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        q->missing |= 1u << asked[i];
        if (role_send(asked[i], MSG_STATUS_QUERY, buf_span(&body), -1))
            q->awaited |= 1u << asked[i];
    }
    buf_free(&body);
    struct timeval limit = {q->awaited ? WAIT_SECONDS : 0, 0};
    evtimer_add(q->timer, &limit);
    session_begin_work(session, &(struct session_work){NULL, on_cancel, q});
}

void status_reply(enum role_id peer, struct wire_reader *in)
{
    uint32_t id = wire_get_u32(in), count = wire_get_count(in, 12);
    json_t *values = json_object();
    for (uint32_t i = 0; i < count && !in->failed; i++) {
        struct span name = wire_get_span(in);
        json_t *value = json_integer((json_int_t)wire_get_u64(in));
        json_object_setn_new(values, name.p, name.n, value);
    }
    struct query *q = queries;
    while (q && q->id != id)
        q = q->next;
    if (!q || in->failed || !sections[peer]) {
        json_decref(values);
        return;
    }
    json_object_set_new(q->result, sections[peer], values);
    q->missing &= ~(1u << peer);
    q->awaited &= ~(1u << peer);
    if (q->awaited == 0)
        end_query(q);
}
