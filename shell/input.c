/* Answers to questions, and data for imports: from the person, from the batch, or from standard input beside -c. */
#include "shell/hidden.h"
#include "shell/state.h"

bool shell_is_interactive(const struct shell *sh)
{
    return sh->interactive;
}

static bool next_answer(struct shell *sh, struct span *line)
{
    struct error error;
    pipeline_drain(sh, 0);
    if (output_is_muted(sh))
        return false;
    enum read_result got = reader_next(sh->answers, line, &error);
    if (got == READ_LINE && sh->answers == sh->commands)
        sh->report->answer_line = sh->answers->line;
    sh->answers_ended = got == READ_END;
    if (got == READ_BAD || got == READ_BROKEN)
        shell_fail(sh, API_ERROR_BAD_REQUEST, "%s", error.text);
    return got == READ_LINE;
}

bool shell_read_answer(struct shell *sh, const char *prompt, struct buf *line)
{
    size_t start = line->len;
    if (sh->interactive) {
        enum read_result got = terminal_read(sh, prompt, false, line);
        sh->answers_ended = got == READ_END;
        sh->report->asked = true;
        if (got != READ_LINE)
            return false;
    } else {
        struct span text;
        if (!next_answer(sh, &text))
            return false;
        buf_append_span(line, text);
    }
    typed_answer(sh, prompt, span_slice(buf_span(line), start, line->len));
    return true;
}

bool shell_read_secret(struct shell *sh, const char *prompt, struct buf *line)
{
    hidden_begin(sh);
    bool read = shell_read_answer(sh, prompt, line);
    hidden_end(sh, read);
    if (read)
        shell_hide_answer(sh);
    return read;
}

/* READ_END at the end of the data, READ_LINE for one line of it. */
static enum read_result next_data(struct shell *sh, struct buf *data)
{
    size_t start = data->len;
    if (sh->interactive) {
        enum read_result got = terminal_read(sh, "", false, data);
        if (got != READ_LINE)
            return got;
    } else {
        struct span line;
        if (!next_answer(sh, &line))
            return sh->answers_ended ? READ_END : READ_BAD;
        buf_append_span(data, line);
    }
    if (span_equal(span_slice(buf_span(data), start, data->len), SPAN("."))) {
        data->len = start;
        return READ_END;
    }
    buf_append_char(data, '\n');
    return READ_LINE;
}

bool shell_read_data(struct shell *sh, struct buf *data)
{
    enum read_result got;
    do
        got = next_data(sh, data);
    while (got == READ_LINE);
    return got == READ_END;
}

bool shell_read_secret_data(struct shell *sh, struct buf *data)
{
    hidden_begin(sh);
    bool read = shell_read_data(sh, data);
    hidden_end(sh, read);
    return read;
}
