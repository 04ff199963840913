/* Datagrams to a syslog. */
#include "daemon/log/syslog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/log/log_file.h"
#include "daemon/log_lines.h"
#include "daemon/protocol.h"
#include "daemon/role.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"

enum { KEPT_MAX = 256 * 1024, ASK_PAUSE_US = 1000000, TELL_PAUSE_US = 60 * 1000000 };

struct syslog {
    struct syslog *next;
    uint32_t id;
    char *destination, *log;
    int fd;           /* -1: none */
    int64_t next_ask; /* for a socket: clock_mono_us() */
    struct buf kept;  /* a row of spans */
    uint64_t unsent;  /* not yet told */
    int64_t next_tell;
    struct error why;
};

static struct syslog *all;
static uint32_t last_id;

static void ask(struct syslog *s)
{
    struct buf body = {0};
    wire_put_u32(&body, s->id);
    wire_put_span(&body, span_text(s->destination));
    role_send(ROLE_MASTER, MSG_SYSLOG_ASK, buf_span(&body), -1);
    buf_free(&body);
    s->next_ask = clock_mono_us() + ASK_PAUSE_US;
}

struct syslog *syslog_open(struct span destination, const char *log)
{
    struct syslog *s = xcalloc(1, sizeof *s);
    *s = (struct syslog){.next = all, .id = ++last_id, .fd = -1, .log = xstrdup(log)};
    s->destination = xmemdup0(destination.p, destination.n);
    all = s;
    ask(s);
    return s;
}

bool syslog_leads_to(const struct syslog *s, struct span destination)
{
    return span_equal(span_text(s->destination), destination);
}

static void lose(struct syslog *s, int number)
{
    s->unsent++;
    error_set(&s->why, "%s", strerror(number));
}

static void disconnect(struct syslog *s)
{
    close(s->fd);
    s->fd = -1;
}

/* Whoever listened there has gone: another socket is needed. */
static bool is_gone(int number)
{
    return number == ECONNREFUSED || number == ECONNRESET || number == ENOTCONN || number == EPIPE;
}

static void send_kept(struct syslog *s)
{
    struct wire_reader in = wire_reader_of(buf_span(&s->kept));
    size_t sent = 0;
    while (in.rest.n && s->fd >= 0) {
        struct span datagram = wire_get_span(&in);
        if (send(s->fd, datagram.p, datagram.n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
            if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS || errno == EINTR)
                break;
            lose(s, errno);
            if (is_gone(errno))
                disconnect(s);
        }
        sent = s->kept.len - in.rest.n;
    }
    buf_consume(&s->kept, sent);
}

void syslog_add(struct syslog *s, int priority, int64_t wall_us, struct span text)
{
    static struct buf datagram;
    buf_clear(&datagram);
    buf_printf(&datagram, "<%d>", priority);
    log_file_syslog_time(&datagram, wall_us);
    buf_printf(&datagram, " %s: ", s->log);
    buf_append_span(&datagram, text);
    if (s->kept.len + datagram.len > KEPT_MAX) {
        if (s->unsent++ == 0 && s->fd >= 0)
            error_set(&s->why, "it takes lines too slowly");
        return;
    }
    wire_put_span(&s->kept, buf_span(&datagram));
    send_kept(s);
}

/* The line goes the same way, so it may be the next one that is lost. */
static void tell_lost(struct syslog *s)
{
    int64_t now = clock_mono_us();
    if (s->unsent == 0 || now < s->next_tell)
        return;
    LOG(LINES_UNSENT, LOG_U(s->unsent), LOG_T(s->log), LOG_T(s->destination), LOG_T(s->why.text));
    s->unsent = 0;
    s->next_tell = now + TELL_PAUSE_US;
}

void syslog_tick(struct syslog *s)
{
    send_kept(s);
    if (s->fd < 0 && clock_mono_us() >= s->next_ask)
        ask(s);
    tell_lost(s);
}

void syslog_take_socket(struct wire_reader *in, int fd)
{
    uint32_t id = wire_get_u32(in);
    struct span why = wire_get_span(in);
    struct syslog *s = all;
    while (s && s->id != id)
        s = s->next;
    if (in->failed || !s || s->fd >= 0) {
        if (fd >= 0)
            close(fd);
        return;
    }
    s->fd = fd;
    if (fd < 0)
        error_set(&s->why, "%.*s", (int)why.n, why.p);
    send_kept(s);
}

void syslog_close(struct syslog *s)
{
    struct syslog **p = &all;
    while (*p != s)
        p = &(*p)->next;
    *p = s->next;
    send_kept(s);
    if (s->fd >= 0)
        close(s->fd);
    buf_free(&s->kept);
    free(s->destination);
    free(s->log);
    free(s);
}
