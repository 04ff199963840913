/* Splitting a line into commands and words. */
#include "shell/words.h"

#include <string.h>

#include "engine/base/text.h"

enum { WORDS_MAX = 1024 };

/* Reads a quoted part, *p behind the opening quote; appends to out. */
static bool take_quoted(const char **p, struct buf *out, struct error *error)
{
    while (**p && **p != '"') {
        if (**p == '\\') {
            ++*p;
            if (**p != '\\' && **p != '"')
                return error_set(error, "Command contained invalid escape character: %.*s",
                                 (int)text_utf8_length(span_text(*p)), *p);
        }
        buf_append_char(out, *(*p)++);
    }
    if (!**p)
        return error_set(error, "a quote is not closed");
    ++*p;
    return true;
}

static bool take_word(const char **p, struct buf *out, bool *quoted, struct error *error)
{
    buf_clear(out);
    while (**p && !strchr(" \t;", **p)) {
        if (**p == '"') {
            ++*p;
            *quoted = true;
            if (!take_quoted(p, out, error))
                return false;
        } else {
            buf_append_char(out, *(*p)++);
        }
    }
    return true;
}

static bool take_words(const char **p, struct arena *arena, struct words *words, struct error *error)
{
    struct buf word = {0};
    bool good = true;
    while (good && **p && **p != ';') {
        if (words->count == WORDS_MAX - 1)
            good = error_set(error, "a command has at most %d words", WORDS_MAX - 1);
        else if ((good = take_word(p, &word, &words->quoted[words->count], error)))
            words->word[words->count++] = arena_text(arena, buf_span(&word));
        *p += strspn(*p, " \t");
    }
    buf_free(&word);
    return good;
}

bool words_next(const char **line, struct arena *arena, struct words *words, struct error *error)
{
    const char *start = *line + strspn(*line, " \t;");
    *words = (struct words){
        .word = arena_calloc(arena, WORDS_MAX, sizeof(char *)),
        .quoted = arena_calloc(arena, WORDS_MAX, sizeof(bool)),
    };
    error->text[0] = '\0';
    *line = start;
    bool good = take_words(line, arena, words, error);
    words->text = span_trim(span_of(start, good ? (size_t)(*line - start) : strlen(start)));
    return good && words->count > 0;
}
