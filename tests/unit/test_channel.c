/* Channels: framing, descriptors in order, the end of the other side, hostile frames. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/channel.h"

struct side {
    struct channel *channel;
    int messages, fds, closed;
    size_t bytes;
    off_t fd_size; /* of the last descriptor */
    bool free_inside, broke, blames_us;
};

static struct event_base *base;
static struct side left, right;

static void on_message(void *context, uint16_t type, struct wire_reader *in, int fd)
{
    struct side *s = context;
    s->messages++;
    assert_int_equal(type, s->messages); /* in order */
    s->bytes += wire_get_span(in).n;
    assert_true(wire_reader_done(in));
    if (fd >= 0) {
        struct stat st;
        assert_int_equal(fstat(fd, &st), 0);
        s->fd_size = st.st_size;
        s->fds++;
        close(fd);
    }
    if (s->free_inside) {
        channel_free(s->channel);
        s->channel = NULL;
    }
}

static void on_closed(void *context, const char *why, bool is_ours)
{
    struct side *s = context;
    s->closed++;
    s->broke = why != NULL;
    s->blames_us = is_ours;
}

static int set_up(void **state)
{
    (void)state;
    int pair[2];
    base = event_base_new();
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair);
    left = right = (struct side){0};
    left.channel = channel_new(base, pair[0], &(struct channel_handler){on_message, on_closed, &left});
    right.channel = channel_new(base, pair[1], &(struct channel_handler){on_message, on_closed, &right});
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    channel_free(left.channel);
    channel_free(right.channel);
    event_base_free(base);
    return 0;
}

static void send_bytes(struct channel *ch, uint16_t type, size_t size, int fd)
{
    static char zeros[1024 * 1024];
    struct buf body = {0};
    wire_put_span(&body, (struct span){zeros, size});
    channel_send(ch, type, buf_span(&body), fd);
    buf_free(&body);
}

static void run_until(const int *counter, int goal)
{
    for (int i = 0; i < 100000 && *counter < goal; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    assert_int_equal(*counter, goal);
}

static void messages_arrive_whole_and_in_order(void **state)
{
    (void)state;
    for (uint16_t i = 1; i <= 200; i++)
        send_bytes(left.channel, i, (size_t)i * 997, -1);
    run_until(&right.messages, 200);
    assert_int_equal(right.bytes, 997u * 200 * 201 / 2);
    assert_int_equal(channel_backlog(left.channel), 0);
}

static void a_descriptor_comes_with_its_own_message(void **state)
{
    (void)state;
    for (uint16_t i = 1; i <= 60; i++) {
        int fd = -1;
        if (i % 3 == 0) {
            fd = memfd_create("test", 0);
            assert_int_equal(ftruncate(fd, i), 0);
        }
        send_bytes(left.channel, i, 30000, fd);
    }
    run_until(&right.messages, 60);
    assert_int_equal(right.fds, 20);
    assert_int_equal(right.fd_size, 60);
}

static void the_last_words_of_a_dead_peer_are_heard(void **state)
{
    (void)state;
    send_bytes(left.channel, 1, 10, -1);
    channel_flush(left.channel);
    channel_free(left.channel);
    left.channel = NULL;
    channel_drain(right.channel);
    assert_int_equal(right.messages, 1);
    assert_int_equal(right.closed, 1);
    assert_false(right.broke);
}

static void a_channel_may_be_freed_by_its_own_handler(void **state)
{
    (void)state;
    right.free_inside = true;
    send_bytes(left.channel, 1, 10, -1);
    send_bytes(left.channel, 2, 10, -1);
    run_until(&right.messages, 1);
    assert_null(right.channel);
}

static void a_frame_that_is_too_long_ends_the_channel(void **state)
{
    (void)state;
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair);
    struct side s = {0};
    s.channel = channel_new(base, pair[1], &(struct channel_handler){on_message, on_closed, &s});
    assert_int_equal(write(pair[0], "\xff\xff\xff\x7f\0\0\1\0", 8), 8);
    run_until(&s.closed, 1);
    assert_int_equal(s.messages, 0);
    assert_true(s.broke);
    channel_free(s.channel);
    close(pair[0]);
}

static void a_frame_that_claims_a_descriptor_it_does_not_carry_ends_the_channel(void **state)
{
    (void)state;
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair);
    struct side s = {0};
    s.channel = channel_new(base, pair[1], &(struct channel_handler){on_message, on_closed, &s});
    assert_int_equal(write(pair[0], "\0\0\0\0\1\0\1\0", 8), 8);
    run_until(&s.closed, 1);
    channel_free(s.channel);
    close(pair[0]);
}

/* As many descriptors with these bytes, in one go. */
static void send_raw(int socket, const char *bytes, size_t size, size_t count)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * 3)];
        struct cmsghdr align;
    } control;
    const int fds[3] = {socket, socket, socket};
    struct iovec iov = {(void *)bytes, size};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = CMSG_SPACE(sizeof(int) * count)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    *c = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof(int) * count), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(c), fds, sizeof(int) * count);
    assert_int_equal(sendmsg(socket, &msg, 0), size);
}

static int open_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 1000; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* Descriptors that no frame asks for would fill up who receives them. */
static void descriptors_that_belong_to_no_frame_end_the_channel(void **state)
{
    (void)state;
    for (size_t together = 1; together <= 3; together++) {
        int pair[2], before = open_descriptors();
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair);
        struct side s = {0};
        s.channel = channel_new(base, pair[1], &(struct channel_handler){on_message, on_closed, &s});
        for (int i = 0; i < 3; i++)
            send_raw(pair[0], "\0", 1, together);
        run_until(&s.closed, 1);
        assert_true(s.broke && !s.blames_us);
        channel_free(s.channel);
        close(pair[0]);
        assert_int_equal(open_descriptors(), before);
    }
}

/* A process that may open no more loses what it is sent; who sent it has done nothing. */
static void a_descriptor_for_which_there_is_no_room_is_our_own_trouble(void **state)
{
    (void)state;
    struct rlimit limit, none;
    int next = dup(0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = (struct rlimit){(rlim_t)next, limit.rlim_max};
    send_bytes(left.channel, 1, 10, dup(0));
    channel_flush(left.channel);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    run_until(&right.closed, 1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(right.messages, 0);
    assert_true(right.broke && right.blames_us);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(messages_arrive_whole_and_in_order),
        TEST(a_descriptor_comes_with_its_own_message),
        TEST(the_last_words_of_a_dead_peer_are_heard),
        TEST(a_channel_may_be_freed_by_its_own_handler),
        TEST(a_frame_that_is_too_long_ends_the_channel),
        TEST(a_frame_that_claims_a_descriptor_it_does_not_carry_ends_the_channel),
        TEST(descriptors_that_belong_to_no_frame_end_the_channel),
        TEST(a_descriptor_for_which_there_is_no_room_is_our_own_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
