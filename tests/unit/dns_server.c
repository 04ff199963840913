/* A name server for tests. */
#include "tests/unit/dns_server.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/smtp/dns_answer.h"

enum { HEADER_BYTES = 12, QUESTION_POINTER = 0xc00c };

static void put_u16(struct buf *out, unsigned number)
{
    buf_append_char(out, (char)(number >> 8));
    buf_append_char(out, (char)number);
}

static void put_name(struct buf *out, const char *name)
{
    while (*name && strcmp(name, ".") != 0) {
        size_t n = strcspn(name, ".");
        buf_append_char(out, (char)n);
        buf_append(out, name, n);
        name += n + (name[n] == '.');
    }
    buf_append_char(out, 0);
}

void dns_server_ask(const char *name, uint16_t type, struct buf *out)
{
    const unsigned header[] = {7, 0x0100, 1, 0, 0, 0};
    for (size_t i = 0; i < sizeof header / sizeof header[0]; i++)
        put_u16(out, header[i]);
    put_name(out, name);
    put_u16(out, type);
    put_u16(out, 1);
}

/* The name and the type that are asked for; gives where the question ends. */
static size_t read_question(struct span packet, char *name, unsigned *type)
{
    size_t at = HEADER_BYTES, length = 0;
    while (packet.p[at]) {
        size_t n = (unsigned char)packet.p[at];
        for (size_t i = 1; i <= n; i++)
            name[length++] = (char)tolower((unsigned char)packet.p[at + i]);
        at += n + 1;
        name[length++] = '.';
    }
    name[length ? length - 1 : 0] = '\0';
    *type = (unsigned char)packet.p[at + 2];
    return at + 5;
}

static unsigned type_of(const struct dns_row *row)
{
    if (strchr(row->data, ' '))
        return DNS_MX;
    return strchr(row->data, ':') ? DNS_AAAA : DNS_A;
}

static void put_record(struct buf *out, const struct dns_row *row)
{
    struct buf data = {0};
    unsigned char address[16];
    unsigned type = type_of(row);
    if (type == DNS_MX) {
        put_u16(&data, (unsigned)atoi(row->data));
        put_name(&data, strchr(row->data, ' ') + 1);
    } else {
        inet_pton(type == DNS_A ? AF_INET : AF_INET6, row->data, address);
        buf_append(&data, address, type == DNS_A ? 4 : 16);
    }
    put_u16(out, QUESTION_POINTER);
    put_u16(out, type);
    put_u16(out, 1);
    put_u16(out, row->ttl >> 16);
    put_u16(out, row->ttl & 0xffff);
    put_u16(out, (unsigned)data.len);
    buf_append_span(out, buf_span(&data));
    buf_free(&data);
}

bool dns_server_answer(struct dns_server *server, struct span question, bool udp, struct buf *out)
{
    char name[DNS_NAME_MAX + 2];
    struct buf records = {0};
    unsigned type, count = 0;
    int code = CODE_NXDOMAIN;
    size_t end = read_question(question, name, &type);
    server->questions++;
    for (const struct dns_row *row = server->rows; row->name; row++) {
        if (strcmp(row->name, name) != 0)
            continue;
        bool fits = !row->data || type_of(row) == type;
        if (fits || code == CODE_NXDOMAIN)
            code = fits ? row->code : CODE_GOOD;
        if (row->data && fits && row->code == CODE_GOOD) {
            put_record(&records, row);
            count++;
        }
    }
    bool cut = udp && server->truncate;
    buf_append(out, question.p, 2);
    put_u16(out, 0x8180u | (cut ? 0x0200u : 0) | (unsigned)(code > 0 ? code : 0));
    const unsigned counts[] = {1, cut ? 0 : count, 0, 0};
    for (size_t i = 0; i < 4; i++)
        put_u16(out, counts[i]);
    buf_append(out, question.p + HEADER_BYTES, end - HEADER_BYTES);
    if (!cut)
        buf_append_span(out, buf_span(&records));
    buf_free(&records);
    return code != CODE_SILENCE;
}

static void on_datagram(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    char packet[4096];
    struct sockaddr_storage from;
    socklen_t size = sizeof from;
    struct buf answer = {0};
    ssize_t got = recvfrom(fd, packet, sizeof packet, 0, (struct sockaddr *)&from, &size);
    if (got > HEADER_BYTES && dns_server_answer(context, span_of(packet, (size_t)got), true, &answer) &&
        sendto(fd, answer.data, answer.len, 0, (struct sockaddr *)&from, size) < 0)
        perror("sendto");
    buf_free(&answer);
}

static struct event_base *loop;

/* One question, then the next. */
static void on_stream(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    unsigned char packet[4096];
    struct buf answer = {0}, whole = {0};
    size_t length = 0;
    if (recv(fd, packet, 2, MSG_WAITALL) == 2)
        length = (size_t)(packet[0] << 8 | packet[1]);
    if (length <= HEADER_BYTES || length > sizeof packet ||
        recv(fd, packet, length, MSG_WAITALL) != (ssize_t)length) {
        close(fd);
        return;
    }
    dns_server_answer(context, span_of(packet, length), false, &answer);
    put_u16(&whole, (unsigned)answer.len);
    buf_append_span(&whole, buf_span(&answer));
    if (send(fd, whole.data, whole.len, MSG_NOSIGNAL) < 0)
        perror("send");
    event_base_once(loop, fd, EV_READ, on_stream, context, NULL);
    buf_free(&answer);
    buf_free(&whole);
}

static void on_connection(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    event_base_once(loop, accept(fd, NULL, NULL), EV_READ, on_stream, context, NULL);
}

uint16_t dns_server_start(struct dns_server *server, struct event_base *base)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
        tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    loop = base;
    /* TCP chooses: a port of which it has old connections cannot be bound, and UDP has none. */
    if (bind(tcp, (struct sockaddr *)&at, sizeof at) != 0 || listen(tcp, 5) != 0 ||
        getsockname(tcp, (struct sockaddr *)&at, &size) != 0 ||
        bind(udp, (struct sockaddr *)&at, sizeof at) != 0) {
        perror("dns server of the test");
        abort();
    }
    event_add(event_new(base, udp, EV_READ | EV_PERSIST, on_datagram, server), NULL);
    event_add(event_new(base, tcp, EV_READ | EV_PERSIST, on_connection, server), NULL);
    return ntohs(at.sin_port);
}
