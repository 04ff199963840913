/* Sending and receiving packets; see packet.h. */
#define _GNU_SOURCE /* memfd_create, MSG_CMSG_CLOEXEC */
#include "daemon/scan/packet.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/channel.h"

/* Well below what a socket buffer takes by default. */
enum { BODY_INSIDE_MAX = 64 * 1024, BODY_MAX = CHANNEL_MESSAGE_MAX, FDS_MAX = 2 };

/* Both ends are the same program on the same machine. */
struct header {
    uint32_t type;
    uint32_t size;   /* of the body */
    uint8_t has_fd;  /* the first descriptor is the packet's */
    uint8_t outside; /* the last descriptor holds the body */
};

union control {
    char bytes[CMSG_SPACE(sizeof(int) * FDS_MAX)];
    struct cmsghdr align;
};

static int memfd_with(struct span body)
{
    int fd = memfd_create("mailward-packet", MFD_CLOEXEC);
    for (size_t done = 0; fd >= 0 && done < body.n;) {
        ssize_t wrote = write(fd, body.p + done, body.n - done);
        if (wrote <= 0) {
            close(fd);
            return -1;
        }
        done += (size_t)wrote;
    }
    return fd;
}

static bool send_parts(int socket, const struct header *header, struct span inside, const int *fds,
                       size_t count)
{
    struct iovec iov[] = {{(void *)header, sizeof *header}, {(void *)inside.p, inside.n}};
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
    union control control;
    if (count) {
        msg.msg_control = control.bytes;
        msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        *c = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(count * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(c), fds, count * sizeof(int));
    }
    ssize_t sent;
    do
        sent = sendmsg(socket, &msg, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent >= 0;
}

bool packet_send(int socket, enum packet_type type, struct span body, int fd)
{
    if (body.n > BODY_MAX)
        return false;
    struct header header = {.type = type, .size = (uint32_t)body.n, .has_fd = fd >= 0};
    int fds[FDS_MAX] = {fd, -1};
    size_t count = fd >= 0;
    if (body.n <= BODY_INSIDE_MAX)
        return send_parts(socket, &header, body, fds, count);
    int outside = memfd_with(body);
    if (outside < 0)
        return false;
    header.outside = 1;
    fds[count++] = outside;
    bool sent = send_parts(socket, &header, (struct span){0}, fds, count);
    close(outside);
    return sent;
}

static size_t take_fds(struct msghdr *msg, int *fds)
{
    struct cmsghdr *c = CMSG_FIRSTHDR(msg);
    if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
        return 0;
    size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(fds, CMSG_DATA(c), count * sizeof(int));
    return count;
}

static bool read_outside(int fd, size_t size, struct buf *store)
{
    buf_clear(store);
    char *to = buf_reserve(store, size);
    while (store->len < size) {
        ssize_t got = pread(fd, to + store->len, size - store->len, (off_t)store->len);
        if (got <= 0)
            return false;
        store->len += (size_t)got;
    }
    return true;
}

/* The packet's own descriptor goes to packet->fd, the one that held the body is done with. */
static bool open_packet(const struct header *header, const int *fds, size_t count, struct buf *store,
                        struct packet *packet)
{
    size_t own = header->has_fd == 1, outside = header->outside == 1;
    if (own + outside != count || header->size > BODY_MAX)
        return false;
    *packet = (struct packet){.type = header->type, .fd = -1};
    if (outside) {
        if (!read_outside(fds[own], header->size, store))
            return false;
        close(fds[own]);
    } else if (store->len != header->size) {
        return false;
    }
    packet->body = buf_span(store);
    packet->fd = own ? fds[0] : -1;
    return true;
}

enum packet_result packet_receive(int socket, struct buf *store, struct packet *packet)
{
    struct header header = {0};
    union control control;
    buf_clear(store);
    struct iovec iov[] = {{&header, sizeof header}, {buf_reserve(store, BODY_INSIDE_MAX), BODY_INSIDE_MAX}};
    struct msghdr msg = {.msg_iov = iov,
                         .msg_iovlen = 2,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof control.bytes};
    ssize_t got;
    do
        got = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return got < 0 && errno == EAGAIN ? PACKET_NONE : PACKET_END;
    int fds[FDS_MAX];
    size_t count = take_fds(&msg, fds);
    bool whole = (size_t)got >= sizeof header && !(msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC));
    store->len = whole ? (size_t)got - sizeof header : 0;
    if (whole && open_packet(&header, fds, count, store, packet))
        return PACKET_GOOD;
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
    /* When all arrived for which there was room here, more were sent than any packet has. */
    return msg.msg_flags & MSG_CTRUNC && count < FDS_MAX ? PACKET_LOST : PACKET_BROKEN;
}
