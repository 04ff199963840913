/* The bench's client of scan services: asks about messages, a connection each, and tells how long each answer took.
 *
 *     scan-load spamd|rspamd ADDRESS PORT CONCURRENCY COUNT LIST
 *
 * LIST is a file with the paths of the messages, one a line; they are asked about in turn.  spamd: as spamc does, CHECK, and the
 * own side of the connection closed behind the message; rspamd: HTTP, as its own client.  Prints the seconds that all
 * took, and the milliseconds of the median, of the 99th percentile and of the slowest.  Anything but a verdict ends it
 * with status 1.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct message {
    char *data; /* the whole request */
    size_t size;
};

static const struct protocol {
    const char *name, *head, *verdict; /* head: of a request, up to the length of the message */
    bool closes;                       /* its side, behind the request */
} protocols[] = {
    {"spamd", "CHECK SPAMC/1.5\r\nContent-length: ", "SPAMD/1.1 0 EX_OK", true},
    {"rspamd", "POST /checkv2 HTTP/1.1\r\nConnection: close\r\nContent-Length: ", "HTTP/1.1 200", false},
};

static const struct protocol *protocol;
static struct sockaddr_in to;
static struct message *messages;
static size_t message_count, wanted;
static atomic_size_t begun;
static double *milliseconds;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void read_message(struct message *m, const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1 || fstat(fd, &st) != 0)
        err(1, "%s", path);
    size_t size = (size_t)st.st_size;
    m->data = malloc(size + 256);
    if (!m->data)
        err(1, "%s", path);
    int head = snprintf(m->data, 256, "%s%zu\r\n\r\n", protocol->head, size);
    if (read(fd, m->data + head, size) != (ssize_t)size)
        err(1, "%s", path);
    m->size = (size_t)head + size;
    close(fd);
}

static void read_list(const char *path)
{
    char *line = NULL;
    size_t size = 0;
    FILE *list = fopen(path, "re");
    if (!list)
        err(1, "%s", path);
    while (getline(&line, &size, list) > 0) {
        line[strcspn(line, "\n")] = '\0';
        messages = reallocarray(messages, message_count + 1, sizeof *messages);
        if (!messages)
            err(1, "%s", path);
        read_message(&messages[message_count++], line);
    }
    free(line);
    fclose(list);
}

static void send_all(int fd, const struct message *m)
{
    for (size_t done = 0; done < m->size;) {
        ssize_t n = send(fd, m->data + done, m->size - done, MSG_NOSIGNAL);
        if (n == -1)
            err(1, "send");
        done += (size_t)n;
    }
}

static void ask(const struct message *m)
{
    char reply[65536];
    size_t size = 0;
    int yes = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1 || connect(fd, (const struct sockaddr *)&to, sizeof to) != 0)
        err(1, "connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    send_all(fd, m);
    if (protocol->closes)
        shutdown(fd, SHUT_WR);
    for (ssize_t n; (n = recv(fd, reply + size, sizeof reply - size, 0)) > 0;)
        size += size + (size_t)n < sizeof reply ? (size_t)n : 0;
    close(fd);
    if (size < strlen(protocol->verdict) || memcmp(reply, protocol->verdict, strlen(protocol->verdict)) != 0)
        errx(1, "no verdict: %.*s", size < 200 ? (int)size : 200, reply);
}

static void *work(void *unused)
{
    (void)unused;
    for (size_t i; (i = atomic_fetch_add(&begun, 1)) < wanted;) {
        double start = now();
        ask(&messages[i % message_count]);
        milliseconds[i] = (now() - start) * 1000;
    }
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    if (argc != 7)
        errx(2, "usage: scan-load spamd|rspamd ADDRESS PORT CONCURRENCY COUNT LIST");
    protocol = strcmp(argv[1], "spamd") == 0 ? &protocols[0] : &protocols[1];
    to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[3]))};
    size_t threads = strtoul(argv[4], NULL, 10);
    pthread_t thread[64];
    wanted = strtoul(argv[5], NULL, 10);
    read_list(argv[6]);
    milliseconds = calloc(wanted, sizeof *milliseconds);
    if (inet_pton(AF_INET, argv[2], &to.sin_addr) != 1 || threads > 64 || !milliseconds || !message_count ||
        !wanted)
        errx(2, "nothing to do");
    double start = now();
    for (size_t i = 0; i < threads; i++)
        if (pthread_create(&thread[i], NULL, work, NULL) != 0)
            errx(1, "no threads");
    for (size_t i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    double seconds = now() - start;
    qsort(milliseconds, wanted, sizeof *milliseconds, by_size);
    printf("%.6f %.3f %.3f %.3f\n", seconds, milliseconds[wanted / 2], milliseconds[wanted * 99 / 100],
           milliseconds[wanted - 1]);
    return 0;
}
