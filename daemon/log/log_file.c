/* Lines of text logs. */
#define _GNU_SOURCE /* tm_gmtoff */
#include "daemon/log/log_file.h"

#include <time.h>

#include "config.h"
#include "engine/base/clock.h"

static struct tm local_time(int64_t wall_us)
{
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm tm;
    localtime_r(&seconds, &tm);
    return tm;
}

void log_file_prefix(struct buf *out, int64_t wall_us, const char *level)
{
    struct tm tm = local_time(wall_us);
    char when[32];
    strftime(when, sizeof when, "%a %b %d %H:%M:%S %Y", &tm);
    buf_printf(out, "%s %s: ", when, level);
}

void log_file_syslog_time(struct buf *out, int64_t wall_us)
{
    struct tm tm = local_time(wall_us);
    char when[32];
    strftime(when, sizeof when, "%b %e %H:%M:%S", &tm);
    buf_printf(out, "%s", when);
}

static void put_head(struct buf *out)
{
    int64_t now = clock_wall_us();
    log_file_prefix(out, now, "Info");
    buf_printf(out, "Begin Logfile\n");
    log_file_prefix(out, now, "Info");
    buf_printf(out, "Version: %s\n", PACKAGE_VERSION);
    log_file_prefix(out, now, "Info");
    buf_printf(out, "Time offset from UTC: %ld seconds\n", local_time(now).tm_gmtoff);
}

static void put_tail(struct buf *out)
{
    log_file_prefix(out, clock_wall_us(), "Info");
    buf_printf(out, "End Logfile\n");
}

const struct rolling_file_kind log_file_kind = {.head = put_head, .tail = put_tail};
