/* Framed messages with descriptors over a UNIX stream socket.
 *
 * A frame is u32 body length, u8 flag "a descriptor belongs to it", u8 zero, u16 type, body.  A descriptor
 * travels with the first byte of its frame, so both sides meet it in order: a read brings one at most, and no frame
 * before it is incomplete.
 */
#define _GNU_SOURCE /* MSG_CMSG_CLOEXEC */
#include "daemon/channel.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/xalloc.h"

enum {
    HEADER_BYTES = 8,
    READ_BYTES = 256 * 1024,
    FDS_MOST = 2, /* that of a frame which is not complete, and that of the next one */
    READS_PER_TURN = 8,
    JAM_PAUSE_US = 10000
};

struct fd_out {
    size_t position; /* of its frame in `out` */
    int fd;
};

struct channel {
    int fd;
    struct event *readable, *writable, *flush_due;
    struct channel_handler handler;
    struct buf in, out;
    size_t out_done; /* bytes at the start of `out` that are written; dropped when they are the larger part */
    int fds_in[FDS_MOST];
    size_t fds_in_count;
    struct fd_out *fds_out;
    size_t fds_out_count, fds_out_cap;
    int depth;          /* handlers running */
    bool closed, freed; /* freed: channel_free() came from inside a handler */
    bool write_dead;
    bool fds_jammed; /* too many descriptors are under way: the socket looks writable and is not */
};

static void free_now(struct channel *ch)
{
    event_free(ch->readable);
    event_free(ch->writable);
    event_free(ch->flush_due);
    for (size_t i = 0; i < ch->fds_in_count; i++)
        close(ch->fds_in[i]);
    for (size_t i = 0; i < ch->fds_out_count; i++)
        close(ch->fds_out[i].fd);
    free(ch->fds_out);
    buf_free(&ch->in);
    buf_free(&ch->out);
    close(ch->fd);
    free(ch);
}

static void leave(struct channel *ch)
{
    ch->depth--;
    if (ch->depth == 0 && ch->freed)
        free_now(ch);
}

static void close_channel(struct channel *ch, const char *why, bool is_ours)
{
    if (ch->closed)
        return;
    ch->closed = true;
    event_del(ch->readable);
    event_del(ch->writable);
    if (ch->handler.closed && !ch->freed)
        ch->handler.closed(ch->handler.context, why, is_ours);
}

static int take_fd(struct channel *ch)
{
    if (ch->fds_in_count == 0)
        return -1;
    int fd = ch->fds_in[0];
    ch->fds_in_count--;
    memmove(ch->fds_in, ch->fds_in + 1, ch->fds_in_count * sizeof *ch->fds_in);
    return fd;
}

/* Handles all complete frames in `in`.  False when the framing is broken; descriptors that belong to no frame would fill up
 * this process. */
static bool handle_frames(struct channel *ch)
{
    size_t done = 0;
    bool good = true;
    while (!ch->freed && ch->in.len - done >= HEADER_BYTES) {
        struct wire_reader head = wire_reader_of((struct span){ch->in.data + done, HEADER_BYTES});
        uint32_t length = wire_get_u32(&head);
        bool has_fd = wire_get_u8(&head) == 1;
        wire_get_u8(&head);
        uint16_t type = wire_get_u16(&head);
        if (length > CHANNEL_MESSAGE_MAX || (has_fd && ch->fds_in_count == 0)) {
            good = false;
            break;
        }
        if (ch->in.len - done - HEADER_BYTES < length)
            break;
        struct wire_reader body = wire_reader_of((struct span){ch->in.data + done + HEADER_BYTES, length});
        ch->handler.message(ch->handler.context, type, &body, has_fd ? take_fd(ch) : -1);
        done += HEADER_BYTES + length;
    }
    buf_consume(&ch->in, done);
    return good && ch->fds_in_count < FDS_MOST;
}

enum arrival { ARRIVAL_GOOD, ARRIVAL_TOO_MANY, ARRIVAL_NO_ROOM };

/* There is room for one descriptor in msg.  MSG_CTRUNC says that more were sent, or, when not even one came, that this
 * process may open no more. */
static enum arrival keep_fd(struct channel *ch, struct msghdr *msg)
{
    const struct cmsghdr *c = CMSG_FIRSTHDR(msg);
    bool came = c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS;
    if (came)
        memcpy(&ch->fds_in[ch->fds_in_count++], CMSG_DATA(c), sizeof(int));
    if (!(msg->msg_flags & MSG_CTRUNC))
        return ARRIVAL_GOOD;
    return came ? ARRIVAL_TOO_MANY : ARRIVAL_NO_ROOM;
}

/* Reads once and handles what came.  Returns whether it is worth reading again. */
static bool read_once(struct channel *ch)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec iov = {buf_reserve(&ch->in, READ_BYTES), READ_BYTES};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = CMSG_LEN(sizeof(int))};
    ssize_t got = recvmsg(ch->fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (got <= 0) {
        close_channel(ch, NULL, false);
        return false;
    }
    ch->in.len += (size_t)got;
    enum arrival arrival = keep_fd(ch, &msg);
    if (arrival == ARRIVAL_NO_ROOM) {
        close_channel(ch, "a descriptor could not arrive: too many are open here", true);
        return false;
    }
    if (arrival == ARRIVAL_TOO_MANY || !handle_frames(ch)) {
        close_channel(ch, "a message is not framed as it should be", false);
        return false;
    }
    return !ch->freed;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct channel *ch = context;
    ch->depth++;
    for (int i = 0; i < READS_PER_TURN && read_once(ch); i++)
        continue;
    leave(ch);
}

void channel_drain(struct channel *ch)
{
    ch->depth++;
    while (!ch->closed && !ch->freed && read_once(ch))
        continue;
    leave(ch);
}

static void drop_written(struct channel *ch)
{
    if (ch->out_done < ch->out.len && ch->out_done < ch->out.len / 2)
        return;
    buf_consume(&ch->out, ch->out_done);
    for (size_t i = 0; i < ch->fds_out_count; i++)
        ch->fds_out[i].position -= ch->out_done;
    ch->out_done = 0;
}

/* Writes what is next in `out`, up to the next frame that carries a descriptor, which goes with its first byte.
 * Returns false when the socket takes no more. */
static bool write_once(struct channel *ch)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    bool with_fd = ch->fds_out_count && ch->fds_out[0].position == ch->out_done;
    size_t next = with_fd ? 1 : 0;
    size_t end = next < ch->fds_out_count ? ch->fds_out[next].position : ch->out.len;
    struct iovec iov = {ch->out.data + ch->out_done, end - ch->out_done};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    if (with_fd) {
        msg.msg_control = control.bytes;
        msg.msg_controllen = sizeof control.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        *c = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(c), &ch->fds_out[0].fd, sizeof(int));
    }
    ssize_t sent = sendmsg(ch->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR)
        return true;
    if (sent < 0) {
        ch->write_dead = errno != EAGAIN && errno != ETOOMANYREFS;
        ch->fds_jammed = errno == ETOOMANYREFS;
        return false;
    }
    if (with_fd) {
        close(ch->fds_out[0].fd);
        ch->fds_out_count--;
        memmove(ch->fds_out, ch->fds_out + 1, ch->fds_out_count * sizeof *ch->fds_out);
    }
    ch->out_done += (size_t)sent;
    drop_written(ch);
    return true;
}

void channel_flush(struct channel *ch)
{
    while (ch->out.len && !ch->closed && !ch->write_dead && write_once(ch))
        continue;
    if (ch->out.len == 0 || ch->closed || ch->write_dead)
        return;
    const struct timeval soon = {.tv_usec = JAM_PAUSE_US};
    if (ch->fds_jammed)
        event_add(ch->flush_due, &soon);
    else
        event_add(ch->writable, NULL);
}

void channel_flush_wait(struct channel *ch, int timeout_ms)
{
    int64_t deadline = clock_mono_us() + (int64_t)timeout_ms * 1000;
    channel_flush(ch);
    while (ch->out.len && !ch->closed && !ch->write_dead && clock_mono_us() < deadline) {
        struct pollfd p = {.fd = ch->fd, .events = POLLOUT};
        poll(&p, 1, 50);
        channel_flush(ch);
    }
}

static void on_flush(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    channel_flush(context);
}

struct channel *channel_new(struct event_base *base, int fd, const struct channel_handler *handler)
{
    struct channel *ch = xcalloc(1, sizeof *ch);
    ch->fd = fd;
    ch->handler = *handler;
    ch->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, ch);
    ch->writable = event_new(base, fd, EV_WRITE, on_flush, ch);
    ch->flush_due = event_new(base, -1, 0, on_flush, ch);
    if (!ch->readable || !ch->writable || !ch->flush_due)
        abort();
    event_add(ch->readable, NULL);
    return ch;
}

void channel_free(struct channel *ch)
{
    if (!ch)
        return;
    ch->freed = true;
    if (ch->depth == 0)
        free_now(ch);
}

void channel_send(struct channel *ch, uint16_t type, struct span body, int fd)
{
    if (body.n > CHANNEL_MESSAGE_MAX)
        abort();
    if (ch->closed || ch->write_dead) {
        if (fd >= 0)
            close(fd);
        return;
    }
    if (fd >= 0) {
        if (ch->fds_out_count == ch->fds_out_cap) {
            ch->fds_out_cap = ch->fds_out_cap ? ch->fds_out_cap * 2 : 8;
            ch->fds_out = xreallocarray(ch->fds_out, ch->fds_out_cap, sizeof *ch->fds_out);
        }
        ch->fds_out[ch->fds_out_count++] = (struct fd_out){ch->out.len, fd};
    }
    if (ch->out.len == 0)
        event_active(ch->flush_due, EV_TIMEOUT, 0);
    wire_put_u32(&ch->out, (uint32_t)body.n);
    wire_put_u8(&ch->out, fd >= 0);
    wire_put_u8(&ch->out, 0);
    wire_put_u16(&ch->out, type);
    buf_append_span(&ch->out, body);
}

size_t channel_backlog(const struct channel *ch)
{
    return ch->out.len - ch->out_done;
}
