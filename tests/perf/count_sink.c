/* The bench's next hop: takes every message and says when it has so many.
 *
 *     count_sink EVERY
 *
 * Prints `port N` at once, and `received COUNT TIME` (monotonic seconds) whenever COUNT is a multiple of EVERY.
 * Commands may be pipelined.  It keeps nothing: the system tests have a sink that checks what arrives.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 512 };

struct connection {
    bool in_data;
    size_t matched; /* bytes of CRLF.CRLF seen at the end of the data */
    char line[2048];
    size_t length;
    char replies[8192]; /* gathered for one write */
    size_t reply_length;
};

static struct connection connections[CONNECTIONS_MAX];
static struct pollfd polls[CONNECTIONS_MAX]; /* the first is the listener */
static nfds_t poll_count;
static unsigned long every, received;

static const struct {
    const char *verb, *reply;
} replies[] = {
    {"EHLO", "250-sink.example.com\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 0\r\n"},
    {"HELO", "250 sink.example.com\r\n"},
    {"MAIL", "250 2.1.0 ok\r\n"},
    {"RCPT", "250 2.1.5 ok\r\n"},
    {"DATA", "354 go on\r\n"},
    {"RSET", "250 2.0.0 ok\r\n"},
    {"NOOP", "250 2.0.0 ok\r\n"},
    {"QUIT", "221 2.0.0 bye\r\n"},
};

static void reply(struct connection *c, const char *text)
{
    size_t length = strlen(text);
    if (c->reply_length + length > sizeof c->replies)
        errx(1, "too many commands at a time");
    memcpy(c->replies + c->reply_length, text, length);
    c->reply_length += length;
}

static void message_received(struct connection *c)
{
    reply(c, "250 2.0.0 taken\r\n");
    if (++received % every == 0) {
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        printf("received %lu %.6f\n", received, (double)t.tv_sec + (double)t.tv_nsec / 1e9);
        fflush(stdout);
    }
}

static void take_command(struct connection *c)
{
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        if (strncasecmp(c->line, replies[i].verb, 4) == 0) {
            reply(c, replies[i].reply);
            c->in_data = replies[i].reply[0] == '3';
            c->matched = 2; /* the CRLF of DATA may be the first of the end mark */
            return;
        }
    }
    reply(c, "500 5.5.1 what?\r\n");
}

/* Returns how many bytes belong to the data, the end mark included. */
static size_t take_data(struct connection *c, const char *data, size_t size)
{
    static const char mark[] = "\r\n.\r\n";
    for (size_t i = 0; i < size; i++) {
        if (data[i] != mark[c->matched]) {
            c->matched = data[i] == '\r';
        } else if (++c->matched == sizeof mark - 1) {
            c->in_data = false;
            message_received(c);
            return i + 1;
        }
    }
    return size;
}

static void take_input(struct connection *c, const char *data, size_t size)
{
    while (size > 0) {
        size_t used = 1;
        if (c->in_data) {
            used = take_data(c, data, size);
        } else if (*data == '\n') {
            c->line[c->length] = '\0';
            c->length = 0;
            take_command(c);
        } else if (c->length < sizeof c->line - 1) {
            c->line[c->length++] = *data;
        }
        data += used;
        size -= used;
    }
}

static void connection_close(nfds_t i)
{
    close(polls[i].fd);
    poll_count--;
    polls[i] = polls[poll_count];
    connections[i] = connections[poll_count];
}

static void connection_accept(void)
{
    int yes = 1, fd = accept(polls[0].fd, NULL, NULL);
    if (fd == -1)
        err(1, "accept");
    if (poll_count == CONNECTIONS_MAX) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    connections[poll_count] = (struct connection){0};
    reply(&connections[poll_count], "220 sink.example.com ESMTP\r\n");
    polls[poll_count++] = (struct pollfd){.fd = fd, .events = POLLIN | POLLOUT};
}

static void connection_handle(nfds_t i)
{
    static char input[64 * 1024];
    struct connection *c = &connections[i];
    if (polls[i].revents & (POLLIN | POLLHUP | POLLERR)) {
        ssize_t n = recv(polls[i].fd, input, sizeof input, 0);
        if (n <= 0) {
            connection_close(i);
            return;
        }
        take_input(c, input, (size_t)n);
    }
    if (c->reply_length > 0) {
        ssize_t n = send(polls[i].fd, c->replies, c->reply_length, MSG_NOSIGNAL);
        if (n != (ssize_t)c->reply_length) {
            connection_close(i);
            return;
        }
        c->reply_length = 0;
    }
    polls[i].events = POLLIN;
}

static void sink_listen(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1 || bind(fd, (struct sockaddr *)&at, length) != 0 || listen(fd, 512) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &length) != 0)
        err(1, "listen");
    polls[poll_count++] = (struct pollfd){.fd = fd, .events = POLLIN};
    printf("port %u\n", ntohs(at.sin_port));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    every = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    if (every == 0)
        errx(2, "usage: count_sink EVERY");
    sink_listen();
    for (;;) {
        if (poll(polls, poll_count, -1) == -1)
            err(1, "poll");
        for (nfds_t i = poll_count; i-- > 1;)
            if (polls[i].revents != 0)
                connection_handle(i);
        if (polls[0].revents != 0)
            connection_accept();
    }
}
