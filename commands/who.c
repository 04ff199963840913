/* who: the sessions that are open. */
#define _GNU_SOURCE
#include <time.h>

#include "commands/command.h"
#include "commands/values.h"

enum { DAY_SECONDS = 24 * 60 * 60, WEEK_SECONDS = 7 * DAY_SECONDS };

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

/* "0s", "3m 45s", "1d 4h 39m 2s" */
static void put_idle(struct buf *out, json_int_t seconds)
{
    if (seconds >= DAY_SECONDS)
        buf_printf(out, "%dd ", (int)(seconds / DAY_SECONDS));
    if (seconds >= 3600)
        buf_printf(out, "%dh ", (int)(seconds % DAY_SECONDS / 3600));
    if (seconds >= 60)
        buf_printf(out, "%dm ", (int)(seconds % 3600 / 60));
    buf_printf(out, "%ds", (int)(seconds % 60));
}

static void put_login_cell(struct buf *out, const json_t *session)
{
    put_login(out, json_integer_value(json_object_get(session, "login")), time(NULL));
}

static void put_idle_cell(struct buf *out, const json_t *session)
{
    put_idle(out, json_integer_value(json_object_get(session, "idle")));
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
    json_t *result;
    enum api_status status = shell_call(sh, json_pack("{s:s}", "method", "who"), &result);
    if (status == API_DONE)
        out_table(sh, "sessions", columns, sizeof columns / sizeof columns[0],
                  json_object_get(result, "sessions"));
    json_decref(result);
    return status;
}

const struct command command_who = {
    .name = "who",
    .summary = "list the sessions that are open",
    .run = run,
};
