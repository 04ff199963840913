/* Import and export of a list table: a row a line, its fields separated by blanks in the order of the schema; those
 * that a line leaves out at its end have their default.
 *
 * An import replaces all rows or changes nothing.  It goes to the daemon in pieces, which count when the last is there.
 */
#include <string.h>

#include "commands/list_table.h"
#include "commands/values.h"

enum {
    PIECE_EDITS = 2000,      /* rows of a request: far below API_REQUEST_MAX for rows of any length ... */
    PIECE_BYTES = 256 * 1024 /* ... by this */
};

struct import {
    struct shell *sh;
    const struct list_rows *rows;
    const struct schema_table *table;
    struct arena *arena; /* of the present line */
    json_t *edits;       /* that have not been sent */
    size_t edit_bytes;
    json_t *lines; /* key -> number of its line */
    unsigned line;
};

static enum api_status send_piece(struct import *im, bool more)
{
    json_t *request =
        json_pack("{s:s,s:o,s:b}", "method", "config.edit", "edits", im->edits, "more", (int)more);
    im->edits = json_array();
    im->edit_bytes = 0;
    return shell_call(im->sh, request, NULL);
}

static enum api_status wrong_line(struct import *im, const char *why)
{
    return shell_fail(im->sh, API_ERROR_INVALID_VALUE, "line %u: %s", im->line, why);
}

/* The next word of the line; the last field takes the rest. */
static struct span take_field(struct span *rest, bool last)
{
    *rest = span_trim(*rest);
    size_t end = 0;
    while (end < rest->n && (last || (rest->p[end] != ' ' && rest->p[end] != '\t')))
        end++;
    struct span field = span_slice(*rest, 0, end);
    *rest = span_slice(*rest, end, rest->n);
    return field;
}

static struct span full_key(struct import *im, struct span typed)
{
    return span_text(list_full_key(im->rows, arena_text(im->arena, typed), im->arena));
}

static bool is_left_out(const struct schema_field *field, struct span text)
{
    return text.n == 0 && (field->type != SCHEMA_TEXT || field->least == 0);
}

/* Two lines for one row would leave open which one counts. */
static enum api_status check_first(struct import *im, struct span key)
{
    struct span folded = schema_key_fold(im->table, key, im->arena);
    const char *name = arena_text(im->arena, folded);
    json_t *earlier = json_object_get(im->lines, name);
    if (!earlier) {
        json_object_set_new(im->lines, name, json_integer(im->line));
        return API_DONE;
    }
    struct error error;
    error_set(&error, "'%s' is on line %u already", name, (unsigned)json_integer_value(earlier));
    return wrong_line(im, error.text);
}

/* Whether the line is a row; nothing is sent before all are. */
static enum api_status check_row(struct import *im, struct span line)
{
    for (unsigned i = 0; i < im->table->field_count; i++) {
        struct schema_value value;
        struct error error;
        struct span text = take_field(&line, i + 1 == im->table->field_count);
        if (i == 0)
            text = full_key(im, text);
        if (is_left_out(&im->table->fields[i], text))
            continue;
        if (!schema_value_parse(&im->table->fields[i], text, &value, &error))
            return wrong_line(im, error.text);
        enum api_status status = i == 0 ? check_first(im, text) : API_DONE;
        if (status != API_DONE)
            return status;
    }
    return API_DONE;
}

static enum api_status send_row(struct import *im, struct span line)
{
    json_t *fields = json_object();
    size_t bytes = line.n;
    struct span key = full_key(im, take_field(&line, im->table->field_count == 1));
    for (unsigned i = 1; i < im->table->field_count; i++) {
        struct span text = take_field(&line, i + 1 == im->table->field_count);
        if (!is_left_out(&im->table->fields[i], text))
            json_object_set_new(fields, im->table->fields[i].name, json_stringn(text.p, text.n));
    }
    json_array_append_new(im->edits, json_pack("{s:s,s:s,s:s%,s:o}", "table", im->table->name, "verb", "put",
                                               "key", key.p, key.n, "fields", fields));
    im->edit_bytes += bytes;
    bool full = json_array_size(im->edits) >= PIECE_EDITS || im->edit_bytes >= PIECE_BYTES;
    return full ? send_piece(im, true) : API_DONE;
}

/* Empty lines and comments are passed by. */
static enum api_status for_each_line(struct import *im, struct span text,
                                     enum api_status (*act)(struct import *, struct span))
{
    enum api_status status = API_DONE;
    im->line = 0;
    while (text.n && status == API_DONE) {
        size_t end = span_find(text, '\n');
        struct span line = span_trim(span_slice(text, 0, end));
        text = span_slice(text, end + 1, text.n);
        im->line++;
        arena_reset(im->arena);
        if (line.n && line.p[0] != '#')
            status = act(im, line);
    }
    return status;
}

static enum api_status import_text(struct import *im, struct span text)
{
    enum api_status status = for_each_line(im, text, check_row);
    if (status == API_DONE && json_object_size(im->lines) == 0)
        return shell_fail(im->sh, API_ERROR_WRONG_STATE, "nothing to import: clear empties the list");
    json_array_append_new(im->edits, json_pack("{s:s,s:s,s:s*}", "table", im->table->name, "verb", "clear",
                                               "key", im->rows->owner));
    if (status == API_DONE)
        status = for_each_line(im, text, send_row);
    return status == API_DONE ? send_piece(im, false) : status;
}

static enum api_status read_file(struct shell *sh, const char *file, struct buf *text)
{
    json_t *request = json_pack("{s:s,s:s}", "method", "file.read", "name", file);
    return request ? shell_call_text(sh, request, text)
                   : shell_fail(sh, API_ERROR_INVALID_VALUE, "the name of the file is not UTF-8");
}

enum api_status list_read_file(struct shell *sh, const char *file, struct buf *text)
{
    if (strcmp(file, "-") != 0)
        return read_file(sh, file, text);
    if (shell_is_interactive(sh))
        out_text(sh, "Enter '.' on its own line to end.\n");
    return shell_read_data(sh, text) ? API_DONE : shell_aborted(sh);
}

enum api_status list_read_secret_file(struct shell *sh, const char *file, struct buf *text)
{
    if (strcmp(file, "-") != 0)
        return read_file(sh, file, text);
    if (shell_is_interactive(sh))
        out_text(sh, "Enter '.' on its own line to end. Nothing of it is shown.\n");
    return shell_read_secret_data(sh, text) ? API_DONE : shell_aborted(sh);
}

enum api_status list_import(struct shell *sh, const struct list_rows *rows, const char *file)
{
    struct import im = {.sh = sh, .rows = rows, .table = &schema_tables[rows->list->table]};
    struct buf text = {0};
    enum api_status status = list_read_file(sh, file, &text);
    if (status == API_DONE) {
        im.arena = arena_new();
        im.edits = json_array();
        im.lines = json_object();
        status = import_text(&im, buf_span(&text));
        json_decref(im.edits);
        json_decref(im.lines);
        arena_free(im.arena);
    }
    buf_free(&text);
    return status;
}

/* ---- export ---- */

struct export
{
    const struct list_rows *rows;
    const struct schema_table *table;
    struct buf text;
    json_int_t count;
};

static bool has_default(const struct schema_field *field, const json_t *row)
{
    struct buf text = {0};
    value_put(&text, field, json_object_get(row, field->name));
    bool same = is_left_out(field, SPAN("")) && span_equal(buf_span(&text), span_text(field->preset));
    buf_free(&text);
    return same;
}

static void add_line(json_t *row, void *context)
{
    struct export *ex = context;
    list_hide_owner(ex->rows, row);
    unsigned count = ex->table->field_count;
    while (count > 1 && has_default(&ex->table->fields[count - 1], row))
        count--;
    for (unsigned i = 0; i < count; i++) {
        const struct schema_field *field = &ex->table->fields[i];
        buf_append(&ex->text, " ", i > 0);
        if (i == 0) /* without its owner it is no value of the field */
            buf_append_span(&ex->text, span_text(text_of(row, field->name)));
        else
            value_put(&ex->text, field, json_object_get(row, field->name));
    }
    buf_append_char(&ex->text, '\n');
    ex->count++;
}

/* The file appears with its last piece. */
static enum api_status write_file(struct shell *sh, const char *file, struct span text)
{
    enum api_status status = API_DONE;
    bool first = true, last = false;
    while (!last && status == API_DONE) {
        struct span piece = span_slice(text, 0, PIECE_BYTES);
        while (piece.n < text.n && piece.p[piece.n - 1] != '\n')
            piece.n--; /* a cut inside a character would not be JSON; lines are short */
        text = span_slice(text, piece.n, text.n);
        last = text.n == 0;
        json_t *request = json_pack("{s:s,s:s,s:s%,s:b,s:b}", "method", "file.write", "name", file, "text",
                                    piece.p, piece.n, "first", (int)first, "last", (int)last);
        first = false;
        status = request ? shell_call(sh, request, NULL)
                         : shell_fail(sh, API_ERROR_INVALID_VALUE, "the name of the file is not UTF-8");
    }
    return status;
}

enum api_status list_export(struct shell *sh, const struct list_rows *rows, const char *file)
{
    struct export ex = {.rows = rows, .table = &schema_tables[rows->list->table]};
    json_t *request =
        json_pack("{s:s,s:s,s:s*}", "method", "config.get", "table", ex.table->name, "owner", rows->owner);
    enum api_status status = shell_call_rows(sh, request, add_line, &ex);
    buf_text(&ex.text);
    if (status == API_DONE && strcmp(file, "-") == 0)
        out_span(sh, buf_span(&ex.text));
    else if (status == API_DONE)
        status = write_file(sh, file, buf_span(&ex.text));
    if (status == API_DONE)
        out_value(sh, "rows", json_integer(ex.count));
    buf_free(&ex.text);
    return status;
}
