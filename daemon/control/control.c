/* The control role: the socket that the shell talks to. */
#define _GNU_SOURCE /* accept4 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/control/access.h"
#include "daemon/control/alerts.h"
#include "daemon/control/audit.h"
#include "daemon/control/commit.h"
#include "daemon/control/config_mail.h"
#include "daemon/control/config_methods.h"
#include "daemon/control/feature_keys.h"
#include "daemon/control/figures.h"
#include "daemon/control/lessons.h"
#include "daemon/control/log_roll.h"
#include "daemon/control/ports.h"
#include "daemon/control/queue_call.h"
#include "daemon/control/roll_back.h"
#include "daemon/control/session.h"
#include "daemon/control/trusted_keys.h"
#include "daemon/control/updates.h"
#include "daemon/control/workqueue.h"
#include "daemon/net.h"
#include "daemon/protocol.h"
#include "daemon/role.h"

static struct event *readable, *pause_timer;

/* Out of descriptors: who waits in the backlog is served when some are free again. */
static void pause_accepting(void)
{
    struct timeval second = {.tv_sec = 1};
    event_del(readable);
    event_add(pause_timer, &second);
}

static void on_pause_over(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    event_add(readable, NULL);
}

static void on_connection(evutil_socket_t listener, short what, void *context)
{
    (void)what, (void)context;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0)
        session_open(fd);
    else if (net_is_exhausted(errno))
        pause_accepting();
}

static void control_listener(int fd)
{
    readable = event_new(role_base(), fd, EV_READ | EV_PERSIST, on_connection, NULL);
    pause_timer = evtimer_new(role_base(), on_pause_over, NULL);
    event_add(readable, NULL);
}

static void control_stop(void)
{
    audit_flush();
    role_exit();
}

static void control_message(enum role_id peer, uint16_t type, struct wire_reader *in, int fd)
{
    if (updates_message(peer, type, in, fd) || lessons_message(peer, type, in, fd))
        return;
    bool about_queue = peer == ROLE_QUEUE && type >= MSG_QUEUE_LIST && type <= MSG_HOSTS_REPLY;
    if (about_queue)
        queue_call_reply(in, fd);
    else if (fd >= 0)
        close(fd);
    if (peer == ROLE_MASTER) {
        if (type == MSG_PORTS_STATE)
            commit_ports(in);
        return;
    }
    if (peer == ROLE_QUEUE && type == MSG_NOTICE_STORED && config_mail_stored(in))
        return;
    if (about_queue || commit_message(peer, type, in) || alerts_message(peer, type, in))
        return;
    if (type == MSG_STATUS_REPLY)
        figures_status_reply(peer, in);
    else if (type == MSG_COUNTERS_REPLY)
        figures_counters_reply(peer, in);
    else if (type == MSG_WORKQUEUE_REPLY)
        workqueue_reply(peer, in);
    else if (type == MSG_LOG_ROLLED && peer == ROLE_LOG)
        log_roll_reply(in);
}

static void head_changed(void)
{
    access_judge_all();
    config_mode_tell_all();
}

static bool start(struct error *error)
{
    if (!head_open(error))
        return false;
    ports_start();
    alerts_start();
    trusted_keys_start();
    if (!feature_keys_start(error))
        return false;
    updates_start();
    lessons_start();
    roll_back_watch();
    access_watch();
    commit_watch_head(head_changed);
    return true;
}

static void peer_up(enum role_id peer)
{
    feature_keys_peer_up(peer);
    updates_peer_up(peer);
    lessons_peer_up(peer); /* before the configuration, as updates */
    commit_peer_up(peer);
    alerts_peer_up(peer);
}

static void peer_down(enum role_id peer)
{
    commit_peer_down(peer);
    updates_peer_down(peer);
    lessons_peer_down(peer);
    alerts_peer_down(peer);
    if (peer == ROLE_QUEUE)
        config_mail_queue_down();
}

const struct role role_self = {
    .id = ROLE_CONTROL,
    .start = start,
    .peer_up = peer_up,
    .peer_down = peer_down,
    .listener = control_listener,
    .message = control_message,
    .stop = control_stop,
};
