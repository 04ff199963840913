/* Running the commands of one line: the same for every channel. */
#include "commands/command.h"
#include "shell/interrupt.h"
#include "shell/state.h"

static void run_command(struct shell *sh, const struct words *words, const char *line, unsigned line_number)
{
    report_begin(sh, words, line_number, (unsigned)(words->text.p - line) + 1);
    pager_begin(sh);
    sh->words = words;
    typed_command(sh, words);
    sh->answers_ended = false;
    enum api_status status = command_run(sh, words->count, words->word);
    sh->interrupted |= interrupt_seen();
    sh->words = NULL;
    report_end(sh, status);
}

/* The rest of the line cannot be understood. */
static void tell_wrong_words(struct shell *sh, const struct words *words, const char *line,
                             unsigned line_number, const char *why)
{
    report_begin(sh, words, line_number, (unsigned)(words->text.p - line) + 1);
    report_end(sh, shell_fail(sh, API_ERROR_BAD_REQUEST, "%s", why));
}

void run_line(struct shell *sh, const char *line, size_t start, unsigned line_number)
{
    const char *rest = line + start + strspn(line + start, " \t");
    if (*rest == '#')
        return; /* a comment */
    struct arena *arena = arena_new();
    struct words words;
    struct error error = {0};
    unsigned failed = sh->failed;
    bool go_on = true;
    while (go_on && words_next(&rest, arena, &words, &error)) {
        run_command(sh, &words, line, line_number);
        arena_reset(arena);
        /* A person sees the error and decides about the rest of the line. */
        go_on = !sh->stopped && !sh->leaving && !sh->interrupted && !(sh->interactive && sh->failed > failed);
    }
    if (go_on && error.text[0])
        tell_wrong_words(sh, &words, line, line_number, error.text);
    arena_free(arena);
}

bool shell_is_quoted(const struct shell *sh, const char *word)
{
    for (int i = 0; sh->words && i < sh->words->count; i++)
        if (sh->words->word[i] == word)
            return sh->words->quoted[i];
    return false;
}

const char *shell_command_name(const struct shell *sh)
{
    return sh->words ? sh->words->word[0] : "";
}

void shell_leave(struct shell *sh)
{
    sh->leaving = true;
}

enum api_status shell_aborted(struct shell *sh)
{
    sh->interrupted |= interrupt_seen();
    if (sh->interrupted)
        return API_INTERRUPTED;
    if (sh->answers_ended && !sh->interactive)
        return shell_fail(sh, API_ERROR_INVALID_ARGUMENTS, "the input ended in the middle of a dialogue");
    return API_USAGE;
}
