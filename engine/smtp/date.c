/* The date of mail headers. */
#define _GNU_SOURCE /* gmtime_r */
#include "engine/smtp/date.h"

#include <time.h>

void smtp_date_put(struct buf *out, int64_t wall_us)
{
    char text[64];
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    buf_append(out, text, strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S +0000", &tm));
}
