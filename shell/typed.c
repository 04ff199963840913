/* Lines with the prompts that they answered. */
#include "shell/typed.h"

#include <stdlib.h>
#include <string.h>

#include "commands/command.h"
#include "engine/base/text.h"
#include "engine/schema/schema.h" /* SCHEMA_MASK */
#include "shell/state.h"

enum { LINE_SHOWN = 1000, PROMPT_SHOWN = 800, LINES_MOST = API_TYPED_MAX };
_Static_assert(4 * LINE_SHOWN + 3 <= API_TYPED_BYTES_MAX, "each byte as \\xNN, and the mark of a cut");

static json_t *safe_json(struct span text)
{
    struct buf safe = {0};
    text_from_wire(&safe, text, LINE_SHOWN);
    json_t *json = json_stringn(buf_text(&safe), safe.len);
    buf_free(&safe);
    return json;
}

/* The end of a screen text on one line. */
static json_t *prompt_json(struct span text)
{
    struct buf line = {0};
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\n')
            buf_append_span(&line, SPAN("\\n"));
        else
            buf_append_char(&line, text.p[i]);
    }
    size_t start = line.len > PROMPT_SHOWN ? line.len - PROMPT_SHOWN : 0;
    json_t *json = safe_json(span_slice(buf_span(&line), start, line.len));
    buf_free(&line);
    return json;
}

static void add(struct shell *sh, struct span prompt, struct span line)
{
    if (!sh->typed.lines)
        sh->typed.lines = json_array();
    if (json_array_size(sh->typed.lines) < LINES_MOST)
        json_array_append_new(sh->typed.lines,
                              json_pack("{s:o,s:o}", "line", safe_json(line), "prompt", prompt_json(prompt)));
    buf_clear(&sh->typed.shown);
}

/* As it was typed; up to a secret, which and what is behind it is masked. */
static void put_command(struct buf *line, const struct words *words)
{
    int shown = command_secret_word(words->count, words->word);
    if (shown == words->count) {
        buf_append_span(line, words->text);
        return;
    }
    for (int i = 0; i < shown; i++)
        buf_printf(line, "%s ", words->word[i]);
    buf_printf(line, "%s", SCHEMA_MASK);
}

void typed_command(struct shell *sh, const struct words *words)
{
    struct buf prompt = {0}, line = {0};
    json_decref(sh->typed.lines);
    sh->typed.lines = NULL;
    if (sh->interactive)
        buf_printf(&prompt, "\n%s> ", shell_hostname(sh));
    put_command(&line, words);
    add(sh, buf_span(&prompt), buf_span(&line));
    buf_free(&line);
    buf_free(&prompt);
}

void typed_answer(struct shell *sh, const char *prompt, struct span line)
{
    buf_append_span(&sh->typed.shown, span_text(prompt));
    add(sh, buf_span(&sh->typed.shown), line);
}

void shell_hide_answer(struct shell *sh)
{
    buf_clear(&sh->typed.shown);
    size_t count = json_array_size(sh->typed.lines);
    if (count > 1) /* the first is the command */
        json_object_set_new(json_array_get(sh->typed.lines, count - 1), "line", json_string(SCHEMA_MASK));
}

void typed_shown(struct shell *sh, struct span text)
{
    struct buf *shown = &sh->typed.shown;
    buf_append_span(shown, span_slice(text, text.n > PROMPT_SHOWN ? text.n - PROMPT_SHOWN : 0, text.n));
    if (shown->len > PROMPT_SHOWN)
        buf_consume(shown, shown->len - PROMPT_SHOWN);
}

void typed_put(struct shell *sh, struct buf *request)
{
    char *lines = sh->typed.lines ? json_dumps(sh->typed.lines, JSON_COMPACT) : NULL;
    request->len--;
    buf_printf(request, ",\"typed\":%s}", lines ? lines : "[]");
    free(lines);
    json_decref(sh->typed.lines);
    sh->typed.lines = NULL;
}
