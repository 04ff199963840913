/* Roles, idle limit and banner, from the tables `users` and `access` of the revision that runs. */
#define _GNU_SOURCE /* struct ucred */
#include "daemon/control/access.h"

#include <event2/event.h>
#include <grp.h>
#include <stdio.h>
#include <sys/socket.h>

#include "daemon/control/head.h"
#include "daemon/role.h"
#include "engine/base/clock.h"

enum {
    GROUPS_MAX = 1024, /* somebody in more of them is not looked for among them */
    MINUTE_US = 60 * 1000000,
    WATCH_SECONDS = 5,
};

/* The kernel tells the groups that the other end had when it connected. */
bool access_is_in_admin_group(int fd, gid_t group)
{
    gid_t others[GROUPS_MAX];
    socklen_t size = sizeof others;
    const struct group *admins = role_is_private() ? NULL : getgrnam(PERMIT_ADMIN_GROUP);
    if (!admins)
        return false;
    if (group == admins->gr_gid)
        return true;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, others, &size) != 0)
        return false;
    for (size_t i = 0; i < size / sizeof others[0]; i++)
        if (others[i] == admins->gr_gid)
            return true;
    return false;
}

/* A private instance is its owner's. */
enum permit_role access_role(const struct session_info *session)
{
    const struct config_table *users = config_resolve(head_tree(), head_place(), SCHEMA_USERS, NULL);
    const char *name = session->account.user;
    const struct schema_row *user =
        session->account.is_known && !role_is_private() ? config_table_find(users, span_text(name)) : NULL;
    return permit_role_of(session->account.uid, session->in_admin_group, user);
}

static const struct schema_row *settings(void)
{
    return config_table_single(config_resolve(head_tree(), head_place(), SCHEMA_ACCESS, NULL));
}

unsigned access_idle_minutes(void)
{
    return (unsigned)schema_row_number(settings(), ACCESS_IDLE_LIMIT);
}

struct span access_banner(void)
{
    return schema_row_text(settings(), ACCESS_BANNER);
}

void access_judge_all(void)
{
    const struct session_info *next;
    for (const struct session_info *s = session_next(NULL); s; s = next) {
        next = session_next(s);
        session_judge(s->id);
    }
}

/* A request in work, a tail for example, is no idleness. */
void access_end_idle(void)
{
    char text[160];
    unsigned minutes = access_idle_minutes();
    int64_t limit = clock_mono_us() - (int64_t)minutes * MINUTE_US;
    snprintf(text, sizeof text,
             "The session was idle for %u minutes and was ended; changes that were not committed are lost.",
             minutes);
    const struct session_info *next;
    for (const struct session_info *s = session_next(NULL); s; s = next) {
        next = session_next(s);
        if (!s->method && s->active <= limit)
            session_end(s->id, API_ERROR_UNREACHABLE, text);
    }
}

static void on_watch(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    access_end_idle();
}

void access_watch(void)
{
    static const struct timeval pause = {.tv_sec = WATCH_SECONDS};
    struct event *watch = event_new(role_base(), -1, EV_PERSIST, on_watch, NULL);
    evtimer_add(watch, &pause);
}
