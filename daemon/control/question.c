/* Questions to another role and the sessions that wait for the answers. */
#include "daemon/control/question.h"

#include <event2/event.h>
#include <stdlib.h>

#include "daemon/control/session.h"
#include "engine/base/xalloc.h"

enum { WAIT_SECONDS = 5 };

struct question {
    struct question *next;
    struct questions *kind;
    uint32_t id;
    uint64_t session;
    struct event *timer;
};

static void forget(struct question *q)
{
    struct question **p = &q->kind->first;
    while (*p != q)
        p = &(*p)->next;
    *p = q->next;
    event_free(q->timer);
    free(q);
}

static void on_timeout(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct question *q = context;
    session_fail(q->session, API_ERROR_FAILED, "%s", q->kind->silent);
    forget(q);
}

bool question_ask(struct questions *kind, uint64_t session, struct span rest)
{
    struct question *q = xcalloc(1, sizeof *q);
    *q = (struct question){.next = kind->first, .kind = kind, .id = ++kind->last_id, .session = session};
    q->timer = evtimer_new(role_base(), on_timeout, q);
    kind->first = q;
    struct buf body = {0};
    wire_put_u32(&body, q->id);
    buf_append_span(&body, rest);
    bool sent = role_send(kind->role, kind->type, buf_span(&body), -1);
    buf_free(&body);
    /* One that is away is started anew and answers nothing that was asked before: no use in waiting. */
    struct timeval limit = {sent ? WAIT_SECONDS : 0, 0};
    evtimer_add(q->timer, &limit);
    return sent;
}

uint64_t question_answered(struct questions *kind, uint32_t id)
{
    struct question *q = kind->first;
    while (q && q->id != id)
        q = q->next;
    uint64_t session = q ? q->session : 0;
    if (q)
        forget(q);
    return session;
}
