/* One client of the listener: reading, writing, time, and the end.
 *
 * Reading stops whenever the client is ahead of us (answers it does not read, a message the queue has not answered
 * yet) or the queue is behind, so that no client makes memory grow.
 */
#include "daemon/smtp/session.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/log_lines.h"
#include "daemon/net.h"
#include "daemon/role.h"
#include "daemon/smtp/access.h"
#include "daemon/smtp/ids.h"
#include "daemon/smtp/smtp.h"
#include "daemon/smtp/tls.h"
#include "engine/base/xalloc.h"
#include "engine/smtp/command.h"

enum {
    READ_BYTES = 32 * 1024,
    KEPT_BYTES = 4 * 1024,   /* of a buffer while a session is idle */
    ANSWERS_MAX = 16 * 1024, /* bytes of unsent answers above which no command is taken */
    GREETING_SECONDS = 10,   /* a client waits so long for a queue that is away */
    LINGER_SECONDS = 2,      /* for the client to read our last words */
    BACKLOG_HIGH = 4 * 1024 * 1024,
    BACKLOG_LOW = 2 * 1024 * 1024,
};

static LIST_HEAD(, session) sessions = LIST_HEAD_INITIALIZER(sessions);
static size_t count;
static struct event *release_timer; /* pending while sessions are held */

size_t session_count(void)
{
    return count;
}

/* The queue is behind: reading goes on when it has caught up. */

static size_t queue_backlog(void)
{
    struct channel *queue = role_peer(ROLE_QUEUE);
    return queue ? channel_backlog(queue) : 0;
}

static void release_later(void)
{
    struct timeval soon = {.tv_usec = 5000};
    event_add(release_timer, &soon);
}

static void on_release(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    if (queue_backlog() > BACKLOG_LOW) {
        release_later();
        return;
    }
    struct session *s;
    LIST_FOREACH (s, &sessions, link) {
        if (!s->held)
            continue;
        s->held = false;
        event_add(s->readable, NULL);
    }
}

static bool hold_if_queue_is_behind(struct session *s)
{
    if (queue_backlog() <= BACKLOG_HIGH)
        return false;
    if (!release_timer)
        release_timer = evtimer_new(role_base(), on_release, NULL);
    if (!evtimer_pending(release_timer, NULL))
        release_later();
    s->held = true;
    event_del(s->readable);
    return true;
}

/* Input */

static bool takes_input(const struct session *s)
{
    return (s->state == SESSION_COMMAND || s->state == SESSION_DATA) && s->out.len < ANSWERS_MAX;
}

/* A line of commands, when it is complete; 0 when it is not. */
static size_t take_line(struct session *s, struct span in)
{
    size_t feed = span_find(in, '\n');
    if (feed == in.n) {
        if (in.n < SMTP_COMMAND_PARAM_MAX)
            return 0;
        s->line_too_long = true;
        return in.n;
    }
    if (s->line_too_long || feed >= SMTP_COMMAND_PARAM_MAX)
        session_answer(s, SMTP_ANSWER_LINE_TOO_LONG);
    else
        session_command(s, span_slice(in, 0, feed + 1), feed + 1 < in.n);
    s->line_too_long = false;
    return feed + 1;
}

static size_t take_input(struct session *s, struct span in)
{
    size_t used = 0;
    while (used < in.n && takes_input(s)) {
        struct span rest = span_slice(in, used, in.n);
        size_t n = s->state == SESSION_DATA ? session_data(s, rest) : take_line(s, rest);
        if (n == 0)
            break;
        used += n;
    }
    return used;
}

/* Goes on with what is in `in`; false when nothing could be used. */
static bool use_kept_input(struct session *s)
{
    size_t used = take_input(s, buf_span(&s->in));
    buf_consume(&s->in, used);
    if (s->in.len == 0 && s->in.cap > KEPT_BYTES)
        buf_free(&s->in);
    return used > 0;
}

static void use_fresh_input(struct session *s, struct span bytes)
{
    if (s->in.len == 0)
        bytes = span_slice(bytes, take_input(s, bytes), bytes.n);
    if (bytes.n == 0)
        return;
    buf_append_span(&s->in, bytes);
    use_kept_input(s);
}

/* Whether reading from the socket would lead on. */
static bool wants_bytes(const struct session *s)
{
    if (s->state == SESSION_TLS)
        return s->tls && !s->tls_writes;
    return takes_input(s) || s->state == SESSION_CLOSING;
}

static void client_gone(struct session *s, const char *reason)
{
    session_abort_mail(s, reason);
    s->lost = s->state != SESSION_CLOSING;
    s->state = SESSION_GONE;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    static char bytes[READ_BYTES];
    struct session *s = context;
    if (!wants_bytes(s)) {
        s->paused = true;
        event_del(s->readable);
        return;
    }
    if (s->state == SESSION_TLS) {
        session_settle(s);
        return;
    }
    if (hold_if_queue_is_behind(s))
        return;
    ssize_t got = tls_recv(s->tls, fd, bytes, sizeof bytes);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0)
        client_gone(s, got == 0 ? "by sender" : strerror(errno));
    else if (s->state != SESSION_CLOSING)
        use_fresh_input(s, span_of(bytes, (size_t)got));
    session_settle(s);
}

/* Output */

static void flush_answers(struct session *s)
{
    if (s->out.len == 0 || s->state == SESSION_GONE)
        return;
    ssize_t sent = tls_send(s->tls, s->fd, s->out.data, s->out.len);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        client_gone(s, strerror(errno));
        return;
    }
    if (sent > 0)
        buf_consume(&s->out, (size_t)sent);
    if (s->out.len > 0)
        event_add(s->writable, NULL);
    else if (s->out.cap > KEPT_BYTES)
        buf_free(&s->out);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    session_settle(context);
}

void session_answer(struct session *s, enum smtp_answer answer)
{
    smtp_answer_put(&s->out, answer);
    if (smtp_answer_is_error(answer) && ++s->errors >= (unsigned)role_settings()->smtp_errors)
        session_say_goodbye(s, SMTP_ANSWER_TOO_MANY_ERRORS);
}

void session_say_goodbye(struct session *s, enum smtp_answer answer)
{
    smtp_answer_put(&s->out, answer);
    session_abort_mail(s, smtp_answer_table[answer].text);
    if (answer != SMTP_ANSWER_BYE && s->icid)
        LOG(RECEIVING_FAILED, LOG_U(s->icid), LOG_T(smtp_answer_table[answer].text));
    s->state = SESSION_CLOSING;
    deadline_set_seconds(&s->deadline, LINGER_SECONDS);
}

void session_await_command(struct session *s)
{
    s->state = SESSION_COMMAND;
    deadline_set_seconds(&s->deadline, role_settings()->smtp_idle_seconds);
}

/* The end */

static void session_free(struct session *s)
{
    if (s->icid && s->lost)
        LOG(ICID_LOST, LOG_U(s->icid));
    else if (s->icid)
        LOG(ICID_CLOSE, LOG_U(s->icid));
    LIST_REMOVE(s, link);
    count--;
    event_free(s->readable);
    event_free(s->writable);
    deadline_free(&s->deadline);
    listener_unref(s->listener);
    tls_free(s->tls);
    buf_free(&s->in);
    buf_free(&s->out);
    close(s->fd);
    free(s);
}

/* Closing a socket with unread input resets the connection, and our last words may never be read: so our side is
 * closed first, and what still comes is thrown away for a moment. */
static void close_gently(struct session *s)
{
    if (s->state != SESSION_CLOSING || s->out.len > 0 || s->shut)
        return;
    s->shut = true;
    tls_close(s->tls);
    if (shutdown(s->fd, SHUT_WR) != 0)
        s->state = SESSION_GONE;
}

void session_settle(struct session *s)
{
    do {
        flush_answers(s);
        session_continue_tls(s);
    } while (takes_input(s) && s->in.len > 0 && use_kept_input(s));
    close_gently(s);
    if (s->state == SESSION_GONE) {
        session_free(s);
        return;
    }
    if (s->paused && wants_bytes(s)) {
        s->paused = false;
        event_add(s->readable, NULL);
    }
}

static void on_deadline(void *context)
{
    struct session *s = context;
    if (s->state == SESSION_ANSWER) {
        session_answer_overdue(s);
    } else if (s->state == SESSION_CLOSING) {
        s->state = SESSION_GONE;
    } else if (s->state == SESSION_TLS) {
        session_fail_tls(s, "timeout");
    } else {
        s->lost = true;
        session_say_goodbye(s, s->state == SESSION_NEW ? SMTP_ANSWER_NOT_READY : SMTP_ANSWER_TIMEOUT);
    }
    session_settle(s);
}

/* The beginning */

static void log_connection(const struct session *s, const struct access *access)
{
    char local_ip[INET6_ADDRSTRLEN];
    net_print_local(s->fd, local_ip);
    LOG(NEW_ICID, LOG_U(s->icid), LOG_T(s->listener->name), LOG_T(local_ip), LOG_T(s->client_ip));
    LOG(ICID_ACCEPT, LOG_U(s->icid), LOG_T(access->verdict), LOG_T(access->group), LOG_S(access->match));
}

static bool talks_already(const struct session *s)
{
    char byte;
    return recv(s->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* False while there is no ICID. */
static bool greet(struct session *s)
{
    if (!ids_take(ID_ICID, &s->icid))
        return false;
    struct access access = access_of_client(s->listener, (struct sockaddr *)&s->client);
    s->may_relay = access.may_relay;
    log_connection(s, &access);
    session_await_command(s);
    if (talks_already(s))
        session_say_goodbye(s, SMTP_ANSWER_NOT_YOUR_TURN);
    else
        buf_printf(&s->out, "220 %s ESMTP mailward\r\n", smtp_hostname());
    return true;
}

void session_start(struct listener *from, int fd, const struct sockaddr *client)
{
    struct session *s = xcalloc(1, sizeof *s);
    s->fd = fd;
    s->listener = listener_ref(from);
    memcpy(&s->client, client, sizeof s->client);
    net_print_address(client, s->client_ip);
    s->readable = event_new(role_base(), fd, EV_READ | EV_PERSIST, on_readable, s);
    s->writable = event_new(role_base(), fd, EV_WRITE, on_writable, s);
    if (!s->readable || !s->writable)
        role_fatal("out of memory");
    deadline_init(&s->deadline, on_deadline, s);
    deadline_set_seconds(&s->deadline, role_settings()->smtp_idle_seconds);
    LIST_INSERT_HEAD(&sessions, s, link);
    count++;
    event_add(s->readable, NULL);
    if (!greet(s)) /* the queue is away, or its disk is full */
        deadline_set_seconds(&s->deadline, GREETING_SECONDS);
    session_settle(s);
}

void session_ids_arrived(void)
{
    for (struct session *s = LIST_FIRST(&sessions), *next; s; s = next) {
        next = LIST_NEXT(s, link);
        if (s->state != SESSION_NEW)
            continue;
        if (!greet(s))
            return;
        session_settle(s);
    }
}

void session_stop_all(void)
{
    for (struct session *s = LIST_FIRST(&sessions), *next; s; s = next) {
        next = LIST_NEXT(s, link);
        if (s->state == SESSION_ANSWER || s->state == SESSION_CLOSING)
            continue;
        if (s->state == SESSION_TLS)
            session_fail_tls(s, smtp_answer_table[SMTP_ANSWER_SHUTTING_DOWN].text);
        else
            session_say_goodbye(s, SMTP_ANSWER_SHUTTING_DOWN);
        session_settle(s);
    }
}
