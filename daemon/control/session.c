/* One shell at the control socket. */
#define _GNU_SOURCE /* struct ucred */
#include "daemon/control/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config.h"
#include "daemon/control/methods.h"
#include "daemon/role.h"
#include "engine/base/text.h"
#include "engine/base/xalloc.h"
#include "engine/wire/wire.h"

enum {
    READ_BYTES = 64 * 1024,
    REQUEST_MAX = 1024 * 1024,
    OUT_HIGH = 256 * 1024, /* bytes of answers not sent above which none is begun or added to */
};

struct session {
    struct session *next;
    uint64_t id;
    int fd;
    struct event *readable, *writable, *next_request;
    struct buf in, out;
    size_t used; /* bytes of `in` that are done with */
    struct session_work work;
    bool busy;   /* a request is being answered; the next one waits */
    bool ending; /* close once everything is written */
};

static struct session *sessions;
static uint64_t last_id;

uint64_t session_id(const struct session *s)
{
    return s->id;
}

static struct session *find(uint64_t id)
{
    for (struct session *s = sessions; s; s = s->next)
        if (s->id == id)
            return s;
    return NULL;
}

static void close_session(struct session *s)
{
    for (struct session **p = &sessions; *p; p = &(*p)->next) {
        if (*p == s) {
            *p = s->next;
            break;
        }
    }
    event_free(s->readable);
    event_free(s->writable);
    event_free(s->next_request);
    if (s->work.cancel)
        s->work.cancel(s->work.context);
    close(s->fd);
    buf_free(&s->in);
    buf_free(&s->out);
    free(s);
}

static void send_json(struct session *s, json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(object);
    if (!text)
        abort(); /* every text passed text_from_wire(), so this is a bug */
    wire_put_span(&s->out, span_text(text));
    free(text);
    event_add(s->writable, NULL);
}

void session_text(uint64_t id, struct span text)
{
    struct session *s = find(id);
    if (s)
        send_json(s, json_pack("{s:s%}", "text", text.p, text.n));
}

static bool is_full(const struct session *s)
{
    return s->out.len > OUT_HIGH;
}

bool session_is_full(uint64_t id)
{
    const struct session *s = find(id);
    return s && is_full(s);
}

void session_begin_work(uint64_t id, const struct session_work *work)
{
    struct session *s = find(id);
    if (s)
        s->work = *work;
}

/* The next request is begun by an event: an answer may be given inside the call of its method. */
void session_end(uint64_t id, enum api_status status, const char *error, json_t *result)
{
    struct session *s = find(id);
    if (!s) {
        json_decref(result);
        return;
    }
    json_t *answer = json_pack("{s:i}", "status", (int)status);
    if (error)
        json_object_set_new(answer, "error", json_string(error));
    if (result)
        json_object_set_new(answer, "result", result);
    send_json(s, answer);
    s->busy = false;
    s->work = (struct session_work){0};
    event_active(s->next_request, EV_TIMEOUT, 0);
}

static void handle_request(struct session *s, struct span text)
{
    json_error_t where;
    json_t *request = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &where);
    s->busy = true;
    if (!json_is_object(request))
        session_end(s->id, API_USAGE, "the request is not a JSON object", NULL);
    else
        method_call(s, request);
    json_decref(request);
}

/* Takes the first request in `in` that is whole; false when there is none. */
static bool take_request(struct session *s, struct span *request)
{
    struct wire_reader head = wire_reader_of(span_slice(buf_span(&s->in), s->used, s->in.len));
    uint32_t length = wire_get_u32(&head);
    if (head.failed)
        return false;
    if (length > REQUEST_MAX) {
        s->ending = true;
        session_end(s->id, API_USAGE, "the request is too long", NULL);
        return false;
    }
    if (head.rest.n < length)
        return false;
    *request = span_of(head.rest.p, length);
    s->used += 4 + (size_t)length;
    return true;
}

/* One request at a time, so that answers come in order. */
static void handle_requests(struct session *s)
{
    struct span request;
    while (!s->busy && !s->ending && !is_full(s) && take_request(s, &request))
        handle_request(s, request);
}

static void on_next_request(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    handle_requests(context);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct session *s = context;
    buf_consume(&s->in, s->used);
    s->used = 0;
    ssize_t got = recv(fd, buf_reserve(&s->in, READ_BYTES), READ_BYTES, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0 || s->in.len > 2 * REQUEST_MAX) {
        close_session(s);
        return;
    }
    s->in.len += (size_t)got;
    handle_requests(s);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct session *s = context;
    ssize_t sent = send(fd, s->out.data, s->out.len, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        close_session(s);
        return;
    }
    if (sent > 0)
        buf_consume(&s->out, (size_t)sent);
    if (s->out.len)
        event_add(s->writable, NULL);
    if (s->out.len == 0 && s->ending)
        close_session(s);
    else if (!is_full(s) && s->work.resume)
        s->work.resume(s->work.context);
    else if (!is_full(s))
        handle_requests(s);
}

void session_open(int fd)
{
    struct ucred who;
    socklen_t size = sizeof who;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) {
        close(fd);
        return;
    }
    struct session *s = xcalloc(1, sizeof *s);
    *s = (struct session){.next = sessions, .id = ++last_id, .fd = fd};
    s->readable = event_new(role_base(), fd, EV_READ | EV_PERSIST, on_readable, s);
    s->writable = event_new(role_base(), fd, EV_WRITE, on_writable, s);
    s->next_request = evtimer_new(role_base(), on_next_request, s);
    sessions = s;
    send_json(s, json_pack("{s:i,s:s}", "protocol", API_PROTOCOL, "version", PACKAGE_VERSION));
    if (who.uid != 0 && who.uid != geteuid()) {
        session_end(s->id, API_REFUSED, "this account may not administer this instance", NULL);
        s->ending = true;
        return;
    }
    event_add(s->readable, NULL);
}
