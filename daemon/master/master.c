/* Supervision of the roles.
 *
 * The master reads nothing but what its own roles say: it holds the listening sockets, makes the connections between
 * roles and restarts what dies, at once the first time and with a growing pause when a role keeps dying.
 */
#define _GNU_SOURCE /* program_invocation_name, pipe2 */
#include "daemon/master/master.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "daemon/log_lines.h"
#include "daemon/master/notify.h"
#include "daemon/master/ports.h"
#include "daemon/master/sockets.h"
#include "daemon/master_fd.h"
#include "daemon/paths.h"
#include "daemon/protocol.h"
#include "daemon/role.h"
#include "engine/base/clock.h"
#include "engine/base/text.h"

enum { STOP_SECONDS = 5, SOON_US = 2000000, PAUSE_FIRST_MS = 50, PAUSE_MOST_MS = 5000 };

struct child {
    enum role_id id;
    pid_t pid;     /* 0: not running */
    uint32_t life; /* how often it was started */
    struct channel *channel;
    bool ready;
    int64_t started;
    int pause_ms;
    struct event *restart;
};

/* Front to back: each role stops before those whose answers it needs. */
static const enum role_id stop_order[] = {ROLE_CONTROL, ROLE_FETCH, ROLE_SMTP,  ROLE_SPAMD,
                                          ROLE_SCAN,    ROLE_PEERS, ROLE_QUEUE, ROLE_LOG};

static struct event_base *base;
static const struct instance *instance;
static int64_t daemon_started; /* wall time */
static const struct settings *settings;
static int control_socket;
static const struct master_hooks *hooks;
static struct child children[ROLE_COUNT];
static bool was_ready, stopping;
static struct event *stop_timer;

extern char **environ;

static bool send_to_log(struct span event)
{
    if (!children[ROLE_LOG].channel)
        return false;
    channel_send(children[ROLE_LOG].channel, MSG_LOG_LINE, event, -1);
    return true;
}

static bool spawn(struct child *c, int fd)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fd, MASTER_FD);
    char program[32];
    snprintf(program, sizeof program, "mailwardd-%s", role_table[c->id].name);
    const char *path = paths_find(program, ROLE_PROGRAM_DIR);
    char *argv[] = {(char *)path, NULL};
    int rc = posix_spawn(&c->pid, path, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (rc == 0)
        return true;
    c->pid = 0;
    fprintf(stderr, "mailwardd: cannot start %s: %s\n", path, strerror(rc));
    return false;
}

static bool socket_pair(int pair[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0;
}

static void send_peer(struct child *to, const struct child *peer, int fd)
{
    struct buf body = {0};
    wire_put_u8(&body, (uint8_t)peer->id);
    wire_put_u32(&body, peer->life);
    channel_send(to->channel, MSG_PEER, buf_span(&body), fd);
    buf_free(&body);
}

static void connect_peers(struct child *c)
{
    for (int id = 0; id < ROLE_COUNT; id++) {
        struct child *peer = &children[id];
        int pair[2];
        if (!(role_table[c->id].peers & (1u << id)) || !peer->channel)
            continue;
        if (!socket_pair(pair)) {
            kill(c->pid, SIGKILL); /* half joined it is of no use: later again */
            return;
        }
        send_peer(c, peer, pair[0]);
        send_peer(peer, c, pair[1]);
    }
}

static void send_start(struct child *c)
{
    struct buf body = {0};
    wire_put_u8(&body, instance->is_private);
    wire_put_i64(&body, daemon_started);
    settings_put(&body, settings);
    channel_send(c->channel, MSG_START, buf_span(&body),
                 instance->test_fd >= 0 ? fcntl(instance->test_fd, F_DUPFD_CLOEXEC, 0) : -1);
    buf_free(&body);
    if (c->id == ROLE_CONTROL)
        channel_send(c->channel, MSG_LISTENER, (struct span){0}, fcntl(control_socket, F_DUPFD_CLOEXEC, 0));
    ports_tell(c->id);
}

/* ---- ports: wanted by control, used by smtp and spamd ---- */

/* fd: a copy is sent; -1: none. */
static void send_port(uint16_t type, enum role_id role, struct span address, uint16_t port, int fd)
{
    struct channel *to = children[role].channel;
    struct buf body = {0};
    if (!to)
        return; /* it is told all when it is there */
    wire_put_span(&body, address);
    wire_put_u16(&body, port);
    channel_send(to, type, buf_span(&body), fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1);
    buf_free(&body);
}

static void port_opened(enum role_id role, struct span address, uint16_t port, int fd)
{
    send_port(MSG_PORT, role, address, port, fd);
}

static void port_closed(enum role_id role, struct span address, uint16_t port)
{
    send_port(MSG_PORT_CLOSED, role, address, port, -1);
}

/* run/ports is there when mail can be sent, not before. */
static void write_ports(void)
{
    struct buf text = {0};
    struct error error;
    if (!was_ready)
        return;
    ports_describe(&text);
    if (!instance_write_ports(buf_span(&text), &error))
        fprintf(stderr, "mailwardd: %s\n", error.text);
    buf_free(&text);
}

static void take_ports(struct child *control, struct wire_reader *in)
{
    struct buf reply = {0};
    if (!ports_take(in, &reply))
        kill(control->pid, SIGKILL);
    else
        channel_send(control->channel, MSG_PORTS_STATE, buf_span(&reply), -1);
    buf_free(&reply);
}

/* Bytes that the log role does not take, above which it gets no further socket: it might be out for all that we can have.
 * It asks again. */
enum { SYSLOG_BACKLOG_MAX = 4096 };

/* The log role has no network, and its files are its own. */
static void connect_syslog(struct child *log, struct wire_reader *in)
{
    uint32_t id = wire_get_u32(in);
    struct span destination = wire_get_span(in);
    struct buf reply = {0};
    struct error why = {{0}};
    if (in->failed || channel_backlog(log->channel) > SYSLOG_BACKLOG_MAX)
        return;
    int fd = sockets_connect_syslog(destination, instance->is_private, &why);
    wire_put_u32(&reply, id);
    wire_put_span(&reply, span_text(fd < 0 ? why.text : ""));
    channel_send(log->channel, MSG_SYSLOG, buf_span(&reply), fd);
    buf_free(&reply);
}

__attribute__((format(printf, 1, 2))) static void cannot_start(const char *format, ...)
{
    char why[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    struct buf shown = {0}; /* parts of it are what roles say */
    text_from_wire(&shown, span_text(why), sizeof why);
    hooks->failed(hooks->context, buf_text(&shown));
    buf_free(&shown);
}

/* Control says it of every role that does not follow the configuration, others of dispensable peers of theirs.  Several may
 * say it of the same life: the next one must not pay for that. */
static void kill_stale(enum role_id by, struct wire_reader *in)
{
    uint8_t id = wire_get_u8(in);
    uint32_t life = wire_get_u32(in);
    struct span why = wire_get_span(in);
    if (in->failed || id <= ROLE_MASTER || id >= ROLE_COUNT || !children[id].pid || children[id].life != life)
        return;
    if (by != ROLE_CONTROL && !(role_table[id].dispensable && (role_table[by].peers & (1u << id))))
        return;
    LOG(ROLE_KILLED, LOG_T(role_table[id].name), LOG_U((uint64_t)children[id].pid),
        LOG_T(role_table[by].name));
    if (!was_ready)
        cannot_start("role %s %.*s, says role %s", role_table[id].name, (int)why.n, why.p,
                     role_table[by].name);
    kill(children[id].pid, SIGKILL);
}

static void on_child_message(void *context, uint16_t type, struct wire_reader *in, int fd)
{
    struct child *c = context;
    struct span text = type == MSG_READY || type == MSG_START_FAILED ? wire_get_span(in) : (struct span){0};
    if (fd >= 0)
        close(fd);
    if (type == MSG_READY) {
        c->ready = true;
        LOG(ROLE_STARTED, LOG_T(role_table[c->id].name), LOG_U((uint64_t)c->pid), LOG_S(text));
    } else if (type == MSG_START_FAILED) {
        LOG(ROLE_FAILED, LOG_T(role_table[c->id].name), LOG_S(text));
        if (!was_ready)
            cannot_start("%s: %.*s", role_table[c->id].name, (int)text.n, text.p);
    } else if (type == MSG_ROLE_STALE) {
        kill_stale(c->id, in);
    } else if (type == MSG_PORTS && c->id == ROLE_CONTROL) {
        take_ports(c, in);
    } else if (type == MSG_SYSLOG_ASK && c->id == ROLE_LOG) {
        connect_syslog(c, in);
    }
    bool all = true;
    for (int id = ROLE_MASTER + 1; id < ROLE_COUNT; id++)
        all = all && children[id].ready;
    if (all && !was_ready) {
        was_ready = true;
        LOG(STARTED, LOG_T(PACKAGE_VERSION));
        write_ports();
        hooks->ready(hooks->context);
    }
}

static void close_channel(struct child *c)
{
    struct channel *gone = c->channel;
    c->channel = NULL;
    channel_free(gone);
}

/* A role that cannot be talked to is started anew. */
static void on_child_closed(void *context, const char *why, bool is_ours)
{
    (void)is_ours; /* no role sends descriptors */
    struct child *c = context;
    close_channel(c);
    if (why && c->pid)
        kill(c->pid, SIGKILL);
}

static void schedule_restart(struct child *c)
{
    struct timeval pause = clock_interval(c->pause_ms * INT64_C(1000));
    evtimer_add(c->restart, &pause);
}

static void start_role(struct child *c)
{
    int pair[2];
    c->started = clock_mono_us();
    c->life++;
    c->ready = false;
    bool started = socket_pair(pair);
    if (started) {
        started = spawn(c, pair[1]);
        close(pair[1]);
        if (!started)
            close(pair[0]);
    }
    if (!started) {
        if (!was_ready)
            cannot_start("a role program cannot be started");
        c->pause_ms = PAUSE_MOST_MS;
        schedule_restart(c);
        return;
    }
    struct channel_handler handler = {on_child_message, on_child_closed, c};
    c->channel = channel_new(base, pair[0], &handler);
    send_start(c);
    connect_peers(c);
    if (c->id == ROLE_LOG)
        log_resume();
}

static void on_restart(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    if (!stopping)
        start_role(context);
}

/* Asks the next role that still runs to end; when none does, leaves the loop. */
static void stop_next(void)
{
    for (size_t i = 0; i < sizeof stop_order / sizeof stop_order[0]; i++) {
        struct child *c = &children[stop_order[i]];
        if (c->pid == 0)
            continue;
        if (c->channel)
            channel_send(c->channel, MSG_STOP, (struct span){0}, -1);
        struct timeval limit = {STOP_SECONDS, 0};
        evtimer_add(stop_timer, &limit);
        return;
    }
    event_base_loopbreak(base);
}

static void on_stop_timeout(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    for (size_t i = 0; i < sizeof stop_order / sizeof stop_order[0]; i++) {
        if (children[stop_order[i]].pid) {
            kill(children[stop_order[i]].pid, SIGKILL);
            return;
        }
    }
}

static void on_terminate(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    if (stopping)
        return;
    stopping = true;
    LOG(STOPPING);
    notify_service_manager("STOPPING=1");
    stop_next();
}

static void describe_end(char *text, size_t size, int status)
{
    if (WIFSIGNALED(status))
        snprintf(text, size, "was killed by signal %d", WTERMSIG(status));
    else
        snprintf(text, size, "ended with status %d", WEXITSTATUS(status));
}

static void child_ended(struct child *c, int status)
{
    char how[64];
    describe_end(how, sizeof how, status);
    uint64_t pid = (uint64_t)c->pid;
    /* Its last words, such as why it could not start, may still be unread. */
    if (c->channel)
        channel_drain(c->channel);
    if (c->channel)
        close_channel(c);
    c->pid = 0;
    c->ready = false;
    if (stopping) {
        stop_next();
        return;
    }
    LOG(ROLE_DIED, LOG_T(role_table[c->id].name), LOG_U(pid), LOG_T(how));
    if (!was_ready)
        cannot_start("role %s %s", role_table[c->id].name, how);
    bool soon = clock_mono_us() - c->started < SOON_US;
    c->pause_ms = !soon ? 0 : c->pause_ms == 0 ? PAUSE_FIRST_MS : c->pause_ms * 2;
    if (c->pause_ms > PAUSE_MOST_MS)
        c->pause_ms = PAUSE_MOST_MS;
    schedule_restart(c);
}

static void on_child_signal(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (int id = 0; id < ROLE_COUNT; id++)
            if (children[id].pid == pid)
                child_ended(&children[id], status);
}

static struct event *watch_signal(int number, event_callback_fn handler)
{
    struct event *ev = evsignal_new(base, number, handler, NULL);
    event_add(ev, NULL);
    return ev;
}

int master_run(const struct instance *inst, const struct settings *set, int control_fd,
               const struct master_hooks *callbacks)
{
    static const struct ports_hooks port_hooks = {port_opened, port_closed, write_ports};
    instance = inst;
    daemon_started = clock_wall_us();
    settings = set;
    control_socket = control_fd;
    hooks = callbacks;
    base = event_base_new();
    /* Signals that mean nothing here must not end a mail gateway; the roles inherit that. */
    static const int ignored[] = {SIGPIPE, SIGHUP, SIGUSR1, SIGUSR2, SIGALRM};
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        signal(ignored[i], SIG_IGN);
    struct event *signals[] = {
        watch_signal(SIGCHLD, on_child_signal),
        watch_signal(SIGTERM, on_terminate),
        watch_signal(SIGINT, on_terminate),
    };
    stop_timer = evtimer_new(base, on_stop_timeout, NULL);
    ports_start(base, instance->is_private, &port_hooks);
    log_set_output(send_to_log);
    for (int id = ROLE_MASTER + 1; id < ROLE_COUNT; id++) {
        children[id] = (struct child){.id = (enum role_id)id};
        children[id].restart = evtimer_new(base, on_restart, &children[id]);
    }
    for (int id = ROLE_MASTER + 1; id < ROLE_COUNT; id++)
        start_role(&children[id]);
    event_base_dispatch(base);

    ports_end();
    for (int id = ROLE_MASTER + 1; id < ROLE_COUNT; id++) {
        event_free(children[id].restart);
        channel_free(children[id].channel);
    }
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        event_free(signals[i]);
    event_free(stop_timer);
    event_base_free(base);
    return 0;
}
