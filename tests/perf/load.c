/* The bench's sender: keeps a number of SMTP connections busy until so many messages are accepted.
 *
 *     load ADDRESS PORT CONNECTIONS MESSAGES FILE...
 *
 * The files are whole messages, dot-stuffed, with the final dot; they are sent in turn, each as one pipelined
 * transaction (RFC 2920).  Prints the monotonic times of the first byte and of the last 250.  Anything but the
 * usual replies ends it with status 1.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 256 };

static const char hello[] = "EHLO load.example.org\r\n";
static const char transaction[] = "MAIL FROM:<anna@example.org>\r\nRCPT TO:<ben@example.com>\r\nDATA\r\n";

struct message {
    char *data;
    size_t size;
};

/* What is awaited next; each has the code that the reply must have. */
enum state { GREETING, HELLO, MAIL, RCPT, DATA, DOT, STATES };
static const char *const expected[STATES] = {"220", "250", "250", "250", "354", "250"};

struct connection {
    enum state state;
    char line[1024];
    size_t length;
};

static struct message *messages;
static size_t message_count;
static unsigned long wanted, begun, accepted;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void message_read(struct message *m, const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1 || fstat(fd, &st) != 0)
        err(1, "%s", path);
    m->size = (size_t)st.st_size;
    m->data = malloc(m->size);
    if (m->data == NULL || read(fd, m->data, m->size) != (ssize_t)m->size)
        err(1, "%s", path);
    close(fd);
}

static int connect_to(const struct sockaddr_in *to)
{
    int yes = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1 || connect(fd, (const struct sockaddr *)to, sizeof *to) != 0)
        err(1, "connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return fd;
}

/* Blocks when the server is slow to read: it answers only after it has read all. */
static void send_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
        if (n == -1)
            err(1, "send");
        data += n;
        size -= (size_t)n;
    }
}

static void begin_transaction(struct connection *c, int fd)
{
    if (begun == wanted) {
        c->state = STATES; /* idle */
        return;
    }
    begun++;
    c->state = MAIL;
    send_all(fd, transaction, sizeof transaction - 1);
}

static void handle_reply(struct connection *c, int fd, const char *line)
{
    if (c->state == STATES || strncmp(line, expected[c->state], 3) != 0)
        errx(1, "state %d: %s", (int)c->state, line);
    switch (c->state) {
    case GREETING:
        send_all(fd, hello, sizeof hello - 1);
        c->state = HELLO;
        break;
    case DATA: {
        const struct message *m = &messages[begun % message_count];
        send_all(fd, m->data, m->size);
        c->state = DOT;
        break;
    }
    case DOT:
        accepted++;
        begin_transaction(c, fd);
        break;
    case HELLO:
        begin_transaction(c, fd);
        break;
    default:
        c->state++;
    }
}

static void handle_input(struct connection *c, int fd)
{
    ssize_t n = recv(fd, c->line + c->length, sizeof c->line - 1 - c->length, 0);
    if (n <= 0)
        errx(1, "connection lost in state %d", (int)c->state);
    c->length += (size_t)n;
    char *end;
    while ((end = memchr(c->line, '\n', c->length)) != NULL) {
        size_t used = (size_t)(end - c->line) + 1;
        *end = '\0';
        if (used < 5 || c->line[3] != '-')
            handle_reply(c, fd, c->line);
        c->length -= used;
        memmove(c->line, c->line + used, c->length);
    }
    if (c->length == sizeof c->line - 1)
        errx(1, "reply line too long");
}

int main(int argc, char **argv)
{
    static struct connection connections[CONNECTIONS_MAX];
    struct pollfd polls[CONNECTIONS_MAX];
    struct sockaddr_in to = {.sin_family = AF_INET};
    if (argc < 6 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1)
        errx(2, "usage: load ADDRESS PORT CONNECTIONS MESSAGES FILE...");
    to.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
    nfds_t count = strtoul(argv[3], NULL, 10);
    wanted = strtoul(argv[4], NULL, 10);
    if (count < 1 || count > CONNECTIONS_MAX || wanted < 1)
        errx(2, "1 to %d connections, 1 message or more", CONNECTIONS_MAX);

    message_count = (size_t)argc - 5;
    messages = calloc(message_count, sizeof *messages);
    if (messages == NULL)
        err(1, "messages");
    for (size_t i = 0; i < message_count; i++)
        message_read(&messages[i], argv[5 + i]);

    double first = now();
    for (nfds_t i = 0; i < count; i++)
        polls[i] = (struct pollfd){.fd = connect_to(&to), .events = POLLIN};
    while (accepted < wanted) {
        if (poll(polls, count, -1) == -1)
            err(1, "poll");
        for (nfds_t i = 0; i < count; i++)
            if (polls[i].revents != 0)
                handle_input(&connections[i], polls[i].fd);
    }
    printf("first %.6f\nlast %.6f\n", first, now());
    return 0;
}
