/* Setting, printing and handing over the settings, all driven by settings.def. */
#include "config.h"
#include "engine/schema/settings.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/roff.h"
#include "engine/base/xalloc.h"

struct row {
    const char *name;
    bool is_text;
    size_t offset;
    const char *preset_text;
    int64_t preset, least, most;
    const char *unit, *help;
};

static const struct row rows[] = {
#define NUMBER(field, name, preset, least, most, unit, help)                                                 \
    {name, false, offsetof(struct settings, field), NULL, preset, least, most, unit, help},
#define TEXT(field, name, preset, help)                                                                      \
    {name, true, offsetof(struct settings, field), preset, 0, 0, 0, "", help},
#include "engine/schema/settings.def"
#undef NUMBER
#undef TEXT
};

enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

static int64_t *number_of(struct settings *s, const struct row *row)
{
    return (int64_t *)((char *)s + row->offset);
}

static char **text_of(struct settings *s, const struct row *row)
{
    return (char **)((char *)s + row->offset);
}

void settings_init(struct settings *s)
{
    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (rows[i].is_text)
            *text_of(s, &rows[i]) = xstrdup(rows[i].preset_text);
        else
            *number_of(s, &rows[i]) = rows[i].preset;
    }
}

void settings_free(struct settings *s)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (rows[i].is_text)
            free(*text_of(s, &rows[i]));
    memset(s, 0, sizeof *s);
}

static const struct row *row_find(const char *name)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

static void set_text(struct settings *s, const struct row *row, struct span value)
{
    free(*text_of(s, row));
    *text_of(s, row) = xmemdup0(value.p, value.n);
}

bool settings_set(struct settings *s, const char *name, const char *value, struct error *error)
{
    const struct row *row = row_find(name);
    if (!row)
        return error_set(error, "there is no setting '%s'", name);
    if (row->is_text) {
        set_text(s, row, span_text(value));
        return true;
    }
    uint64_t number;
    if (!span_parse_u64(span_text(value), &number) || number > INT64_MAX || (int64_t)number < row->least ||
        (int64_t)number > row->most)
        return error_set(error, "%s: '%s' is not a whole number from %" PRId64 " to %" PRId64 "%s%s", name,
                         value, row->least, row->most, row->unit[0] ? " " : "", row->unit);
    *number_of(s, row) = (int64_t)number;
    return true;
}

/* Pairs of which the first may not be above the second. */
static const struct pair {
    const char *low, *high;
} pairs[] = {
    {"queue.retry-first", "queue.retry-most"},
};

bool settings_check(const struct settings *s, struct error *error)
{
    struct settings *source = (struct settings *)s;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        int64_t low = *number_of(source, row_find(pairs[i].low)),
                high = *number_of(source, row_find(pairs[i].high));
        if (low > high)
            return error_set(error, "%s (%" PRId64 ") must not be above %s (%" PRId64 ")", pairs[i].low, low,
                             pairs[i].high, high);
    }
    return true;
}

static void put_meaning(struct buf *out, const struct row *row)
{
    if (row->is_text)
        buf_printf(out, "%s [%s]", row->help, row->preset_text);
    else
        buf_printf(out, "%s, %" PRId64 "-%" PRId64 "%s%s [%" PRId64 "]", row->help, row->least, row->most,
                   row->unit[0] ? " " : "", row->unit, row->preset);
}

void settings_describe(struct buf *out)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        buf_printf(out, "  %-28s ", rows[i].name);
        put_meaning(out, &rows[i]);
        buf_append_char(out, '\n');
    }
}

void settings_manual(struct buf *out)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct buf meaning = {0};
        put_meaning(&meaning, &rows[i]);
        roff_item(out, rows[i].name, buf_text(&meaning));
        buf_free(&meaning);
    }
}

void settings_put(struct buf *out, const struct settings *s)
{
    struct settings *source = (struct settings *)s;
    wire_put_u32(out, ROW_COUNT);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (rows[i].is_text)
            wire_put_span(out, span_text(*text_of(source, &rows[i])));
        else
            wire_put_i64(out, *number_of(source, &rows[i]));
    }
}

bool settings_get(struct wire_reader *in, struct settings *s)
{
    settings_init(s);
    if (wire_get_u32(in) != ROW_COUNT)
        return false;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (rows[i].is_text)
            set_text(s, &rows[i], wire_get_span(in));
        else
            *number_of(s, &rows[i]) = wire_get_i64(in);
    }
    return !in->failed;
}
