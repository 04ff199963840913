/* The skeleton of every role program: start, privileges, sandbox, peers, loop.  See role.h. */
#define _GNU_SOURCE /* program_invocation_short_name */
#include "daemon/role.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/failpoint.h"
#include "daemon/log_lines.h"
#include "daemon/master_fd.h"
#include "daemon/privileges.h"
#include "daemon/protocol.h"
#include "daemon/route.h"
#include "daemon/sandbox.h"
#include "engine/base/clock.h"
#include "engine/base/dumps.h"

enum { LOG_BACKLOG_MAX = 1024 * 1024 };

struct peer {
    struct channel *channel;
    uint32_t life; /* the master's number of the one that was joined last */
};

static struct event_base *base;
static struct channel *master;
static struct settings settings;
static struct peer peers[ROLE_COUNT];
static bool private_instance, running, said_ready;
static int64_t daemon_started;
static struct buf sandbox_report;

struct event_base *role_base(void)
{
    return base;
}

const struct settings *role_settings(void)
{
    return &settings;
}

bool role_is_private(void)
{
    return private_instance;
}

int64_t role_daemon_started(void)
{
    return daemon_started;
}

struct channel *role_peer(enum role_id peer)
{
    return peers[peer].channel;
}

bool role_send(enum role_id peer, uint16_t type, struct span body, int fd)
{
    struct channel *ch = peer == ROLE_MASTER ? master : peers[peer].channel;
    if (!ch) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    channel_send(ch, type, body, fd);
    return true;
}

static bool send_to_log(struct span event)
{
    struct channel *ch = peers[ROLE_LOG].channel;
    if (!ch || channel_backlog(ch) > LOG_BACKLOG_MAX)
        return false;
    channel_send(ch, MSG_LOG_LINE, event, -1);
    return true;
}

void role_exit(void)
{
    for (int i = 0; i < ROLE_COUNT; i++)
        if (peers[i].channel)
            channel_flush_wait(peers[i].channel, 1000);
    channel_flush_wait(master, 1000);
    _exit(0);
}

void role_fatal(const char *format, ...)
{
    struct buf text = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    fprintf(stderr, "%s: %s\n", program_invocation_short_name, buf_text(&text));
    if (!running) {
        struct buf body = {0};
        wire_put_span(&body, buf_span(&text));
        channel_send(master, MSG_START_FAILED, buf_span(&body), -1);
        channel_flush_wait(master, 1000);
    } else {
        LOG(ROLE_FAILED, LOG_T(role_table[role_self.id].name), LOG_S(buf_span(&text)));
        if (peers[ROLE_LOG].channel)
            channel_flush_wait(peers[ROLE_LOG].channel, 1000);
    }
    _exit(1);
}

static void hang_up(struct peer *peer)
{
    struct channel *gone = peer->channel;
    peer->channel = NULL;
    if (role_self.peer_down)
        role_self.peer_down((enum role_id)(peer - peers));
    channel_free(gone);
}

void role_tell_stale(enum role_id peer, const char *why)
{
    struct buf body = {0};
    wire_put_u8(&body, (uint8_t)peer);
    wire_put_u32(&body, peers[peer].life);
    wire_put_span(&body, span_text(why));
    channel_send(master, MSG_ROLE_STALE, buf_span(&body), -1);
    buf_free(&body);
}

void role_replace_peer(enum role_id peer, const char *why)
{
    LOG(ROLE_REPLACED, LOG_T(role_table[role_self.id].name), LOG_T(role_table[peer].name), LOG_T(why));
    role_tell_stale(peer, why);
    if (peers[peer].channel)
        hang_up(&peers[peer]);
}

/* It is broken, or taken over.  One of the core is trusted with all mail: then we are as likely the broken one, and end. */
static void distrust(enum role_id peer, const char *why)
{
    if (!role_table[peer].dispensable)
        role_fatal("role %s %s", role_table[peer].name, why);
    role_replace_peer(peer, why);
}

/* A role with a configuration does its work only by one that control gave it. */
static void say_ready_when_due(void)
{
    bool waits = role_self.config_apply && role_config()->revision == 0;
    if (!running || waits || said_ready)
        return;
    struct buf body = {0};
    said_ready = true;
    wire_put_span(&body, buf_span(&sandbox_report));
    channel_send(master, MSG_READY, buf_span(&body), -1);
    buf_free(&sandbox_report);
    buf_free(&body);
}

static void on_peer_message(void *context, uint16_t type, struct wire_reader *in, int fd)
{
    enum role_id peer = (enum role_id)((struct peer *)context - peers);
    if (peer == ROLE_CONTROL && role_config_message(type, in)) {
        if (fd >= 0)
            close(fd);
        say_ready_when_due();
    } else if (role_self.message) {
        role_self.message(peer, type, in, fd);
    } else if (fd >= 0) {
        close(fd);
    }
    if (!wire_reader_done(in)) {
        struct error why;
        error_set(&why, "sends a message that cannot be read (%u)", type);
        distrust(peer, why.text);
    }
}

/* A peer that hung up is replaced by the master.  A channel that broke between two living roles would never be: then
 * one of them ends, is started anew and joined again; this one, when the trouble is its own. */
static void on_peer_closed(void *context, const char *why, bool is_ours)
{
    struct peer *peer = context;
    struct error reason;
    if (is_ours)
        role_fatal("%s", why);
    if (why) {
        error_set(&reason, "broke the channel: %s", why);
        distrust((enum role_id)(peer - peers), reason.text);
        return;
    }
    hang_up(peer);
}

static void add_peer(struct wire_reader *in, int fd)
{
    uint8_t id = wire_get_u8(in);
    uint32_t life = wire_get_u32(in);
    if (in->failed || id == ROLE_MASTER || id >= ROLE_COUNT || fd < 0)
        role_fatal("cannot read a peer from the master");
    struct peer *peer = &peers[id];
    /* The old peer is dead, but what it still said comes first. */
    if (peer->channel)
        channel_drain(peer->channel);
    if (peer->channel)
        on_peer_closed(peer, NULL, false);
    struct channel_handler handler = {on_peer_message, on_peer_closed, peer};
    peer->channel = channel_new(base, fd, &handler);
    peer->life = life;
    if (id == ROLE_LOG)
        log_resume();
    if (id == ROLE_CONTROL && role_table[role_self.id].reader)
        role_config_control_up();
    if (role_self.peer_up)
        role_self.peer_up(id);
}

static bool drop_privileges(struct error *error)
{
    if (privileges_many_accounts())
        return privileges_become(role_table[role_self.id].account, 0, error);
    return privileges_drop(error);
}

/* The folders of the row, without a gap: the list ends at the first NULL.  The queue's Maildir is where the route says,
 * and nowhere when that is none. */
static void list_writable(const struct role_entry *row, const struct route *route, const char *list[4])
{
    size_t count = 0;
    for (int i = 0; i < 3; i++) {
        bool is_maildir = row->write_dirs[i] && strcmp(row->write_dirs[i], "maildir") == 0;
        const char *folder = is_maildir ? route->maildir.p : row->write_dirs[i];
        if (folder)
            list[count++] = folder;
    }
}

static void enter_sandbox(struct buf *report)
{
    const struct role_entry *row = &role_table[role_self.id];
    struct error error;
    struct route route;
    if (!route_parse(settings.route, &route, &error))
        role_fatal("%s", error.text);
    const char *writable[4] = {0}, *readable[3] = {0};
    list_writable(row, &route, writable);
    for (int i = 0; i < 2; i++)
        readable[i] = row->read_dirs[i];
    struct sandbox box = {
        .network = row->network,
        .fork = role_self.id == ROLE_SCAN || role_self.id == ROLE_CONTROL ||
                role_self.id == ROLE_FETCH, /* a thread of libcurl looks up names */
        .write_dirs = writable,
        .read_dirs = readable,
    };
    if (!sandbox_enter(&box, report, &error))
        role_fatal("%s", error.text);
}

static void use_test_page(int fd)
{
    struct test_page *page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED)
        role_fatal("cannot map the page of the tests: %s", strerror(errno));
    close(fd);
    clock_use_offsets(&page->wall_offset, &page->mono_offset);
    failpoint_use(page);
}

static void start(struct wire_reader *in, int fd)
{
    private_instance = wire_get_u8(in) == 1;
    daemon_started = wire_get_i64(in);
    if (!settings_get(in, &settings) || !wire_reader_done(in))
        role_fatal("cannot read the settings from the master");
    if (fd >= 0)
        use_test_page(fd);
    struct error error = {{0}};
    if (!private_instance && !drop_privileges(&error))
        role_fatal("%s", error.text);
    if (role_self.start && !role_self.start(&error))
        role_fatal("%s", error.text);
    enter_sandbox(&sandbox_report);
    running = true;
    say_ready_when_due();
}

static void add_listener(int fd)
{
    if (fd < 0 || !role_self.listener)
        role_fatal("cannot read a listener from the master");
    role_self.listener(fd);
}

static void on_master_message(void *context, uint16_t type, struct wire_reader *in, int fd)
{
    (void)context;
    switch (type) {
    case MSG_START:
        start(in, fd);
        break;
    case MSG_PEER:
        add_peer(in, fd);
        break;
    case MSG_LISTENER:
        add_listener(fd);
        break;
    case MSG_STOP:
        if (!role_self.stop)
            role_exit();
        role_self.stop();
        break;
    default:
        if (role_self.message)
            role_self.message(ROLE_MASTER, type, in, fd);
    }
}

static void on_master_closed(void *context, const char *why, bool is_ours)
{
    (void)context;
    if (is_ours)
        role_fatal("%s", why);
    _exit(0);
}

int main(void)
{
    dumps_forbid();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN); /* Ctrl-C is the master's to answer */
    base = event_base_new();
    if (!base || fcntl(MASTER_FD, F_GETFD) < 0) {
        fprintf(stderr, "%s is started by mailwardd\n", program_invocation_short_name);
        return 2;
    }
    fcntl(MASTER_FD, F_SETFD, FD_CLOEXEC);
    log_set_output(send_to_log);
    struct channel_handler handler = {on_master_message, on_master_closed, NULL};
    master = channel_new(base, MASTER_FD, &handler);
    event_base_dispatch(base);
    return 1;
}
