/* Frames over the control socket.
 *
 * Sending reads what comes meanwhile: the daemon stops reading while its answers are not taken, and two ends that both
 * wait for the other to read would wait for ever.
 */
#define _GNU_SOURCE /* O_PATH */
#include "shell/link.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "config.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"
#include "engine/schema/schema.h"
#include "engine/wire/api.h"
#include "engine/wire/wire.h"
#include "shell/interrupt.h"

enum { READ_BYTES = 64 * 1024, SEND_AHEAD = 64 * 1024, WATCH_MS = 1000 };

struct link {
    int fd;
    struct buf out;
    struct buf in;
    size_t used;      /* bytes of in that were taken */
    int64_t deadline; /* clock_mono_us(); 0: none */
    int64_t brief;    /* the same for one question: then the link goes on; 0: none */
    unsigned late;    /* answers that nobody waits for any more */
    json_t *greeting, *notices;
    bool new_mode;
    json_t *closed; /* why the daemon ended the session; NULL: it did not say */
    void (*waiting)(void *context);
    void *waiting_context;
};

/* Through /proc/self/fd, so that a state folder with a long path can be reached all the same. */
static int connect_to(const char *dir, int64_t deadline)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int folder = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return -1;
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/run/control.sock", folder);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int64_t left = deadline ? deadline - clock_mono_us() : 0;
    struct timeval limit = {.tv_sec = left > 0 ? left / 1000000 : 0,
                            .tv_usec = left > 0 ? left % 1000000 : 1};
    if (fd >= 0 && deadline) /* where the queue of a daemon that does not accept is full */
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        fd = -1;
    }
    close(folder);
    return fd;
}

static bool is_same_build(const json_t *greeting)
{
    char schema[17];
    snprintf(schema, sizeof schema, "%016" PRIx64, schema_fingerprint());
    const char *theirs = json_string_value(json_object_get(greeting, "schema"));
    return json_integer_value(json_object_get(greeting, "protocol")) == API_PROTOCOL && theirs &&
           strcmp(theirs, schema) == 0;
}

struct link *link_open(const char *dir, int64_t deadline, struct error *error)
{
    int fd = connect_to(dir, deadline);
    if (fd < 0) {
        error_set_errno(error, "cannot reach the daemon of '%s'", dir);
        return NULL;
    }
    struct link *l = xcalloc(1, sizeof *l);
    l->fd = fd;
    l->deadline = deadline;
    if (link_receive(l, &l->greeting) == LINK_FRAME && is_same_build(l->greeting))
        return l;
    const char *version = json_string_value(json_object_get(l->greeting, "version"));
    if (version)
        error_set(error,
                  "the daemon of '%s' (version %s) was built from other tables than this shell (version %s): "
                  "restart it, or use the shell that came with it",
                  dir, version, PACKAGE_VERSION);
    else
        error_set(error, "the daemon of '%s' hung up", dir);
    link_close(l);
    return NULL;
}

const char *link_hostname(const struct link *l)
{
    const char *name = json_string_value(json_object_get(l->greeting, "hostname"));
    return name ? name : "localhost";
}

/* Takes what has come.  False when the daemon is gone. */
static bool read_some(struct link *l, int flags)
{
    if (l->used) {
        buf_consume(&l->in, l->used);
        l->used = 0;
    }
    ssize_t got = recv(l->fd, buf_reserve(&l->in, READ_BYTES), READ_BYTES, flags);
    if (got > 0)
        l->in.len += (size_t)got;
    return got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN));
}

/* Waits until the daemon can be read from, or (POLLOUT) written to. */
static enum link_result wait_for(struct link *l, short events, short *ready)
{
    struct pollfd wait = {.fd = l->fd, .events = events};
    int64_t deadline = l->brief ? l->brief : l->deadline;
    for (;;) {
        int64_t left = deadline ? (deadline - clock_mono_us()) / 1000 + 1 : -1;
        if (deadline && left <= 0)
            return l->brief ? LINK_INTERRUPTED : LINK_GONE;
        if (l->waiting && (left < 0 || left > WATCH_MS))
            left = WATCH_MS;
        if (!interrupt_poll(&wait, 1, (int)left))
            return LINK_INTERRUPTED;
        *ready = wait.revents;
        if (wait.revents || !l->waiting)
            return LINK_FRAME;
        l->waiting(l->waiting_context);
    }
}

/* Sends what is queued.  After an interruption the rest stays: the next frame must not begin within it. */
static enum link_result flush(struct link *l)
{
    size_t done = 0;
    short ready;
    enum link_result result = LINK_FRAME;
    while (result == LINK_FRAME && done < l->out.len) {
        ssize_t sent = send(l->fd, l->out.data + done, l->out.len - done, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            done += (size_t)sent;
        } else if (sent < 0 && errno == EAGAIN) {
            result = wait_for(l, POLLIN | POLLOUT, &ready);
            if (result == LINK_FRAME && (ready & POLLIN) && !read_some(l, MSG_DONTWAIT))
                result = LINK_GONE;
        } else if (sent == 0 || errno != EINTR) {
            result = LINK_GONE;
        }
    }
    buf_consume(&l->out, result == LINK_GONE ? l->out.len : done);
    return result;
}

void link_queue(struct link *l, const json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    link_queue_text(l, span_text(text));
    free(text);
}

void link_queue_text(struct link *l, struct span object)
{
    wire_put_span(&l->out, object);
    if (l->out.len >= SEND_AHEAD)
        (void)flush(l); /* that the daemon is gone, or Ctrl-C, is seen by whoever wants the answer */
}

/* Makes sure that size bytes are there. */
static enum link_result fill(struct link *l, size_t size)
{
    short ready = 0;
    while (l->in.len - l->used < size) {
        enum link_result got = wait_for(l, POLLIN, &ready);
        if (got != LINK_FRAME)
            return got;
        if (ready && !read_some(l, 0))
            return LINK_GONE;
    }
    return LINK_FRAME;
}

/* Takes what no request waits for: a notice, that the mode is another one, or a part or the end of an answer that came too late. */
static bool is_unasked(struct link *l, json_t *object)
{
    json_t *text = json_object_get(object, "notice");
    if (json_object_get(object, "closed")) {
        json_decref(l->closed);
        l->closed = json_incref(object);
        return true;
    }
    if (json_object_get(object, "mode")) {
        l->new_mode = true;
        return true;
    }
    if (!json_is_string(text)) {
        bool late = l->late > 0;
        l->late -= late && json_object_get(object, "status");
        return late;
    }
    if (!l->notices)
        l->notices = json_array();
    json_array_append(l->notices, text);
    return true;
}

static enum link_result receive_any(struct link *l, json_t **object)
{
    enum link_result got = fill(l, 4); /* a daemon that hung up may have said why before */
    if (got != LINK_FRAME)
        return got;
    struct wire_reader head = wire_reader_of(span_of(l->in.data + l->used, 4));
    size_t length = wire_get_u32(&head);
    if (length > API_FRAME_MAX)
        return LINK_GONE;
    got = fill(l, 4 + length);
    if (got != LINK_FRAME)
        return got;
    *object = json_loadb(l->in.data + l->used + 4, length, 0, NULL);
    l->used += 4 + length;
    return *object ? LINK_FRAME : LINK_GONE;
}

enum link_result link_receive(struct link *l, json_t **object)
{
    *object = NULL;
    if (flush(l) == LINK_INTERRUPTED)
        return LINK_INTERRUPTED;
    for (;;) {
        enum link_result got = receive_any(l, object);
        if (got != LINK_FRAME || !is_unasked(l, *object))
            return got;
        json_decref(*object);
        *object = NULL;
    }
}

json_t *link_ask_briefly(struct link *l, const json_t *request, int milliseconds)
{
    json_t *frame = NULL, *result = NULL;
    bool ended = false;
    l->brief = clock_mono_us() + milliseconds * INT64_C(1000);
    link_queue(l, request);
    while (!ended && link_receive(l, &frame) == LINK_FRAME) {
        ended = json_object_get(frame, "status") != NULL;
        if (ended)
            result = json_incref(json_object_get(frame, "result"));
        json_decref(frame);
    }
    l->brief = 0;
    l->late += !ended;
    return result;
}

/* The frame that begins what has come, when it is whole. */
static bool has_whole_frame(const struct link *l)
{
    struct wire_reader head = wire_reader_of(span_of(l->in.data + l->used, l->in.len - l->used));
    uint32_t length = wire_get_u32(&head);
    return !head.failed && head.rest.n >= length;
}

bool link_is_alive(struct link *l)
{
    struct pollfd wait = {.fd = l->fd, .events = POLLIN};
    json_t *object;
    bool alive = poll(&wait, 1, 0) <= 0 || read_some(l, MSG_DONTWAIT);
    while (has_whole_frame(l)) {
        if (receive_any(l, &object) != LINK_FRAME)
            return false;
        bool good = is_unasked(l, object);
        json_decref(object);
        if (!good)
            return false;
    }
    return alive;
}

json_t *link_take_notices(struct link *l)
{
    json_t *notices = l->notices;
    l->notices = NULL;
    return notices;
}

bool link_has_new_mode(const struct link *l)
{
    return l->new_mode;
}

bool link_take_new_mode(struct link *l)
{
    bool is_new = l->new_mode;
    l->new_mode = false;
    return is_new;
}

const json_t *link_closed(const struct link *l)
{
    return l->closed;
}

void link_watch(struct link *l, void (*waiting)(void *context), void *context)
{
    l->waiting = waiting;
    l->waiting_context = context;
}

int link_fd(const struct link *l)
{
    return l->fd;
}

void link_close(struct link *l)
{
    close(l->fd);
    buf_free(&l->out);
    buf_free(&l->in);
    json_decref(l->greeting);
    json_decref(l->notices);
    json_decref(l->closed);
    free(l);
}
