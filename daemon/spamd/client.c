/* Bytes and time of a client. */
#define _GNU_SOURCE /* struct ucred */
#include "daemon/spamd/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/log_lines.h"
#include "daemon/role.h"
#include "daemon/spamd/acceptor.h"
#include "daemon/spamd/scanning.h"
#include "daemon/spamd/spamd.h"
#include "engine/base/xalloc.h"

enum {
    READ_BYTES = 64 * 1024,
    LINGER_SECONDS = 5, /* for the client to read what it was told */
};

static LIST_HEAD(, client) clients = LIST_HEAD_INITIALIZER(clients);
static size_t count;
static uint64_t last_id;

size_t client_count(void)
{
    return count;
}

void client_set_deadline(struct client *c)
{
    deadline_set_seconds(&c->deadline, spamd_service()->timeout);
}

/* ---- output ---- */

void client_answer(struct client *c)
{
    c->state = CLIENT_ANSWER;
    client_set_deadline(c);
}

void client_refuse(struct client *c, enum spamd_status status, const char *reason)
{
    scanning_leave(c);
    buf_clear(&c->out);
    c->body_from = -1;
    spamd_put_refusal(&c->out, c->request.method, status, reason);
    LOG(SPAMD_FAILED, LOG_T(c->address), LOG_T(reason));
    client_answer(c);
}

/* The next bytes; false when the socket takes no more, or is gone. */
static bool send_some(struct client *c)
{
    ssize_t sent;
    if (c->out.len) {
        sent = send(c->fd, c->out.data, c->out.len, MSG_NOSIGNAL);
        if (sent > 0)
            buf_consume(&c->out, (size_t)sent);
    } else {
        off_t from = (off_t)c->body_from;
        sent = sendfile(c->fd, c->message, &from, (size_t)c->received - (size_t)from);
        c->body_from = from;
    }
    if (sent >= 0 || errno == EINTR)
        return true;
    if (errno == EAGAIN)
        event_add(c->writable, NULL);
    else
        c->state = CLIENT_GONE;
    return false;
}

static bool has_more_to_send(const struct client *c)
{
    return c->out.len || (c->body_from >= 0 && (uint64_t)c->body_from < c->received);
}

/* Closing a socket with unread input resets the connection, and the answer may never be read: so our side is closed
 * first, and what still comes is thrown away for a moment. */
static void begin_closing(struct client *c)
{
    scanning_release(c);
    c->state = shutdown(c->fd, SHUT_WR) == 0 ? CLIENT_CLOSING : CLIENT_GONE;
    deadline_set_seconds(&c->deadline, LINGER_SECONDS);
    event_add(c->readable, NULL);
}

static void flush(struct client *c)
{
    while (c->state == CLIENT_ANSWER && has_more_to_send(c))
        if (!send_some(c))
            return;
    if (c->state == CLIENT_ANSWER)
        begin_closing(c);
}

/* ---- input ---- */

static bool reads(const struct client *c)
{
    return c->state == CLIENT_HEAD || c->state == CLIENT_MESSAGE || c->state == CLIENT_CLOSING;
}

static void take_bytes(struct client *c, struct span bytes)
{
    if (c->state == CLIENT_HEAD) {
        buf_append_span(&c->in, bytes);
        request_take_head(c);
    } else if (c->state == CLIENT_MESSAGE) {
        request_take_bytes(c, bytes);
    }
}

/* Reads until nothing is there, or the state says otherwise. */
static void read_all(struct client *c)
{
    static char bytes[READ_BYTES];
    while (reads(c)) {
        ssize_t got = recv(c->fd, bytes, sizeof bytes, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got < 0 || (got == 0 && c->state == CLIENT_CLOSING)) {
            c->state = CLIENT_GONE;
        } else if (got == 0) {
            request_take_end(c);
        } else {
            take_bytes(c, span_of(bytes, (size_t)got));
            if ((size_t)got < sizeof bytes)
                return;
        }
    }
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct client *c = context;
    read_all(c);
    client_settle(c);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    client_settle(context);
}

void client_go_on(struct client *c)
{
    c->state = CLIENT_MESSAGE;
    event_add(c->readable, NULL);
    request_begin_message(c);
    client_settle(c);
}

/* ---- beginning and end ---- */

static void client_free(struct client *c)
{
    scanning_leave(c);
    scanning_release(c);
    LIST_REMOVE(c, link);
    count--;
    event_free(c->readable);
    event_free(c->writable);
    deadline_free(&c->deadline);
    buf_free(&c->in);
    buf_free(&c->out);
    close(c->fd);
    free(c);
    acceptor_resume();
}

void client_settle(struct client *c)
{
    flush(c);
    if (c->state == CLIENT_CLOSING)
        read_all(c); /* most have closed their side already */
    if (c->state == CLIENT_GONE)
        client_free(c);
    else if (!reads(c))
        event_del(c->readable);
}

static void on_deadline(void *context)
{
    struct client *c = context;
    if (c->state == CLIENT_HEAD || c->state == CLIENT_MESSAGE)
        client_refuse(c, SPAMD_EX_TIMEOUT, "the request did not come in time");
    else if (c->state == CLIENT_HELD || c->state == CLIENT_WAITING || c->state == CLIENT_SCANNING)
        client_refuse(c, SPAMD_EX_TEMPFAIL, "there was no time to scan it");
    else if (c->state == CLIENT_TELLING)
        client_refuse(c, SPAMD_EX_TEMPFAIL, "there was no time to learn from it");
    else
        c->state = CLIENT_GONE;
    client_settle(c);
}

/* Whatever user it names, this is who it is. */
static uid_t ask_uid(int fd)
{
    struct ucred who;
    socklen_t size = sizeof who;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 ? who.uid : (uid_t)-1;
}

void client_start(int fd, bool is_local, const char *address)
{
    struct client *c = xcalloc(1, sizeof *c);
    c->fd = fd;
    c->id = ++last_id;
    c->is_local = is_local;
    c->uid = is_local ? ask_uid(fd) : (uid_t)-1;
    c->message = -1;
    c->body_from = -1;
    snprintf(c->address, sizeof c->address, "%s", address);
    c->readable = event_new(role_base(), fd, EV_READ | EV_PERSIST, on_readable, c);
    c->writable = event_new(role_base(), fd, EV_WRITE, on_writable, c);
    if (!c->readable || !c->writable)
        role_fatal("out of memory");
    deadline_init(&c->deadline, on_deadline, c);
    client_set_deadline(c);
    LIST_INSERT_HEAD(&clients, c, link);
    count++;
    event_add(c->readable, NULL);
    read_all(c);
    client_settle(c);
}

/* All are refused before the first is settled: the room that one leaves would let others go on, and end. */
void client_stop_all(void)
{
    struct client *c, *next;
    LIST_FOREACH (c, &clients, link)
        if (c->state < CLIENT_ANSWER)
            client_refuse(c, SPAMD_EX_TEMPFAIL, "the service is ending");
    for (c = LIST_FIRST(&clients); c; c = next) {
        next = LIST_NEXT(c, link);
        client_settle(c);
    }
}
