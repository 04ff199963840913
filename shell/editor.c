/* libedit as a terminal widget, and nothing more: it draws and edits, but the bytes are read and decoded here.
 *
 * So a wait can be interrupted, invalid UTF-8 is shown and not dropped, what was typed ahead stays for the next line, and
 * pasted text is taken as text: no key of it does anything but insert itself or end a line.
 */
#include "shell/editor.h"

#include <errno.h>
#include <histedit.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "engine/base/text.h"
#include "engine/base/xalloc.h"
#include "shell/complete.h"
#include "shell/history.h"
#include "shell/interrupt.h"
#include "shell/resize.h"
#include "shell/state.h"

enum { HISTORY_LINES = 500, LITERAL_NEXT = 0x16, END_OF_INPUT = 0x04, READ_BYTES = 1024 };

#define PASTE_START "\033[200~"
#define PASTE_END "\033[201~"

struct editor {
    EditLine *line;
    History *commands, *answers; /* answers stays empty */
    struct history_file *file;
    const char *prompt;
    struct shell *shell;
    bool is_command;  /* the line that is being read; answers have no keys but those that edit */
    struct buf typed; /* read, not yet handed to libedit */
    wchar_t next;     /* behind LITERAL_NEXT; 0: none */
    bool pasting;
    bool outdated; /* the prompt: the mode of the session is another one */
};

bool editor_suits(const char *terminal)
{
    static const char *const families[] = {"xterm", "screen", "tmux",    "linux", "rxvt",  "alacritty",
                                           "kitty", "foot",   "konsole", "gnome", "putty", "wezterm",
                                           "vte",   "iterm",  "st-",     "vt220"};
    for (size_t i = 0; terminal && i < sizeof families / sizeof *families; i++)
        if (strncmp(terminal, families[i], strlen(families[i])) == 0)
            return true;
    return false;
}

static char *show_prompt(EditLine *line)
{
    struct editor *e;
    el_get(line, EL_CLIENTDATA, &e);
    return (char *)e->prompt;
}

static struct span before_cursor(EditLine *line)
{
    const LineInfo *info = el_line(line);
    return span_of(info->buffer, (size_t)(info->cursor - info->buffer));
}

/* Below the line, which is then drawn anew. */
static void show_news(struct editor *e)
{
    fputc('\n', stdout);
    fflush(stdout);
    terminal_tell_news(e->shell);
    el_set(e->line, EL_REFRESH);
}

/* Whether there is something to tell now.  In front of a question, only that the session has ended. */
static bool has_news(struct editor *e)
{
    return e->is_command || !link_is_alive(e->shell->link);
}

/* The count is of characters, and so is what libedit erases. */
static int characters(struct span text)
{
    int count = 0;
    for (size_t i = 0; i < text.n; i++)
        count += ((unsigned char)text.p[i] & 0xC0) != 0x80;
    return count;
}

/* The terminal has another size: the line is taken off the screen, where it was broken anew, and drawn for that. */
static void follow_size(struct editor *e)
{
    struct winsize size;
    resize_done();
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || !size.ws_col)
        return;
    int column = characters(span_text(e->prompt)) + characters(before_cursor(e->line));
    int rows = column / size.ws_col;
    fputc('\r', stdout);
    if (rows)
        printf("\033[%dA", rows);
    fputs("\033[J", stdout);
    fflush(stdout);
    el_resize(e->line);
    el_set(e->line, EL_REFRESH);
}

/* Until there is input, telling what happens meanwhile.  False when interrupted. */
static bool wait_for_input(struct editor *e)
{
    struct pollfd wait[] = {
        {.fd = STDIN_FILENO, .events = POLLIN}, {.events = POLLIN}, {.fd = resize_fd(), .events = POLLIN}};
    for (;;) {
        wait[1].fd = terminal_news_fd(e->shell);
        wait[0].revents = wait[1].revents = wait[2].revents = 0;
        if (!interrupt_poll(wait, 3, -1))
            return false;
        if (wait[2].revents)
            follow_size(e);
        if (wait[0].revents)
            return true;
        if (!wait[1].revents)
            continue;
        if (has_news(e))
            show_news(e);
        struct link *link = e->shell->link;
        e->outdated = e->is_command && link && link_has_new_mode(link) && before_cursor(e->line).n == 0;
        if (e->outdated || e->shell->leaving) /* the daemon ended the session */
            return false;
    }
}

/* Waits for more bytes: 1, 0 at the end, -1 when interrupted. */
static int read_more(struct editor *e)
{
    ssize_t got;
    do {
        if (!wait_for_input(e)) {
            errno = EINTR;
            return -1;
        }
        got = read(STDIN_FILENO, buf_reserve(&e->typed, READ_BYTES), READ_BYTES);
    } while (got < 0 && (errno == EINTR || errno == EAGAIN));
    if (got <= 0)
        return 0;
    e->typed.len += (size_t)got;
    return 1;
}

/* Takes the marker when it is next.  -1: more bytes are needed to know. */
static int take_marker(struct editor *e, const char *marker)
{
    size_t size = strlen(marker);
    size_t common = e->typed.len < size ? e->typed.len : size;
    if (memcmp(e->typed.data, marker, common) != 0)
        return 0;
    if (common < size)
        return common > 1 ? -1 : 0; /* a lone ESC is the key */
    buf_consume(&e->typed, size);
    return 1;
}

/* The next character off e->typed; WEOF: more bytes are needed. */
static wint_t take_character(struct editor *e)
{
    struct span typed = buf_span(&e->typed);
    size_t length = text_utf8_length(typed);
    mbstate_t state = {0};
    wchar_t c = 0xFFFD;
    if (!length && typed.n < 4 && (unsigned char)typed.p[0] >= 0xC2 &&
        mbrtowc(NULL, typed.p, typed.n, &state) == (size_t)-2)
        return WEOF;
    memset(&state, 0, sizeof state);
    if (length)
        mbrtowc(&c, typed.p, length, &state);
    buf_consume(&e->typed, length ? length : 1);
    if (c == L'\0')
        c = END_OF_INPUT; /* as the kernel keeps a Ctrl-D that was typed ahead */
    return (wint_t)c;
}

/* C0, DEL and C1. */
static bool is_control(wint_t c)
{
    return c < ' ' || (c >= 0x7F && c < 0xA0);
}

static bool ends_line(wint_t c)
{
    return c == '\r' || c == '\n';
}

/* What libedit calls for each character: 1, 0 at the end, -1 with errno. */
static int next_character(EditLine *line, wchar_t *out)
{
    struct editor *e;
    el_get(line, EL_CLIENTDATA, &e);
    if (e->next) {
        *out = e->next;
        e->next = 0;
        return 1;
    }
    for (;;) {
        int marker = e->typed.len ? take_marker(e, e->pasting ? PASTE_END : PASTE_START) : -1;
        wint_t c = WEOF;
        if (marker > 0)
            e->pasting = !e->pasting;
        if (marker == 0)
            c = take_character(e);
        if (c != WEOF && e->pasting && (c == '?' || (is_control(c) && !ends_line(c)))) {
            if (c != '\t' && c != '?')
                continue; /* no key of pasted text does anything */
            e->next = (wchar_t)c;
            c = LITERAL_NEXT;
        }
        if (c != WEOF) {
            *out = (wchar_t)c;
            return 1;
        }
        if (marker <= 0) {
            int more = read_more(e);
            if (more <= 0)
                return more;
        }
    }
}

/* ---- keys of our own ---- */

static unsigned char apply(struct editor *e, struct span text, struct completed *done)
{
    unsigned char result = CC_REFRESH;
    if (done->insert.len) {
        if (done->erase)
            el_deletestr(e->line, characters(span_slice(text, text.n - done->erase, text.n)));
        el_insertstr(e->line, buf_text(&done->insert));
    } else if (done->show.len) {
        fputc('\n', stdout);
        fwrite(done->show.data, 1, done->show.len, stdout);
        fflush(stdout);
        result = CC_REDISPLAY;
    } else {
        result = CC_NORM;
    }
    completed_free(done);
    return result;
}

static unsigned char on_tab(EditLine *line, int key)
{
    (void)key;
    struct editor *e;
    struct completed done;
    el_get(line, EL_CLIENTDATA, &e);
    if (!e->is_command)
        return CC_NORM;
    struct span text = before_cursor(line);
    complete_tab(e->shell, text, &done);
    return apply(e, text, &done);
}

static unsigned char on_question_mark(EditLine *line, int key)
{
    (void)key;
    struct editor *e;
    struct completed done;
    el_get(line, EL_CLIENTDATA, &e);
    struct span text = before_cursor(line);
    if (e->is_command && complete_help(e->shell, text, &done))
        return apply(e, text, &done);
    el_insertstr(line, "?");
    return CC_REFRESH;
}

/* libedit keeps the names of functions until the process ends, out of sight of a leak detector. */
static void add_functions(EditLine *line)
{
#ifdef __SANITIZE_ADDRESS__
    __lsan_disable();
#endif
    el_set(line, EL_ADDFN, "complete-word", "Complete the word in front of the cursor", on_tab);
    el_set(line, EL_ADDFN, "help-here", "Show what may come next", on_question_mark);
#ifdef __SANITIZE_ADDRESS__
    __lsan_enable();
#endif
}

static void bind_keys(EditLine *line)
{
    add_functions(line);
    el_set(line, EL_BIND, "^I", "complete-word", NULL);
    el_set(line, EL_BIND, "?", "help-here", NULL);
    el_set(line, EL_BIND, "^R", "em-inc-search-prev", NULL);
}

static void recall(const char *line, void *context)
{
    struct editor *e = context;
    HistEvent event;
    history(e->commands, &event, H_ENTER, line);
}

struct editor *editor_open(struct shell *sh)
{
    struct editor *e = xcalloc(1, sizeof *e);
    e->shell = sh;
    HistEvent event;
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        setlocale(LC_CTYPE, "en_US.UTF-8");
    e->commands = history_init();
    e->answers = history_init();
    e->line = el_init("mailward", stdin, stdout, stderr);
    if (!e->line || !e->commands || !e->answers) {
        editor_close(e);
        return NULL;
    }
    history(e->commands, &event, H_SETSIZE, HISTORY_LINES);
    history(e->commands, &event, H_SETUNIQUE, 1);
    el_set(e->line, EL_CLIENTDATA, e);
    el_set(e->line, EL_EDITOR, "emacs");
    el_set(e->line, EL_PROMPT, show_prompt);
    el_set(e->line, EL_GETCFN, next_character);
    /* Enter is a newline, as it is where lines are read without an editor: what is typed ahead may be for either. */
    el_set(e->line, EL_SETTY, "-d", "+icrnl", "-inlcr", NULL);
    bind_keys(e->line);
    e->file = history_file_open(recall, e);
    return e;
}

static void remember(struct editor *e, const char *text, size_t size)
{
    char *copy = xmemdup0(text, size);
    if (size)
        recall(copy, e);
    history_file_add(e->file, span_of(text, size));
    free(copy);
}

enum read_result editor_read(struct editor *e, const char *prompt, bool is_command, struct buf *line)
{
    static const char paste_on[] = "\033[?2004h", paste_off[] = "\033[?2004l";
    int count = 0;
    const char *last = strrchr(prompt, '\n');
    e->prompt = last ? last + 1 : prompt;
    e->is_command = is_command;
    e->outdated = false;
    el_set(e->line, EL_HIST, history, is_command ? e->commands : e->answers);
    el_set(e->line, EL_PREP_TERM, 1); /* before the prompt: who answers at once is not to be echoed twice */
    fputs(paste_on, stdout);          /* nothing may stand between the newline of a prompt and its text */
    fwrite(prompt, 1, (size_t)(e->prompt - prompt), stdout);
    const char *text = el_gets(e->line, &count);
    fputs(paste_off, stdout);
    fflush(stdout);
    if (e->outdated) {
        el_reset(e->line);
        return READ_INTERRUPTED;
    }
    if (interrupt_seen()) {
        buf_clear(&e->typed);
        e->pasting = false;
        el_reset(e->line);
        return READ_INTERRUPTED;
    }
    if (!text || count <= 0)
        return READ_END;
    size_t size = strlen(text);
    while (size && (text[size - 1] == '\n' || text[size - 1] == '\r'))
        size--;
    buf_append(line, text, size);
    if (is_command)
        remember(e, text, size);
    return READ_LINE;
}

bool editor_take_byte(struct editor *e, char *byte)
{
    if (!e->typed.len)
        return false;
    *byte = e->typed.data[0];
    buf_consume(&e->typed, 1);
    return true;
}

void editor_give_byte(struct editor *e, char byte)
{
    buf_append_char(&e->typed, byte);
}

void editor_close(struct editor *e)
{
    if (!e)
        return;
    if (e->line)
        el_end(e->line);
    if (e->commands)
        history_end(e->commands);
    if (e->answers)
        history_end(e->answers);
    history_file_close(e->file);
    buf_free(&e->typed);
    free(e);
}
