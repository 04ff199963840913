/* A batch: lines that nobody watches being run, from -c, a file or standard input. */
#include <stdlib.h>
#include <strings.h>

#include "engine/base/xalloc.h"
#include "shell/state.h"

/* What a login shell cannot take as an option: `batch json check keep-going` as the first command (R5).  Takes it off the
 * line.  False after an error. */
static bool take_batch_words(struct shell *sh, const char **line, struct error *error)
{
    struct arena *arena = arena_new();
    struct words words;
    const char *rest = *line;
    bool good = true;
    if (words_next(&rest, arena, &words, error) && strcasecmp(words.word[0], "batch") == 0) {
        for (int i = 1; good && i < words.count; i++) {
            const char *word = words.word[i];
            sh->options.json |= strcasecmp(word, "json") == 0;
            sh->options.check |= strcasecmp(word, "check") == 0;
            sh->options.keep_going |= strcasecmp(word, "keep-going") == 0;
            if (strcasecmp(word, "json") && strcasecmp(word, "check") && strcasecmp(word, "keep-going"))
                good = error_set(error, "batch takes json, check and keep-going, not %.100s", word);
        }
        *line = rest;
    }
    arena_free(arena);
    return good;
}

/* An error of the input itself, which belongs to no command. */
static void fail_input(struct shell *sh, unsigned line, const char *why)
{
    struct words none = {.text = SPAN("")};
    report_begin(sh, &none, line, 1);
    report_end(sh, shell_fail(sh, API_ERROR_BAD_REQUEST, "%s", why));
}

/* Before it waits for more input the batch answers what it has. */
static void before_wait(void *context)
{
    struct shell *sh = context;
    pipeline_drain(sh, 0);
    writer_flush(&sh->out);
}

static bool is_empty(const char *line)
{
    line += strspn(line, " \t;");
    return *line == '\0' || *line == '#';
}

static void run_lines(struct shell *sh)
{
    bool first = true;
    while (!sh->stopped && !sh->leaving && !sh->interrupted) {
        struct span line;
        struct error error;
        enum read_result got = reader_next(sh->commands, &line, &error);
        sh->interrupted |= got == READ_INTERRUPTED;
        if (got == READ_BAD || got == READ_BROKEN)
            fail_input(sh, sh->commands->line + (got == READ_BROKEN), error.text);
        if (got == READ_BAD)
            continue;
        if (got != READ_LINE)
            break;
        /* A dialogue may read on in the same buffer. */
        char *text = xmemdup0(line.p, line.n);
        const char *rest = text;
        if (first && !is_empty(text) && !take_batch_words(sh, &rest, &error))
            fail_input(sh, sh->commands->line, error.text);
        else
            run_line(sh, text, (size_t)(rest - text), sh->commands->line);
        first = first && is_empty(text);
        free(text);
    }
    pipeline_drain(sh, 0);
}

/* The status of the whole batch, and what else is to be said about its end. */
static enum api_status end_batch(struct shell *sh, const char **message)
{
    bool went_through = sh->first_error == API_DONE || sh->options.keep_going;
    if (sh->interrupted && sh->first_error != API_UNKNOWN_OUTCOME)
        return API_INTERRUPTED;
    if (went_through && !sh->options.check && call_has_changes(sh)) {
        *message = "The input ended with uncommitted changes: they were discarded.";
        return sh->first_error ? sh->first_error : API_DISCARDED;
    }
    return sh->first_error;
}

enum api_status batch_run(struct shell *sh)
{
    const char *message = NULL;
    sh->commands->before_wait = sh->answers->before_wait = before_wait;
    sh->commands->context = sh->answers->context = sh;
    run_lines(sh);
    enum api_status status = end_batch(sh, &message);
    if (sh->options.json)
        report_final(sh, status, message);
    else if (message)
        report_error(sh, NULL, status, NULL, message);
    writer_flush(&sh->out);
    return status;
}
