/* Questions to the queue about its work queue, each with the session that waits for the answer. */
#include "daemon/control/workqueue.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/control/audit.h"
#include "daemon/control/session.h"
#include "daemon/protocol.h"
#include "daemon/role.h"
#include "engine/base/xalloc.h"

enum { WAIT_SECONDS = 5 };

struct question {
    struct question *next;
    uint32_t id;
    uint64_t session;
    struct event *timer;
};

static struct question *questions;
static uint32_t last_id;

/* Values as MSG_WORKQUEUE has them. */
static const char *const operations[] = {"resume", "pause", "status"};
enum { OPERATIONS = sizeof operations / sizeof operations[0], ONLY_TELL = 2 };

static void forget(struct question *q)
{
    for (struct question **p = &questions; *p; p = &(*p)->next) {
        if (*p == q) {
            *p = q->next;
            break;
        }
    }
    event_free(q->timer);
    free(q);
}

static void on_timeout(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct question *q = context;
    session_fail(q->session, API_ERROR_FAILED, "the queue did not answer");
    forget(q);
}

void workqueue_call(uint64_t session, json_t *request)
{
    const struct session_info *info = session_info(session);
    const char *word = json_string_value(json_object_get(request, "operation"));
    uint8_t operation = 0;
    while (operation < OPERATIONS && strcmp(operations[operation], word) != 0)
        operation++;
    if (operation == OPERATIONS) {
        session_fail(session, API_ERROR_INVALID_ARGUMENTS,
                     "the operation is status, pause or resume, not '%s'", word);
        return;
    }
    struct question *q = xcalloc(1, sizeof *q);
    *q = (struct question){.next = questions, .id = ++last_id, .session = session};
    q->timer = evtimer_new(role_base(), on_timeout, q);
    questions = q;
    struct buf body = {0};
    wire_put_u32(&body, q->id);
    wire_put_u8(&body, operation);
    bool sent = role_send(ROLE_QUEUE, MSG_WORKQUEUE, buf_span(&body), -1);
    buf_free(&body);
    /* A queue that is away is started anew and answers nothing that was asked before: no use in waiting. */
    struct timeval limit = {sent ? WAIT_SECONDS : 0, 0};
    evtimer_add(q->timer, &limit);
    if (operation != ONLY_TELL)
        audit_write(info->account.user, info->from, "workqueue", word, sent ? API_DONE : API_FAILED);
}

void workqueue_reply(enum role_id peer, struct wire_reader *in)
{
    uint32_t id = wire_get_u32(in);
    bool paused = wire_get_u8(in);
    uint64_t messages = wire_get_u64(in);
    struct question *q = questions;
    while (q && q->id != id)
        q = q->next;
    if (!q || in->failed || peer != ROLE_QUEUE)
        return;
    session_done(q->session, json_pack("{s:b,s:I}", "paused", paused, "messages", (json_int_t)messages));
    forget(q);
}
