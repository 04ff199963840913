/* The fake shell: commands/shell.h without terminal and daemon. */
#include "tests/unit/fake_shell.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/xalloc.h"
#include "engine/schema/json.h"

/* ---- the script ---- */

struct shell *fake_shell(bool interactive)
{
    struct shell *sh = xcalloc(1, sizeof *sh);
    sh->interactive = interactive;
    sh->tables = json_object();
    sh->values = json_object();
    for (size_t t = 0; t < SCHEMA_TABLE_COUNT; t++) {
        const struct schema_table *table = &schema_tables[t];
        json_t *rows = json_array();
        for (const char *const *key = table->preset_keys; key && *key; key++) {
            struct schema_row *row = schema_row_preset(table, span_text(*key));
            json_array_append_new(rows, schema_row_to_json(row));
            schema_row_unref(row);
        }
        json_object_set_new(sh->tables, table->name, rows);
    }
    return sh;
}

void fake_shell_free(struct shell *sh)
{
    for (size_t i = 0; i < sh->reply_count; i++)
        json_decref(sh->replies[i].result);
    json_decref(sh->tables);
    json_decref(sh->values);
    buf_free(&sh->shown);
    buf_free(&sh->sent);
    free(sh);
}

void fake_answers(struct shell *sh, ...)
{
    va_list args;
    const char *answer;
    sh->answer_count = sh->answers_read = 0;
    va_start(args, sh);
    while ((answer = va_arg(args, const char *)))
        sh->answers[sh->answer_count++] = answer;
    va_end(args);
}

void fake_reply(struct shell *sh, const char *method, enum api_status status, const char *result,
                const char *text)
{
    sh->replies[sh->reply_count++] =
        (struct fake_reply){method, status, result ? json_loads(result, 0, NULL) : NULL, text};
}

void fake_row(struct shell *sh, const char *table, const char *row)
{
    json_array_append_new(json_object_get(sh->tables, table), json_loads(row, 0, NULL));
}

enum api_status fake_run(struct shell *sh, ...)
{
    char *words[FAKE_MOST];
    int count = 0;
    va_list args;
    const char *word;
    va_start(args, sh);
    while ((word = va_arg(args, const char *)))
        words[count++] = xstrdup(word);
    va_end(args);
    for (int i = 0; i < count; i++)
        if (sh->quoted && strcmp(words[i], sh->quoted) == 0)
            sh->quoted = words[i];
    sh->command = words[0];
    enum api_status status = command_run(sh, count, words);
    for (int i = 0; i < count; i++)
        free(words[i]);
    return status;
}

/* The text stays in memory behind the empty buffer until something is added. */
static const char *take(struct buf *b)
{
    const char *text = buf_text(b);
    buf_clear(b);
    return text;
}

const char *fake_shown(struct shell *sh)
{
    return take(&sh->shown);
}

const char *fake_sent(struct shell *sh)
{
    return take(&sh->sent);
}

/* ---- the daemon ---- */

static void record(struct shell *sh, const json_t *request)
{
    char *text = json_dumps(request, JSON_COMPACT | JSON_SORT_KEYS);
    buf_printf(&sh->sent, "%s\n", text);
    free(text);
}

static enum api_status reply(struct shell *sh, json_t *request, json_t **result, struct buf *text)
{
    const char *method = json_string_value(json_object_get(request, "method"));
    enum api_status status = API_DONE;
    json_t *answer = NULL;
    record(sh, request);
    for (size_t i = 0; i < sh->reply_count; i++) {
        struct fake_reply *r = &sh->replies[i];
        if (!r->method || strcmp(r->method, method) != 0)
            continue;
        status = r->status;
        answer = r->result;
        if (r->text)
            buf_append_span(text, span_text(r->text));
        *r = (struct fake_reply){0};
        break;
    }
    if (status != API_DONE && status != API_NOT_APPLIED)
        shell_fail(sh, API_ERROR_FAILED, "%s failed", method);
    if (result)
        *result = answer;
    else
        json_decref(answer);
    json_decref(request);
    return status;
}

enum api_status shell_call(struct shell *sh, json_t *request, json_t **result)
{
    return reply(sh, request, result, &sh->shown);
}

json_t *shell_live(struct shell *sh, json_t *request)
{
    json_t *result;
    return reply(sh, request, &result, &sh->shown) == API_DONE ? result : NULL;
}

void out_follows(struct shell *sh)
{
    (void)sh;
}

bool shell_set_interactive(struct shell *sh, bool on)
{
    (void)on;
    return sh->interactive;
}

enum api_status shell_call_text(struct shell *sh, json_t *request, struct buf *text)
{
    return reply(sh, request, NULL, text);
}

enum api_status shell_commit(struct shell *sh, json_t *request, json_t **result)
{
    return reply(sh, request, result, &sh->shown);
}

enum api_status shell_edit(struct shell *sh, json_t *edits)
{
    return reply(sh, json_pack("{s:s,s:o}", "method", "config.edit", "edits", edits), NULL, NULL);
}

static const char *key_of(const json_t *row, const struct schema_table *table)
{
    return json_string_value(json_object_get(row, table->fields[0].name));
}

/* config.get; other methods have a reply without rows */
enum api_status shell_call_rows(struct shell *sh, json_t *request, void (*visit)(json_t *row, void *context),
                                void *context)
{
    const char *name = json_string_value(json_object_get(request, "table"));
    if (!name)
        return reply(sh, request, NULL, NULL);
    const struct schema_table *table = schema_table_find(name);
    const char *key = json_string_value(json_object_get(request, "key"));
    size_t i, visited = 0;
    json_t *row;
    json_array_foreach(table ? json_object_get(sh->tables, table->name) : NULL, i, row)
    {
        if (key && strcmp(key, key_of(row, table)) != 0)
            continue;
        json_t *copy = json_deep_copy(row); /* visitors may change what is theirs */
        visit(copy, context);
        json_decref(copy);
        visited++;
    }
    record(sh, request);
    enum api_status status =
        key && !visited ? shell_fail(sh, API_ERROR_NOT_FOUND, "%s '%s'", table->row_noun, key) : API_DONE;
    json_decref(request);
    return status;
}

/* ---- errors and output ---- */

enum api_status shell_fail(struct shell *sh, enum api_error error, const char *format, ...)
{
    const struct api_error_row *row = &api_errors[error];
    const char *place = strstr(row->phrase, "%s");
    struct buf detail = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&detail, format, args);
    va_end(args);
    buf_append(&sh->shown, row->phrase, place ? (size_t)(place - row->phrase) : strlen(row->phrase));
    if (place)
        buf_printf(&sh->shown, "%s%s", buf_text(&detail), place + 2);
    buf_append_char(&sh->shown, '\n');
    buf_free(&detail);
    sh->told++;
    return row->status;
}

enum api_status shell_aborted(struct shell *sh)
{
    return sh->interrupted ? API_INTERRUPTED : API_USAGE;
}

void out_text(struct shell *sh, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_vprintf(&sh->shown, format, args);
    va_end(args);
}

void out_span(struct shell *sh, struct span text)
{
    buf_append_span(&sh->shown, text);
}

void out_value(struct shell *sh, const char *name, json_t *value)
{
    json_object_set_new(sh->values, name, value);
}

void out_warning(struct shell *sh, const char *sentence)
{
    out_text(sh, "Warning: %s\n", sentence);
}

void out_table(struct shell *sh, const char *name, const struct out_column *columns, size_t count,
               const json_t *rows)
{
    size_t i;
    json_t *row;
    for (size_t c = 0; c < count; c++)
        out_text(sh, "%s%s", c ? " | " : "", columns[c].title);
    out_text(sh, "\n");
    json_array_foreach(rows, i, row)
    {
        for (size_t c = 0; c < count; c++) {
            json_t *cell = json_object_get(row, columns[c].key);
            struct buf text = {0};
            if (columns[c].cell)
                columns[c].cell(&text, row);
            if (columns[c].cell)
                out_text(sh, "%s%s", c ? " | " : "", buf_text(&text));
            else if (json_is_integer(cell))
                out_text(sh, "%s%d", c ? " | " : "", (int)json_integer_value(cell));
            else
                out_text(sh, "%s%s", c ? " | " : "", json_string_value(cell));
            buf_free(&text);
        }
        out_text(sh, "\n");
    }
    out_value(sh, name, json_deep_copy(rows));
}

/* ---- input ---- */

bool shell_is_interactive(const struct shell *sh)
{
    return sh->interactive;
}

bool shell_read_answer(struct shell *sh, const char *prompt, struct buf *line)
{
    if (sh->answers_read == sh->answer_count)
        return false;
    const char *answer = sh->answers[sh->answers_read++];
    if (strcmp(answer, "^C") == 0) {
        sh->interrupted = true;
        return false;
    }
    if (sh->interactive)
        out_text(sh, "%s%s\n", prompt, answer);
    buf_append_span(line, span_text(answer));
    return true;
}

void shell_hide_answer(struct shell *sh)
{
    sh->hidden++;
}

bool shell_read_secret(struct shell *sh, const char *prompt, struct buf *line)
{
    bool shows = sh->interactive;
    sh->interactive = false;
    bool read = shell_read_answer(sh, prompt, line);
    sh->interactive = shows;
    if (read && shows)
        out_text(sh, "%s\n", prompt);
    sh->hidden += read;
    return read;
}

bool shell_read_secret_data(struct shell *sh, struct buf *data)
{
    sh->hidden++;
    return shell_read_data(sh, data);
}

bool shell_read_data(struct shell *sh, struct buf *data)
{
    buf_append_span(data, span_text(sh->data));
    return sh->data != NULL;
}

bool shell_is_quoted(const struct shell *sh, const char *word)
{
    return word == sh->quoted;
}

void shell_leave(struct shell *sh)
{
    sh->left = true;
}

const char *shell_hostname(struct shell *sh)
{
    (void)sh;
    return "mx.example.com";
}

const char *shell_level(const struct shell *sh)
{
    return sh->level ? sh->level : "machine/mx.example.com";
}

const char *shell_cluster(const struct shell *sh)
{
    return sh->level ? "c1" : "";
}

enum api_status shell_mode(struct shell *sh, const char *level)
{
    return shell_call(sh, json_pack("{s:s,s:s*}", "method", "config.mode", "level", level), NULL);
}

const char *shell_command_name(const struct shell *sh)
{
    return sh->command ? sh->command : "";
}
