/* Tables for people: columns as wide as what they hold, titles underlined. */
#include "engine/base/xalloc.h"
#include "shell/state.h"

#include <stdlib.h>

/* Characters, not bytes. */
static size_t text_width(struct span text)
{
    size_t width = 0;
    for (size_t i = 0; i < text.n; i++)
        width += ((unsigned char)text.p[i] & 0xC0) != 0x80;
    return width;
}

/* Valid until cell is used again. */
static struct span cell_text(const struct out_column *column, const json_t *row, struct buf *cell)
{
    const json_t *value = json_object_get(row, column->key);
    buf_clear(cell);
    if (column->cell)
        column->cell(cell, row);
    else if (json_is_string(value))
        return span_of(json_string_value(value), json_string_length(value));
    else if (json_is_integer(value))
        buf_printf(cell, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_boolean(value))
        return json_is_true(value) ? SPAN("on") : SPAN("off");
    return buf_span(cell);
}

static void pad(struct buf *out, char c, size_t count)
{
    while (count--)
        buf_append_char(out, c);
}

static void put_cell(struct buf *out, const struct out_column *column, size_t width, bool last,
                     struct span text)
{
    size_t missing = width - text_width(text);
    if (column->width < 0)
        pad(out, ' ', missing);
    buf_append_span(out, text);
    if (last) {
        while (out->len && out->data[out->len - 1] == ' ')
            out->len--;
        buf_append_char(out, '\n');
    } else {
        pad(out, ' ', (column->width < 0 ? 0 : missing) + 2);
    }
}

static void put_titles(struct buf *out, const struct out_column *columns, size_t count, const size_t *widths)
{
    for (size_t i = 0; i < count; i++)
        put_cell(out, &columns[i], widths[i], i + 1 == count, span_text(columns[i].title));
    for (size_t i = 0; i < count; i++) {
        pad(out, '=', i + 1 == count ? strlen(columns[i].title) : widths[i]);
        buf_append_span(out, i + 1 == count ? SPAN("\n") : SPAN("  "));
    }
}

static void put_text(struct buf *out, const struct out_column *columns, size_t count, const json_t *rows)
{
    struct buf cell = {0};
    size_t *widths = xcalloc(count, sizeof *widths), r;
    const json_t *row;
    for (size_t i = 0; i < count; i++) {
        size_t least = (size_t)abs(columns[i].width), title = strlen(columns[i].title);
        widths[i] = least > title ? least : title;
        json_array_foreach(rows, r, row)
        {
            size_t width = text_width(cell_text(&columns[i], row, &cell));
            widths[i] = width > widths[i] ? width : widths[i];
        }
    }
    put_titles(out, columns, count, widths);
    json_array_foreach(rows, r, row) for (size_t i = 0; i < count; i++)
        put_cell(out, &columns[i], widths[i], i + 1 == count, cell_text(&columns[i], row, &cell));
    buf_free(&cell);
    free(widths);
}

void out_table(struct shell *sh, const char *name, const struct out_column *columns, size_t count,
               const json_t *rows)
{
    if (sh->options.json) {
        out_value(sh, name, json_deep_copy(rows));
        return;
    }
    struct buf text = {0};
    put_text(&text, columns, count, rows);
    out_span(sh, buf_span(&text));
    buf_free(&text);
}
