/* One shell at the control socket: who is let in, its connection, and its end. */
#define _GNU_SOURCE /* struct ucred */
#include "daemon/control/session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config.h"
#include "daemon/control/access.h"
#include "daemon/control/audit.h"
#include "daemon/control/commit.h"
#include "daemon/control/config_lock.h"
#include "daemon/control/session_state.h"
#include "daemon/role.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"

enum {
    READ_BYTES = 64 * 1024,
    STRANGER_PAUSE_US = 60 * 1000000,
    ACCOUNT_SESSIONS = 64, /* of one account at a time; root and our own have no limit */
};

#define NOT_ADMITTED "this account may not administer this instance"

static struct session *sessions;
static uint64_t last_id;

struct session *session_find(uint64_t id)
{
    for (struct session *s = sessions; s; s = s->next)
        if (s->info.id == id)
            return s;
    return NULL;
}

struct session *session_older(const struct session *s)
{
    return s ? s->next : sessions;
}

struct session_info *session_info(uint64_t id)
{
    struct session *s = session_find(id);
    return s ? &s->info : NULL;
}

const struct session_info *session_next(const struct session_info *after)
{
    const struct session *next = after ? ((const struct session *)after)->next : sessions;
    return next ? &next->info : NULL;
}

/* That it came or went: nobody waits for the disk to know. */
static void audit_soon(const struct session *s, const char *method)
{
    char detail[32];
    snprintf(detail, sizeof detail, "%" PRIu64, s->info.id);
    audit_write_soon(s->info.account.user, s->info.from, method, detail, API_DONE);
}

/* ---- the connection ---- */

void session_cancel_work(struct session *s)
{
    struct session_work work = s->work;
    s->work = (struct session_work){0};
    if (work.cancel)
        work.cancel(work.context);
}

static void forget_changes(struct session *s)
{
    if (s->info.config.begun)
        commit_forget(&s->info.config.candidate);
    session_config_end(&s->info.config);
}

void session_close(struct session *s)
{
    for (struct session **p = &sessions; *p; p = &(*p)->next) {
        if (*p == s) {
            *p = s->next;
            break;
        }
    }
    session_cancel_work(s);
    forget_changes(s);
    files_drop_upload(s->info.id, &s->info.upload);
    config_lock_forget(s->info.id);
    if (s->let_in)
        audit_soon(s, AUDIT_CLOSE);
    event_free(s->readable);
    event_free(s->writable);
    event_free(s->next_request);
    close(s->fd);
    json_decref(s->end);
    buf_free(&s->in);
    buf_free(&s->out);
    free(s);
}

/* ---- its end ---- */

static void stop_reading(struct session *s)
{
    s->ending = true;
    event_del(s->readable);
}

void session_refuse(struct session *s, enum api_error error, const char *why)
{
    stop_reading(s);
    session_fail(s->info.id, error, "%s", why);
}

void session_end(uint64_t id, enum api_error why, const char *text)
{
    struct session *s = session_find(id);
    if (!s || (s->busy && !s->work.cancel && !s->ending))
        return;
    if (s->ending) {
        session_close(s);
        return;
    }
    if (s->busy) {
        session_cancel_work(s);
        session_fail(id, why, "%s", text);
    }
    stop_reading(s);
    session_send(s, json_pack("{s:s,s:s}", "closed", text, "code", api_errors[why].code));
}

void session_judge(uint64_t id)
{
    struct session *s = session_find(id);
    enum permit_role role = s ? access_role(&s->info) : PERMIT_NOBODY;
    if (!s || s->ending || role == s->info.role || (s->busy && !s->work.cancel))
        return;
    const char *method = s->info.method;
    s->info.role = role;
    if (s->busy && !permit_allows(role, method, NULL, NULL)) {
        session_cancel_work(s);
        session_fail(id, API_ERROR_REFUSED, "the role of this account was changed");
    }
    if (!permit_allows(role, "config.edit", NULL, NULL)) {
        forget_changes(s);
        config_lock_forget(id);
    }
    if (role == PERMIT_NOBODY)
        session_end(id, API_ERROR_REFUSED, NOT_ADMITTED);
    else if (s->info.terminal && !session_has_no_room(s))
        session_send(
            s, json_pack("{s:s+}", "notice", "The role of this account is now ", permit_role_name(role)));
}

/* ---- bytes ---- */

static void on_next_request(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    session_handle_requests(context);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct session *s = context;
    ssize_t got = recv(fd, buf_reserve(&s->in, READ_BYTES), READ_BYTES, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        session_close(s);
        return;
    }
    s->in.len += (size_t)got;
    session_handle_requests(s);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct session *s = context;
    ssize_t sent = send(fd, s->out.data + s->sent, s->out.len - s->sent, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        session_close(s);
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
        session_close(s);
    else if (!session_has_no_room(s) && s->work.resume)
        s->work.resume(s->work.context);
    else if (!session_has_no_room(s))
        session_handle_requests(s);
}

static void greet(struct session *s)
{
    char schema[17];
    snprintf(schema, sizeof schema, "%016" PRIx64, schema_fingerprint());
    session_send(s,
                 json_pack("{s:i,s:s,s:s,s:s,s:I}", "protocol", API_PROTOCOL, "version", PACKAGE_VERSION,
                           "schema", schema, "hostname", head_hostname(), "session", (json_int_t)s->info.id));
}

/* Now and then: records are kept by number, and a stranger who knocks all day must not wash the others away. */
static void audit_stranger(const struct session *s)
{
    static int64_t next;
    if (s->info.active < next)
        return;
    next = s->info.active + STRANGER_PAUSE_US;
    audit_write_soon(s->info.account.user, s->info.from, AUDIT_OPEN, NOT_ADMITTED, API_REFUSED);
}

/* One account must not take the descriptors that others need. */
static bool has_too_many(const struct session *s)
{
    unsigned count = 0;
    for (const struct session *other = sessions; other; other = other->next)
        count += other->info.account.uid == s->info.account.uid;
    return count > ACCOUNT_SESSIONS && s->info.account.uid != 0 && s->info.account.uid != geteuid();
}

static void let_in(struct session *s)
{
    if (s->info.role == PERMIT_NOBODY) {
        audit_stranger(s);
        session_refuse(s, API_ERROR_REFUSED, NOT_ADMITTED);
    } else if (has_too_many(s)) {
        session_refuse(s, API_ERROR_WRONG_STATE, "this account has too many sessions; end one");
    } else {
        s->let_in = true;
        audit_soon(s, AUDIT_OPEN);
        event_add(s->readable, NULL);
    }
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
                                    .in_admin_group = access_is_in_admin_group(fd, who.gid),
                                    .login = clock_wall_us(),
                                    .active = clock_mono_us()};
    account_look_up(who.uid, who.gid, &s->info.account);
    s->info.role = access_role(&s->info);
    s->readable = event_new(role_base(), fd, EV_READ | EV_PERSIST, on_readable, s);
    s->writable = event_new(role_base(), fd, EV_WRITE, on_writable, s);
    s->next_request = evtimer_new(role_base(), on_next_request, s);
    sessions = s;
    greet(s);
    let_in(s);
}
