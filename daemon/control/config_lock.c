/* The advisory lock: in memory, as it lives no longer than its session. */
#define _GNU_SOURCE /* localtime_r */
#include "daemon/control/config_lock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/control/audit.h"
#include "daemon/control/config_methods.h"
#include "daemon/control/methods.h"
#include "engine/base/clock.h"
#include "engine/base/text.h"

static struct {
    uint64_t session; /* 0: nobody has it */
    int64_t since;    /* wall, microseconds */
    char user[64];
    char comment[4 * API_COMMENT_MAX + 1]; /* a byte that is not shown as it is takes four */
} lock;

json_t *config_lock_json(void)
{
    if (!lock.session)
        return json_null();
    return json_pack("{s:I,s:s,s:I,s:o}", "session", (json_int_t)lock.session, "user", lock.user, "since",
                     (json_int_t)lock.since, "comment", config_text_json(lock.comment));
}

const char *config_lock_notice(uint64_t session)
{
    static char text[sizeof lock.comment + 200];
    if (!lock.session || lock.session == session)
        return NULL;
    char since[32];
    struct tm then;
    time_t seconds = (time_t)(lock.since / 1000000);
    localtime_r(&seconds, &then);
    strftime(since, sizeof since, "%a %b %e %H:%M:%S", &then);
    snprintf(text, sizeof text, "%s has locked the configuration since %s%s%s", lock.user, since,
             lock.comment[0] ? ": " : "", lock.comment);
    return text;
}

static void take(struct session_info *info, const char *comment)
{
    struct buf safe = {0};
    text_from_wire(&safe, span_text(comment ? comment : ""), API_COMMENT_MAX);
    lock.session = info->id;
    lock.since = clock_wall_us();
    snprintf(lock.user, sizeof lock.user, "%s", info->account.user);
    snprintf(lock.comment, sizeof lock.comment, "%s", buf_text(&safe));
    buf_free(&safe);
    audit_write(info->account.user, info->from, "config.lock", lock.comment, API_DONE);
    session_notice(info->id, config_lock_notice(0));
    session_done(info->id, NULL);
}

static void release(struct session_info *info)
{
    char notice[200];
    snprintf(notice, sizeof notice, "%s has ended the lock of the configuration that %s had",
             info->account.user, lock.user);
    lock.session = 0;
    audit_write(info->account.user, info->from, "config.lock", notice, API_DONE);
    session_notice(info->id, notice);
    session_done(info->id, NULL);
}

void config_lock(uint64_t session, json_t *request)
{
    struct session_info *info = session_info(session);
    const char *operation = member_text(request, "operation"), *other = config_lock_notice(session);
    if (strcmp(operation, "status") == 0)
        session_done(session, json_pack("{s:o}", "lock", config_lock_json()));
    else if (strcmp(operation, "lock") == 0 && other)
        session_fail(session, API_ERROR_WRONG_STATE, "%s", other);
    else if (strcmp(operation, "lock") == 0)
        take(info, member_text(request, "comment"));
    else if (strcmp(operation, "unlock") == 0 && !lock.session)
        session_done(session, NULL); /* a rerun is green */
    else if (strcmp(operation, "unlock") == 0)
        release(info);
    else
        session_fail(session, API_ERROR_INVALID_ARGUMENTS, "lock, unlock or status, not '%s'", operation);
}

void config_lock_forget(uint64_t session)
{
    if (lock.session == session)
        lock.session = 0;
}
