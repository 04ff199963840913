/* Blocking frames over the control socket. */
#define _GNU_SOURCE /* O_PATH */
#include "shell/link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "engine/base/xalloc.h"
#include "engine/wire/api.h"
#include "engine/wire/wire.h"

enum { READ_BYTES = 64 * 1024 };

struct link {
    int fd;
    struct buf in;
};

/* Through /proc/self/fd, so that a state folder with a long path can be reached all the same. */
static int connect_to(const char *dir)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int folder = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return -1;
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/run/control.sock", folder);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        fd = -1;
    }
    close(folder);
    return fd;
}

struct link *link_open(const char *dir, struct error *error)
{
    int fd = connect_to(dir);
    if (fd < 0) {
        error_set_errno(error, "cannot reach the daemon of '%s'", dir);
        return NULL;
    }
    struct link *l = xcalloc(1, sizeof *l);
    l->fd = fd;
    json_t *greeting = link_receive(l, error);
    if (greeting && json_integer_value(json_object_get(greeting, "protocol")) != API_PROTOCOL) {
        error_set(error, "the daemon of '%s' speaks another protocol; it is another version", dir);
        json_decref(greeting);
        greeting = NULL;
    }
    if (!greeting) {
        link_close(l);
        return NULL;
    }
    json_decref(greeting);
    return l;
}

bool link_send(struct link *l, json_t *object, struct error *error)
{
    struct buf frame = {0};
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    wire_put_span(&frame, span_text(text));
    free(text);
    while (frame.len) {
        ssize_t sent = send(l->fd, frame.data, frame.len, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            break;
        if (sent > 0)
            buf_consume(&frame, (size_t)sent);
    }
    bool good = frame.len == 0;
    buf_free(&frame);
    return good || error_set_errno(error, "the daemon went away");
}

/* Makes sure that size bytes are there. */
static bool fill(struct link *l, size_t size)
{
    while (l->in.len < size) {
        ssize_t got = recv(l->fd, buf_reserve(&l->in, READ_BYTES), READ_BYTES, 0);
        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
        if (got > 0)
            l->in.len += (size_t)got;
    }
    return true;
}

json_t *link_receive(struct link *l, struct error *error)
{
    json_t *object = NULL;
    if (fill(l, 4)) {
        struct wire_reader head = wire_reader_of(buf_span(&l->in));
        size_t length = wire_get_u32(&head);
        if (length <= API_FRAME_MAX && fill(l, 4 + length)) {
            object = json_loadb(l->in.data + 4, length, 0, NULL);
            buf_consume(&l->in, 4 + length);
        }
    }
    if (!object)
        error_set(error, "the daemon went away");
    return object;
}

void link_close(struct link *l)
{
    close(l->fd);
    buf_free(&l->in);
    free(l);
}
