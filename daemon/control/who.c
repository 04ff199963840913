/* Who is connected: names of accounts, and the methods that tell them. */
#define _GNU_SOURCE /* getgrouplist */
#include "daemon/control/who.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/control/access.h"
#include "daemon/control/config_lock.h"
#include "daemon/control/config_methods.h"
#include "daemon/control/confirmation.h"
#include "daemon/control/head.h"
#include "daemon/control/logins.h"
#include "daemon/control/roll_back.h"
#include "daemon/control/session.h"
#include "engine/base/clock.h"
#include "engine/base/text.h"

enum { GROUPS_MOST = 64, SECOND = 1000000 };

/* Made safe to show; what does not fit is cut, never within a character. */
static void copy_safe(char *to, size_t size, struct span from)
{
    struct buf safe = {0};
    text_from_wire(&safe, from, size - 1);
    size_t length = safe.len < size ? safe.len : size - 1;
    while (length && length < safe.len && ((unsigned char)safe.data[length] & 0xc0) == 0x80)
        length--;
    memcpy(to, length ? safe.data : "", length);
    to[length] = '\0';
    buf_free(&safe);
}

void account_look_up(uid_t uid, gid_t group, struct account *account)
{
    *account = (struct account){.uid = uid, .group = group};
    const struct passwd *pw = getpwuid(uid);
    if (!pw) {
        snprintf(account->user, sizeof account->user, "uid %u", (unsigned)uid);
        return;
    }
    struct span gecos = span_text(pw->pw_gecos);
    copy_safe(account->user, sizeof account->user, span_text(pw->pw_name));
    account->is_known = strcmp(account->user, pw->pw_name) == 0;
    copy_safe(account->full_name, sizeof account->full_name, span_slice(gecos, 0, span_find(gecos, ',')));
}

static json_t *groups_of(const struct account *account)
{
    gid_t ids[GROUPS_MOST];
    int count = GROUPS_MOST;
    if (getgrouplist(account->user, account->group, ids, &count) < 0)
        count = GROUPS_MOST; /* more than we show */
    json_t *names = json_array();
    for (int i = 0; i < count; i++) {
        const struct group *g = getgrgid(ids[i]);
        if (g)
            json_array_append_new(names, json_string(g->gr_name));
    }
    return names;
}

static void copy_member(const json_t *request, const char *member, char *to, size_t size)
{
    const json_t *text = json_object_get(request, member);
    copy_safe(to, size, (struct span){json_string_value(text), json_string_length(text)});
}

/* What everybody should know who begins to work. */
static json_t *notices_for(uint64_t session)
{
    json_t *notices = json_array();
    const char *lock = config_lock_notice(session);
    char pending[ROLL_BACK_NOTICE_MAX];
    if (lock)
        json_array_append_new(notices, config_text_json(lock));
    if (confirmation_pending()) {
        roll_back_notice(pending);
        json_array_append_new(notices, config_text_json(pending));
    }
    return notices;
}

/* What a person is told at log-in. */
static json_t *welcome_for(uint64_t session)
{
    struct span banner = access_banner();
    return json_pack("{s:s%,s:I,s:o}", "banner", banner.n ? banner.p : "", banner.n, "idle_minutes",
                     (json_int_t)access_idle_minutes(), "last_login", logins_before(session));
}

void who_hello(uint64_t session, json_t *request)
{
    struct session_info *info = session_info(session);
    copy_member(request, "from", info->from, sizeof info->from);
    copy_member(request, "program", info->program, sizeof info->program);
    info->terminal = json_is_true(json_object_get(request, "terminal"));
    json_t *result = json_pack("{s:s,s:s,s:o,s:I,s:o,s:o}", "user", info->account.user, "role",
                               permit_role_name(info->role), "groups", groups_of(&info->account), "revision",
                               (json_int_t)head_manifest()->revision, "notices", notices_for(session), "mode",
                               config_mode_json(info));
    if (info->terminal)
        json_object_set_new(result, "welcome", welcome_for(session));
    session_done(session, result);
}

void who_am_i(uint64_t session, json_t *request)
{
    (void)request;
    const struct session_info *info = session_info(session);
    session_done(session, json_pack("{s:s,s:s,s:s,s:o}", "user", info->account.user, "full_name",
                                    info->account.full_name, "role", permit_role_name(info->role), "groups",
                                    groups_of(&info->account)));
}

void who_list(uint64_t session, json_t *request)
{
    (void)request;
    json_t *list = json_array();
    int64_t now = clock_mono_us();
    for (const struct session_info *s = session_next(NULL); s; s = session_next(s)) {
        if (s->role == PERMIT_NOBODY)
            continue; /* on its way out */
        json_array_append_new(list, json_pack("{s:I,s:s,s:s,s:I,s:I,s:s,s:s}", "session", (json_int_t)s->id,
                                              "user", s->account.user, "role", permit_role_name(s->role),
                                              "login", (json_int_t)s->login, "idle",
                                              (json_int_t)((now - s->active) / SECOND), "from", s->from,
                                              "what", s->method ? s->method : "cli"));
    }
    session_done(session, json_pack("{s:o}", "sessions", list));
}
