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

enum { READ_BYTES = 64 * 1024, REQUEST_MAX = 1024 * 1024 };

struct session {
    struct session *next;
    uint64_t id;
    int fd;
    uid_t uid;
    struct event *readable, *writable;
    struct buf in, out;
    bool busy;   /* a request is being answered; the next one waits */
    bool ending; /* close once everything is written */
};

static struct session *sessions;
static uint64_t last_id;

uid_t session_uid(const struct session *s)
{
    return s->uid;
}

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

static void handle_requests(struct session *s);

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
    handle_requests(s);
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

/* One request at a time, so that answers come in order. */
static void handle_requests(struct session *s)
{
    uint64_t id = s->id;
    while (s && !s->busy && !s->ending) {
        struct wire_reader head = wire_reader_of(buf_span(&s->in));
        uint32_t length = wire_get_u32(&head);
        if (head.failed)
            return;
        if (length > REQUEST_MAX) {
            s->ending = true;
            session_end(id, API_USAGE, "the request is too long", NULL);
            return;
        }
        if (head.rest.n < length)
            return;
        char *request = xmemdup0(head.rest.p, length);
        buf_consume(&s->in, 4 + (size_t)length);
        handle_request(s, (struct span){request, length});
        free(request);
        s = find(id);
    }
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct session *s = context;
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
    else if (s->ending)
        close_session(s);
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
    *s = (struct session){.next = sessions, .id = ++last_id, .fd = fd, .uid = who.uid};
    s->readable = event_new(role_base(), fd, EV_READ | EV_PERSIST, on_readable, s);
    s->writable = event_new(role_base(), fd, EV_WRITE, on_writable, s);
    sessions = s;
    send_json(s, json_pack("{s:i,s:s}", "protocol", API_PROTOCOL, "version", PACKAGE_VERSION));
    if (who.uid != 0 && who.uid != geteuid()) {
        session_end(s->id, API_REFUSED, "this account may not administer this instance", NULL);
        s->ending = true;
        return;
    }
    event_add(s->readable, NULL);
}
