/* who: the sessions that are open. */
#define _GNU_SOURCE
#include <time.h>

#include "commands/command.h"
#include "commands/rows.h"
#include "commands/values.h"

enum { WEEK_SECONDS = 7 * 24 * 60 * 60 };

/* "02:32PM" today, "Wed 11AM" this week, "05 Nov 2026" before. */
static void put_login(struct buf *out, json_int_t login, time_t now)
{
    time_t seconds = (time_t)(login / 1000000);
    struct tm then = {0}, today = {0};
    char text[32];
    localtime_r(&seconds, &then);
    localtime_r(&now, &today);
    if (then.tm_year == today.tm_year && then.tm_yday == today.tm_yday)
        strftime(text, sizeof text, "%I:%M%p", &then);
    else if (now - seconds < WEEK_SECONDS)
        strftime(text, sizeof text, "%a %I%p", &then);
    else
        strftime(text, sizeof text, "%d %b %Y", &then);
    buf_append_span(out, span_text(text));
}

static void put_login_cell(struct buf *out, const json_t *session)
{
    put_login(out, json_integer_value(json_object_get(session, "login")), time(NULL));
}

static void put_idle_cell(struct buf *out, const json_t *session)
{
    duration_put(out, json_integer_value(json_object_get(session, "idle")));
}

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    static const struct out_column columns[] = {
        {"Username", "user", 10, NULL},
        {"Role", "role", 15, NULL},
        {"Login Time", "login", 11, put_login_cell},
        {"Idle Time", "idle", 9, put_idle_cell},
        {"Remote Host", "from", 15, NULL},
        {"What", "what", 0, NULL},
    };
    (void)arg_count, (void)args;
    return show_rows(sh, json_pack("{s:s}", "method", "who"), "sessions", columns,
                     sizeof columns / sizeof columns[0]);
}

const struct command command_who = {
    .name = "who",
    .summary = "list the sessions that are open",
    .flags = COMMAND_LOGIN_HOST,
    .run = run,
};
