/* A session with a person: prompts, questions, and the end of it. */
#include <signal.h>
#include <stdlib.h>

#include "shell/editor.h"
#include "shell/interrupt.h"
#include "shell/state.h"
#include "shell/welcome.h"

/* Until something is typed.  False when the daemon ends the session before that. */
static bool wait_plain(struct shell *sh)
{
    struct pollfd wait[] = {{.fd = sh->answers->fd, .events = POLLIN}, {.events = POLLIN}};
    while (sh->link && sh->answers->used == sh->answers->in.len) {
        wait[1].fd = terminal_news_fd(sh);
        wait[0].revents = wait[1].revents = 0;
        if (!interrupt_poll(wait, 2, -1) || wait[0].revents)
            break;
        if (!link_is_alive(sh->link))
            call_lost(sh);
    }
    return sh->link || !sh->closed;
}

/* The terminal itself edits the line: for programs that drive a pseudo-terminal, no byte but the prompt's is written. */
static enum read_result read_plain(struct shell *sh, const char *prompt, struct buf *line)
{
    struct span text;
    struct error error;
    writer_put(&sh->out, span_text(prompt));
    writer_flush(&sh->out);
    if (!wait_plain(sh)) {
        terminal_tell_news(sh);
        return READ_END;
    }
    enum read_result got = reader_next(sh->answers, &text, &error);
    if (got == READ_LINE)
        buf_append_span(line, text);
    if (got == READ_BAD || got == READ_BROKEN) {
        writer_put(&sh->out, span_text(error.text));
        writer_put(&sh->out, SPAN("\n"));
    }
    return got;
}

enum read_result terminal_read(struct shell *sh, const char *prompt, bool is_command, struct buf *line)
{
    writer_flush(&sh->out);
    if (sh->pager.stopped && !is_command)
        return READ_INTERRUPTED; /* who did not want to see the rest is not asked about it */
    bool use_editor = sh->editor && !sh->hidden;
    enum read_result got =
        use_editor ? editor_read(sh->editor, prompt, is_command, line) : read_plain(sh, prompt, line);
    pager_restart(sh);
    if (got != READ_LINE) {
        writer_put(&sh->out, SPAN("\n")); /* the answer that did not come */
        writer_flush(&sh->out);
    }
    return got;
}

static void show_notices(struct shell *sh, const json_t *texts)
{
    size_t i;
    json_t *text;
    json_array_foreach(texts, i, text)
    {
        writer_put(&sh->out, SPAN("Notice: "));
        writer_put(&sh->out, (struct span){json_string_value(text), json_string_length(text)});
        writer_put(&sh->out, SPAN("\n"));
    }
}

static void tell_notices(struct shell *sh)
{
    json_t *texts = link_take_notices(sh->link);
    show_notices(sh, texts);
    json_decref(texts);
}

void terminal_hello(struct shell *sh, const json_t *hello)
{
    const json_t *welcome = json_object_get(hello, "welcome");
    if (welcome && !sh->welcomed)
        welcome_show(sh, welcome);
    sh->welcomed = true;
    show_notices(sh, json_object_get(hello, "notices"));
}

int terminal_news_fd(struct shell *sh)
{
    return sh->link ? link_fd(sh->link) : -1;
}

/* The candidate lives as long as the connection. */
static void tell_lost(struct shell *sh)
{
    writer_put(&sh->out,
               sh->touched
                   ? SPAN("The connection to the daemon was lost, and with it all uncommitted changes.\n")
                   : SPAN("The connection to the daemon was lost.\n"));
    sh->lost = sh->touched = false;
}

/* The daemon ended the session, and so does the shell. */
static void tell_closed(struct shell *sh)
{
    writer_put(&sh->out, span_text(json_string_value(json_object_get(sh->closed, "closed"))));
    writer_put(&sh->out, SPAN("\n"));
    sh->lost = false;
    sh->leaving = true;
}

void terminal_tell_news(struct shell *sh)
{
    if (sh->link) {
        bool alive = link_is_alive(sh->link);
        tell_notices(sh);
        if (!alive)
            call_lost(sh);
    }
    if (sh->lost && sh->closed)
        tell_closed(sh);
    else if (sh->lost)
        tell_lost(sh);
    writer_flush(&sh->out);
}

static void run_typed(struct shell *sh, struct buf *line, unsigned number)
{
    terminal_tell_news(sh);
    run_line(sh, buf_text(line), 0, number);
    writer_flush(&sh->out);
}

static void run_session(struct shell *sh)
{
    struct buf line = {0}, prompt = {0};
    for (unsigned number = 1;; number++) {
        do /* only here: what is typed is meant for the mode that its prompt names */
            terminal_tell_news(sh);
        while (call_follow_mode(sh)); /* there may be news before its answer */
        if (sh->leaving)
            break;
        interrupt_clear();
        sh->interrupted = false;
        buf_clear(&line);
        buf_clear(&prompt);
        mode_prompt(sh, &prompt);
        enum read_result got = terminal_read(sh, buf_text(&prompt), true, &line);
        if (got == READ_END || got == READ_BROKEN || sh->out.failed || interrupt_ends())
            break;
        if (got != READ_LINE)
            continue;
        run_typed(sh, &line, number);
        if (sh->leaving || interrupt_ends())
            break;
    }
    buf_free(&line);
    buf_free(&prompt);
}

void terminal_give_editor(struct shell *sh, bool give)
{
    char byte;
    while (sh->editor && !give && editor_take_byte(sh->editor, &byte))
        buf_append_char(&sh->answers->in, byte);
    while (sh->editor && give && reader_take_byte(sh->answers, &byte))
        editor_give_byte(sh->editor, byte);
}

static void open_editor(struct shell *sh)
{
    if (!sh->editor && editor_suits(getenv("TERM")))
        sh->editor = editor_open(sh);
}

static void close_editor(struct shell *sh)
{
    terminal_give_editor(sh, false);
    editor_close(sh->editor);
    sh->editor = NULL;
}

bool shell_set_interactive(struct shell *sh, bool on)
{
    if (!sh->interactive)
        return false;
    sh->pager.off = !on;
    if (on)
        open_editor(sh);
    else
        close_editor(sh);
    return true;
}

enum api_status terminal_run(struct shell *sh)
{
    signal(SIGTSTP, SIG_IGN); /* a suspended session would hold its candidate for ever */
    signal(SIGQUIT, SIG_IGN); /* a key that is hit by mistake must not lose it */
    interrupt_catch_end();
    if (!call_connect(sh)) {
        writer_flush(&sh->out);
        return API_UNREACHABLE;
    }
    open_editor(sh);
    run_session(sh);
    close_editor(sh);
    /* Who leaves with `exit` was asked. */
    bool closed = sh->leaving && !sh->link && sh->closed, lost = closed && sh->touched;
    if (!closed)
        lost = (!sh->leaving || sh->answers_ended) && call_has_changes(sh);
    if (lost && !closed)
        writer_put(&sh->out, SPAN("The session ended with uncommitted changes: they were discarded.\n"));
    writer_flush(&sh->out);
    if (interrupt_ends())
        interrupt_end();
    return lost ? API_DISCARDED : closed ? API_UNREACHABLE : API_DONE;
}
