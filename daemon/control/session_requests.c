/* Requests of a session: one at a time, in order; a cancel is seen before its turn. */
#include <string.h>

#include "daemon/control/methods.h"
#include "daemon/control/session_state.h"
#include "engine/base/clock.h"
#include "engine/wire/wire.h"

enum {
    IN_HIGH = 2 * API_REQUEST_MAX, /* bytes of requests in wait above which none is read */
    TURN_REQUESTS = 100,           /* of one session, before others have their turn */
    CANCEL_MAX = 256,              /* bytes of a request that cancels */
};

void session_begin_work(uint64_t id, const struct session_work *work)
{
    struct session *s = session_find(id);
    if (s)
        s->work = *work;
}

static bool is_cancel(const json_t *request)
{
    const char *name = json_string_value(json_object_get(request, "method"));
    return name && strcmp(name, "cancel") == 0;
}

static void handle_request(struct session *s, struct span text)
{
    json_error_t where;
    json_t *request = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &where);
    if (is_cancel(request)) { /* what it was meant for has ended, or was ended when it came */
        json_decref(request);
        return;
    }
    s->busy = true;
    s->info.active = clock_mono_us();
    /* What cannot be read may have been one of a pipeline, and then the rest must not be done. */
    s->pipelined = !request || json_is_true(json_object_get(request, "pipeline"));
    if (!s->pipelined)
        s->skipping = false;
    if (!request)
        session_fail(s->info.id, API_ERROR_BAD_REQUEST, "the request is not JSON: %s", where.text);
    else if (s->skipping)
        session_fail(s->info.id, API_ERROR_SKIPPED, "%s", "");
    else
        method_call(&s->info, request);
    json_decref(request);
}

/* The request that begins at offset of `in`, when it is whole. */
static bool whole_request(const struct session *s, size_t offset, struct span *request)
{
    struct wire_reader head = wire_reader_of(span_slice(buf_span(&s->in), offset, s->in.len));
    uint32_t length = wire_get_u32(&head);
    if (head.failed || length > API_REQUEST_MAX || head.rest.n < length)
        return false;
    *request = span_of(head.rest.p, length);
    return true;
}

static bool next_is_too_long(const struct session *s)
{
    struct wire_reader head = wire_reader_of(span_slice(buf_span(&s->in), s->used, s->in.len));
    return wire_get_u32(&head) > API_REQUEST_MAX;
}

/* A cancel is obeyed when it comes, though other requests may wait in front of it. */
static void look_for_cancel(struct session *s)
{
    struct span text;
    if (s->scanned < s->used)
        s->scanned = s->used;
    while (s->busy && whole_request(s, s->scanned, &text)) {
        s->scanned += 4 + text.n;
        json_t *request = text.n <= CANCEL_MAX ? json_loadb(text.p, text.n, 0, NULL) : NULL;
        if (is_cancel(request) && s->work.cancel) {
            session_cancel_work(s);
            session_fail(s->info.id, API_ERROR_CANCELLED, "%s", "");
        }
        json_decref(request);
    }
}

static void keep_reading(struct session *s)
{
    if (s->used > s->in.len / 2) { /* not at each request: that would cost the square of their number */
        buf_consume(&s->in, s->used);
        s->scanned -= s->scanned < s->used ? s->scanned : s->used;
        s->used = 0;
    }
    if (s->ending || s->in.len - s->used > IN_HIGH)
        event_del(s->readable);
    else
        event_add(s->readable, NULL);
}

/* One request at a time, so that answers come in order. */
void session_handle_requests(struct session *s)
{
    struct span request;
    int left = TURN_REQUESTS;
    while (!s->busy && !s->ending && !session_has_no_room(s) && left-- &&
           whole_request(s, s->used, &request)) {
        s->used += 4 + request.n;
        session_judge(s->info.id);
        if (!s->ending)
            handle_request(s, request);
    }
    if (!s->busy && !s->ending && next_is_too_long(s))
        session_refuse(s, API_ERROR_BAD_REQUEST, "the request is too long");
    else if (left < 0)
        event_active(s->next_request, EV_TIMEOUT, 0);
    look_for_cancel(s);
    keep_reading(s);
}
