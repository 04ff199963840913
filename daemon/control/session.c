/* One shell at the control socket: its connection, the order of its requests, the frames of its answers. */
#define _GNU_SOURCE /* struct ucred */
#include "daemon/control/session.h"

#include <errno.h>
#include <event2/event.h>
#include <grp.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config.h"
#include "daemon/control/audit.h"
#include "daemon/control/commit.h"
#include "daemon/control/config_lock.h"
#include "daemon/control/head.h"
#include "daemon/control/methods.h"
#include "daemon/role.h"
#include "engine/base/clock.h"
#include "engine/base/text.h"
#include "engine/base/xalloc.h"
#include "engine/wire/wire.h"

enum {
    GROUPS_MAX = 1024, /* somebody in more of them is not looked for among them */
    READ_BYTES = 64 * 1024,
    IN_HIGH = 2 * API_REQUEST_MAX, /* bytes of requests in wait above which none is read */
    OUT_HIGH = 256 * 1024,         /* bytes of answers not sent above which none is begun or added to */
    TURN_REQUESTS = 100,           /* of one session, before others have their turn */
    CANCEL_MAX = 256,              /* bytes of a request that cancels */
    STRANGER_PAUSE_US = 60 * 1000000,
};

struct session {
    struct session_info info; /* first: session_next() goes back from it */
    struct session *next;
    int fd;
    struct event *readable, *writable, *next_request;
    struct buf in, out;
    size_t sent;    /* bytes of `out` that are done with */
    size_t used;    /* and of `in` */
    size_t scanned; /* bytes of `in` in which a cancel has been looked for */
    struct session_work work;
    json_t *end;    /* members of the end frame so far; NULL: none */
    bool busy;      /* a request is being answered; the next one waits */
    bool pipelined; /* that request has "pipeline" */
    bool skipping;  /* a pipelined request failed */
    bool ending;    /* close once everything is written */
};

static struct session *sessions;
static uint64_t last_id;

static struct session *find(uint64_t id)
{
    for (struct session *s = sessions; s; s = s->next)
        if (s->info.id == id)
            return s;
    return NULL;
}

struct session_info *session_info(uint64_t id)
{
    struct session *s = find(id);
    return s ? &s->info : NULL;
}

const struct session_info *session_next(const struct session_info *after)
{
    const struct session *next = after ? ((const struct session *)after)->next : sessions;
    return next ? &next->info : NULL;
}

/* That it came or went: nobody waits for the disk to know. */
static void audit_soon(const struct session *s, const char *method, const char *detail,
                       enum api_status status)
{
    audit_write_soon(s->info.account.user, s->info.from, method, detail, (int)status);
}

/* ---- the connection ---- */

static void cancel_work(struct session *s)
{
    struct session_work work = s->work;
    s->work = (struct session_work){0};
    if (work.cancel)
        work.cancel(work.context);
}

static void close_session(struct session *s)
{
    for (struct session **p = &sessions; *p; p = &(*p)->next) {
        if (*p == s) {
            *p = s->next;
            break;
        }
    }
    cancel_work(s);
    if (s->info.config.begun)
        commit_forget(&s->info.config.candidate);
    session_config_end(&s->info.config);
    files_drop_upload(s->info.id, &s->info.upload);
    config_lock_forget(s->info.id);
    if (s->info.role != PERMIT_NOBODY)
        audit_soon(s, "session.close", "", API_DONE);
    event_free(s->readable);
    event_free(s->writable);
    event_free(s->next_request);
    close(s->fd);
    json_decref(s->end);
    buf_free(&s->in);
    buf_free(&s->out);
    free(s);
}

static void send_json(struct session *s, json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(object);
    if (!text)
        abort(); /* every text passed text_from_wire() or came as JSON, so this is a bug */
    wire_put_span(&s->out, span_text(text));
    free(text);
    event_add(s->writable, NULL);
}

static bool is_full(const struct session *s)
{
    return s->out.len - s->sent > OUT_HIGH;
}

bool session_is_full(uint64_t id)
{
    const struct session *s = find(id);
    return s && is_full(s);
}

/* ---- answers ---- */

void session_text(uint64_t id, struct span text)
{
    struct session *s = find(id);
    if (s)
        send_json(s, json_pack("{s:s%}", "text", text.p, text.n));
}

void session_rows(uint64_t id, json_t *rows)
{
    struct session *s = find(id);
    if (s)
        send_json(s, json_pack("{s:o}", "rows", rows));
    else
        json_decref(rows);
}

void session_add(uint64_t id, const char *member, json_t *value)
{
    struct session *s = find(id);
    if (!s) {
        json_decref(value);
        return;
    }
    if (!s->end)
        s->end = json_object();
    if (!json_object_get(s->end, member))
        json_object_set_new(s->end, member, json_array());
    json_array_append_new(json_object_get(s->end, member), value);
}

/* The next request is begun by an event: an answer may be given inside the call of its method. */
static void send_end(struct session *s, json_t *answer, enum api_status status)
{
    json_object_set_new(answer, "status", json_integer(status));
    if (s->end)
        json_object_update(answer, s->end);
    json_decref(s->end);
    s->end = NULL;
    send_json(s, answer);
    s->skipping |= s->pipelined && status != API_DONE;
    s->busy = false;
    s->info.method = NULL;
    s->work = (struct session_work){0};
    event_active(s->next_request, EV_TIMEOUT, 0);
}

void session_done(uint64_t id, json_t *result)
{
    struct session *s = find(id);
    if (!s) {
        json_decref(result);
        return;
    }
    json_t *answer = json_object();
    if (result)
        json_object_set_new(answer, "result", result);
    send_end(s, answer, API_DONE);
}

/* The phrase of the error with detail in place of its %s. */
static json_t *error_text(enum api_error error, struct span detail)
{
    struct span phrase = span_text(api_errors[error].phrase);
    size_t at = span_find_span(phrase, SPAN("%s"));
    struct buf text = {0};
    buf_append_span(&text, span_slice(phrase, 0, at));
    if (at < phrase.n) {
        text_from_wire(&text, detail, detail.n);
        buf_append_span(&text, span_slice(phrase, at + 2, phrase.n));
    }
    json_t *json = json_stringn(text.data, text.len);
    buf_free(&text);
    return json;
}

static void fail(uint64_t id, enum api_error error, json_t *members, const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));

static void fail(uint64_t id, enum api_error error, json_t *members, const char *format, va_list args)
{
    struct session *s = find(id);
    if (!s) {
        json_decref(members);
        return;
    }
    const struct api_error_row *row = &api_errors[error];
    struct buf detail = {0};
    buf_vprintf(&detail, format, args);
    json_t *answer = members ? members : json_object();
    json_object_set_new(answer, "code", json_string(row->code));
    json_object_set_new(answer, "error", error_text(error, buf_span(&detail)));
    if (row->status == API_REFUSED && s->info.role != PERMIT_NOBODY)
        audit_write(s->info.account.user, s->info.from, s->info.method ? s->info.method : "",
                    buf_text(&detail), row->status);
    buf_free(&detail);
    send_end(s, answer, row->status);
}

void session_fail(uint64_t id, enum api_error error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail(id, error, NULL, format, args);
    va_end(args);
}

void session_fail_with(uint64_t id, enum api_error error, json_t *members, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail(id, error, members, format, args);
    va_end(args);
}

void session_notice(uint64_t but, const char *text)
{
    struct buf safe = {0};
    text_from_wire(&safe, span_text(text), SIZE_MAX);
    for (struct session *s = sessions; s; s = s->next)
        if (s->info.terminal && s->info.id != but && !s->ending && !is_full(s))
            send_json(s, json_pack("{s:s%}", "notice", buf_text(&safe), safe.len));
    buf_free(&safe);
}

void session_begin_work(uint64_t id, const struct session_work *work)
{
    struct session *s = find(id);
    if (s)
        s->work = *work;
}

/* ---- requests ---- */

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

static void refuse_and_end(struct session *s, enum api_error error, const char *why)
{
    s->ending = true;
    event_del(s->readable);
    session_fail(s->info.id, error, "%s", why);
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
            cancel_work(s);
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
static void handle_requests(struct session *s)
{
    struct span request;
    int left = TURN_REQUESTS;
    while (!s->busy && !s->ending && !is_full(s) && left-- && whole_request(s, s->used, &request)) {
        s->used += 4 + request.n;
        handle_request(s, request);
    }
    if (!s->busy && !s->ending && next_is_too_long(s))
        refuse_and_end(s, API_ERROR_BAD_REQUEST, "the request is too long");
    else if (left < 0)
        event_active(s->next_request, EV_TIMEOUT, 0);
    look_for_cancel(s);
    keep_reading(s);
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
    ssize_t got = recv(fd, buf_reserve(&s->in, READ_BYTES), READ_BYTES, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
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
    ssize_t sent = send(fd, s->out.data + s->sent, s->out.len - s->sent, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        close_session(s);
        return;
    }
    if (sent > 0)
        s->sent += (size_t)sent;
    if (s->sent > s->out.len / 2) {
        buf_consume(&s->out, s->sent);
        s->sent = 0;
    }
    if (s->out.len)
        event_add(s->writable, NULL);
    if (s->out.len == 0 && s->ending)
        close_session(s);
    else if (!is_full(s) && s->work.resume)
        s->work.resume(s->work.context);
    else if (!is_full(s))
        handle_requests(s);
}

static void greet(struct session *s)
{
    char schema[17];
    snprintf(schema, sizeof schema, "%016" PRIx64, schema_fingerprint());
    send_json(s, json_pack("{s:i,s:s,s:s,s:s,s:I}", "protocol", API_PROTOCOL, "version", PACKAGE_VERSION,
                           "schema", schema, "hostname", role_settings()->hostname, "session",
                           (json_int_t)s->info.id));
}

/* Now and then: records are kept by number, and a stranger who knocks all day must not wash the others away. */
static void audit_stranger(const struct session *s)
{
    static int64_t next;
    if (s->info.active < next)
        return;
    next = s->info.active + STRANGER_PAUSE_US;
    audit_soon(s, "session.open", "this account may not administer this instance", API_REFUSED);
}

/* The kernel tells the groups that the other end had when it connected. */
static bool is_in_admin_group(int fd, gid_t group)
{
    gid_t others[GROUPS_MAX];
    socklen_t size = sizeof others;
    const struct group *admins = role_is_private() ? NULL : getgrnam(PERMIT_ADMIN_GROUP);
    if (!admins)
        return false;
    if (group == admins->gr_gid)
        return true;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, others, &size) != 0)
        return false;
    for (size_t i = 0; i < size / sizeof others[0]; i++)
        if (others[i] == admins->gr_gid)
            return true;
    return false;
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
    *s = (struct session){.next = sessions, .fd = fd};
    s->info = (struct session_info){.id = ++last_id,
                                    .pid = who.pid,
                                    .role = permit_role_of(who.uid, is_in_admin_group(fd, who.gid)),
                                    .login = clock_wall_us(),
                                    .active = clock_mono_us()};
    account_look_up(who.uid, who.gid, &s->info.account);
    s->readable = event_new(role_base(), fd, EV_READ | EV_PERSIST, on_readable, s);
    s->writable = event_new(role_base(), fd, EV_WRITE, on_writable, s);
    s->next_request = evtimer_new(role_base(), on_next_request, s);
    sessions = s;
    greet(s);
    if (s->info.role == PERMIT_NOBODY) {
        audit_stranger(s);
        refuse_and_end(s, API_ERROR_REFUSED, "this account may not administer this instance");
        return;
    }
    audit_soon(s, "session.open", "", API_DONE);
    event_add(s->readable, NULL);
}
