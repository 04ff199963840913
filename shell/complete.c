/* From a line and its cursor to the words that may come next (commands/complete.h), and back into the line. */
#include "shell/complete.h"

#include <string.h>
#include <strings.h>

#include "commands/complete.h"
#include "shell/state.h"

enum { COLUMNS = 80, LINES_MOST = 200 };

/* What stands in front of the cursor. */
struct typed {
    struct arena *arena;
    int count;    /* words of the command that is being typed, without the partial one */
    char **words; /* NULL-terminated texts */
    const char *partial;
    bool in_quotes; /* there is nothing to complete */
};

static bool ends_command(struct span text)
{
    return text.n && text.p[text.n - 1] == ';';
}

static struct typed take_apart(struct span text)
{
    struct typed t = {.arena = arena_new(), .partial = ""};
    const char *rest = arena_text(t.arena, text);
    struct words words = {0}, next;
    struct error error;
    while (words_next(&rest, t.arena, &next, &error))
        words = next;
    t.in_quotes = error.text[0] || (words.count && words.quoted[words.count - 1]);
    if (ends_command(span_trim(text)) && !error.text[0])
        words = (struct words){0};
    t.count = words.count;
    t.words = words.word;
    bool separated = !text.n || strchr(" \t;", text.p[text.n - 1]);
    if (separated)
        t.in_quotes = error.text[0] != '\0';
    else if (t.count)
        t.partial = t.words[--t.count];
    return t;
}

static size_t common_length(const char *a, const char *b, size_t most)
{
    size_t n = 0;
    while (n < most && a[n] && strncasecmp(a + n, b + n, 1) == 0)
        n++;
    return n;
}

/* As far as all of them agree. */
static size_t clear_length(const struct completions *c)
{
    size_t n = strlen(c->items[0].word);
    for (size_t i = 1; i < c->count; i++)
        n = common_length(c->items[0].word, c->items[i].word, n);
    return n;
}

/* ---- showing them ---- */

static int widest(const struct completions *c)
{
    size_t most = 0;
    for (size_t i = 0; i < c->count; i++)
        most = strlen(c->items[i].word) > most ? strlen(c->items[i].word) : most;
    return (int)most;
}

static void show_columns(const struct completions *c, struct buf *out)
{
    int width = widest(c) + 2, columns = COLUMNS / width > 0 ? COLUMNS / width : 1;
    for (size_t i = 0; i < c->count; i++) {
        bool last = (i + 1) % (size_t)columns == 0 || i + 1 == c->count;
        buf_printf(out, "%-*s%s", last ? 0 : width, c->items[i].word, last ? "\n" : "");
    }
}

static void show_lines(const struct completions *c, struct buf *out)
{
    int width = widest(c);
    for (size_t i = 0; i < c->count && i < LINES_MOST; i++)
        buf_printf(out, "  %-*s  %s\n", width, c->items[i].word, c->items[i].text);
}

static bool have_texts(const struct completions *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->items[i].text[0])
            return true;
    return false;
}

static void show(struct completions *c, struct buf *out)
{
    if (have_texts(c))
        show_lines(c, out);
    else
        show_columns(c, out);
}

/* ---- the keys ---- */

/* Replaces the partial word; a whole one is ended by a blank. */
static void put_word(const struct typed *t, struct span word, bool whole, struct completed *done)
{
    done->erase = strlen(t->partial);
    buf_append_span(&done->insert, word);
    if (whole && word.p[word.n - 1] != '=')
        buf_append_char(&done->insert, ' ');
}

void complete_tab(struct shell *sh, struct span text, struct completed *done)
{
    *done = (struct completed){0};
    struct typed t = take_apart(text);
    struct completions c;
    if (!t.in_quotes) {
        complete_words(sh, t.count, t.words, t.partial, &c);
        size_t clear = c.count ? clear_length(&c) : 0;
        if (c.count == 1 || clear > strlen(t.partial))
            put_word(&t, span_of(c.items[0].word, clear), c.count == 1, done);
        else
            show(&c, &done->show);
        completions_free(&c);
    }
    arena_free(t.arena);
}

bool complete_help(struct shell *sh, struct span text, struct completed *done)
{
    *done = (struct completed){0};
    struct typed t = take_apart(text);
    struct completions c;
    bool asks = !t.in_quotes;
    if (asks) {
        complete_words(sh, t.count, t.words, t.partial, &c);
        show_lines(&c, &done->show);
        if (c.hint.len)
            buf_printf(&done->show, "  %s\n", buf_text(&c.hint));
        else if (c.count == 0)
            buf_printf(&done->show, "  (nothing: Enter runs the command)\n");
        completions_free(&c);
    }
    arena_free(t.arena);
    return asks;
}

void completed_free(struct completed *done)
{
    buf_free(&done->insert);
    buf_free(&done->show);
}
