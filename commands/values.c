/* Values from the daemon in words for people. */
#include "commands/values.h"

#include <stdlib.h>

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
