/* Values from the daemon in words for people. */
#define _GNU_SOURCE
#include "commands/values.h"

#include <stdlib.h>
#include <time.h>

#include "engine/schema/json.h"

void value_put(struct buf *out, const struct schema_field *field, const json_t *json)
{
    struct schema_value value;
    struct error error;
    if (field->secret) {
        buf_append_span(out, span_text(json_string_value(json)));
        return;
    }
    if (schema_value_from_json(field, json, &value, &error)) {
        schema_value_print(field, &value, out);
        return;
    }
    char *raw = json_dumps(json, JSON_ENCODE_ANY);
    buf_append_span(out, span_text(raw));
    free(raw);
}

static size_t count_lines(struct span text)
{
    size_t lines = 0;
    for (size_t i = 0; i < text.n; i++)
        lines += text.p[i] == '\n';
    return lines;
}

void value_put_quoted(struct buf *out, const struct schema_field *field, const json_t *json)
{
    struct buf text = {0};
    value_put(&text, field, json);
    if (field->lines && !field->secret) {
        buf_printf(out, "(%zu lines)", count_lines(buf_span(&text)));
        buf_free(&text);
        return;
    }
    bool quotes = field->type == SCHEMA_TEXT && (!text.len || span_find(buf_span(&text), ' ') < text.len);
    buf_append(out, "\"", quotes);
    buf_append_span(out, buf_span(&text));
    buf_append(out, "\"", quotes);
    buf_free(&text);
}

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
