/* Times, durations and sizes for people: values that no schema describes. */
#define _GNU_SOURCE /* strftime of time zones */
#include <time.h>

#include "commands/values.h"

void time_put(struct buf *out, json_int_t microseconds)
{
    time_t seconds = (time_t)(microseconds / 1000000);
    struct tm local;
    char text[64];
    if (localtime_r(&seconds, &local) && strftime(text, sizeof text, "%a %b %e %H:%M:%S %Y %Z", &local))
        buf_append_span(out, span_text(text));
}

void time_cell(struct buf *out, const json_t *row)
{
    time_put(out, json_integer_value(json_object_get(row, "time")));
}

void duration_put(struct buf *out, json_int_t seconds)
{
    enum { DAY_SECONDS = 24 * 60 * 60 };
    if (seconds >= DAY_SECONDS)
        buf_printf(out, "%dd ", (int)(seconds / DAY_SECONDS));
    if (seconds >= 3600)
        buf_printf(out, "%dh ", (int)(seconds % DAY_SECONDS / 3600));
    if (seconds >= 60)
        buf_printf(out, "%dm ", (int)(seconds % 3600 / 60));
    buf_printf(out, "%ds", (int)(seconds % 60));
}

void bytes_put(struct buf *out, json_int_t bytes)
{
    static const char units[] = "KMGT";
    double value = (double)bytes;
    int unit = -1;
    while (value >= 1024 && unit < 3) {
        value /= 1024;
        unit++;
    }
    if (unit < 0)
        buf_printf(out, "%" JSON_INTEGER_FORMAT, bytes);
    else
        buf_printf(out, "%.*f%c", value < 10 ? 1 : 0, value, units[unit]);
}

const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}
