/* Calls to the queue, each with the session that waits for the answer. */
#include "daemon/control/queue_call.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/control/session.h"
#include "engine/base/text.h"

enum { WAIT_SECONDS = 30, TEXT_SHOWN = 2000 };

static struct queue_call *calls;
static uint32_t last_id;

void queue_call_end(struct queue_call *call)
{
    struct queue_call **p = &calls;
    while (*p != call)
        p = &(*p)->next;
    *p = call->next;
    if (call->type->end)
        call->type->end(call);
    event_free(call->timer);
    free(call);
}

static void on_silence(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct queue_call *call = context;
    if (call->type->silent)
        call->type->silent(call);
    else
        session_fail(call->session, API_ERROR_FAILED, "the queue did not answer");
    queue_call_end(call);
}

static void on_resume(void *context)
{
    struct queue_call *call = context;
    if (call->id == 0 && call->type->resume)
        call->type->resume(call);
}

static void on_cancel(void *context)
{
    queue_call_end(context);
}

void queue_call_begin(struct queue_call *call, const struct queue_call_type *type, uint64_t session)
{
    call->type = type;
    call->session = session;
    call->next = calls;
    calls = call;
    call->timer = evtimer_new(role_base(), on_silence, call);
    session_begin_work(session, &(struct session_work){on_resume, on_cancel, call});
}

uint32_t queue_call_id(struct queue_call *call)
{
    return call->id = ++last_id ? last_id : ++last_id;
}

void queue_call_ask(struct queue_call *call, uint16_t type, struct buf *body)
{
    bool sent = role_send(ROLE_QUEUE, type, buf_span(body), -1);
    buf_free(body);
    /* A queue that is away is started anew and answers nothing that was asked before: no use in waiting. */
    struct timeval limit = {sent ? WAIT_SECONDS : 0, 0};
    evtimer_add(call->timer, &limit);
}

void queue_call_reply(struct wire_reader *in, int fd)
{
    uint32_t id = wire_get_u32(in);
    struct queue_call *call = calls;
    while (call && call->id != id)
        call = call->next;
    if (call && id != 0 && !in->failed) {
        evtimer_del(call->timer);
        call->id = 0;
        call->type->reply(call, in, fd);
    } else {
        in->rest = (struct span){0}; /* nobody waits for it any more */
        if (fd >= 0)
            close(fd);
    }
}

/* As enum queue_match has them. */
static const char *const matches[QUEUE_MATCH_COUNT] = {"all",           "host",       "sender", "in-sender",
                                                       "in-recipients", "in-subject", "in-any"};

bool queue_query_read(uint64_t session, const json_t *request, struct queue_query *query)
{
    const char *match = json_string_value(json_object_get(request, "match"));
    const json_t *text = json_object_get(request, "text");
    unsigned found = 0;
    while (match && found < QUEUE_MATCH_COUNT && strcmp(matches[found], match) != 0)
        found++;
    if (found == QUEUE_MATCH_COUNT || (found != QUEUE_MATCH_ALL) != (text != NULL)) {
        session_fail(
            session, API_ERROR_INVALID_ARGUMENTS,
            "match is all, or with a text host, sender, in-sender, in-recipients, in-subject or in-any");
        return false;
    }
    query->match = found;
    query->text = span_of(json_string_value(text), json_string_length(text));
    if (query->text.n == 0 && (found == QUEUE_MATCH_HOST || found == QUEUE_MATCH_SENDER)) {
        session_fail(session, API_ERROR_INVALID_ARGUMENTS,
                     "the text of %s is empty (mail without a sender: sender with <>)", match);
        return false;
    }
    if (found == QUEUE_MATCH_SENDER && span_equal(query->text, SPAN("<>")))
        query->text.n = 0;
    return true;
}

json_t *queue_text_json(struct span wire)
{
    struct buf text = {0};
    text_from_wire(&text, wire, TEXT_SHOWN);
    json_t *string = json_stringn(text.len ? text.data : "", text.len);
    buf_free(&text);
    return string;
}
