/* Counting lines, and the key between two screens. */
#include "shell/pager.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "shell/editor.h"
#include "shell/interrupt.h"
#include "shell/state.h"

#define MORE "-Press Any Key For More-"
#define ERASE "\r                         \r" /* 25 blanks: programs look for them */

enum { ESCAPE = 0x1B };

void pager_begin(struct shell *sh)
{
    sh->pager = (struct pager){.off = sh->pager.off};
}

void pager_restart(struct shell *sh)
{
    sh->pager.lines = sh->pager.column = 0;
}

/* ---- the key ---- */

static bool read_byte(char *c)
{
    struct pollfd wait = {.fd = STDIN_FILENO, .events = POLLIN};
    return interrupt_poll(&wait, 1, -1) && read(STDIN_FILENO, c, 1) == 1;
}

/* The rest of a key that sends several bytes. */
static void drop_sequence(void)
{
    struct pollfd wait = {.fd = STDIN_FILENO, .events = POLLIN};
    char c = '[';
    while ((c == '[' || c == 'O' || (c >= '0' && c <= ';')) && poll(&wait, 1, 0) > 0)
        if (read(STDIN_FILENO, &c, 1) != 1)
            break;
}

/* What was typed ahead comes first. */
static bool take_key(struct shell *sh, char *c)
{
    struct termios before, raw;
    if (sh->editor ? editor_take_byte(sh->editor, c) : reader_take_byte(sh->answers, c))
        return true;
    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return false;
    raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    bool got = read_byte(c);
    if (got && *c == ESCAPE)
        drop_sequence();
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    return got;
}

static void ask(struct shell *sh)
{
    char key = 'q';
    writer_put(&sh->out, SPAN(MORE));
    writer_flush(&sh->out);
    bool got = take_key(sh, &key);
    writer_put(&sh->out, SPAN(ERASE));
    writer_flush(&sh->out);
    sh->pager.stopped = !got || key == 'q' || key == 'Q';
    pager_restart(sh);
}

/* ---- lines ---- */

/* Rows and columns; rows 0: unknown. */
static struct winsize screen(void)
{
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
        size.ws_row = 0;
    return size;
}

static void count_line(struct pager *p, size_t width, bool ended, unsigned columns)
{
    p->column += (unsigned)width;
    for (; columns && p->column > columns; p->column -= columns)
        p->lines++;
    if (ended) {
        p->lines++;
        p->column = 0;
    }
}

void pager_put(struct shell *sh, struct span text)
{
    struct pager *p = &sh->pager;
    struct winsize size = sh->interactive && !p->off && !p->following ? screen() : (struct winsize){0};
    while (text.n && !p->stopped) {
        if (size.ws_row > 1 && p->lines >= (unsigned)size.ws_row - 1) {
            ask(sh);
            continue;
        }
        size_t width = span_find(text, '\n');
        bool ended = width < text.n;
        writer_put(&sh->out, span_slice(text, 0, width + ended));
        count_line(p, width, ended, size.ws_col);
        text = span_slice(text, width + ended, text.n);
    }
}
