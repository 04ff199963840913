/* The terminal without its echo, and how it is put back: at the end of the line, after Ctrl-C, and before a signal ends us. */
#define _POSIX_C_SOURCE 200809L /* sigaction */
#include "shell/hidden.h"

#include <errno.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "shell/editor.h"
#include "shell/interrupt.h"
#include "shell/state.h"

static struct termios before, silent;

/* Whoever stopped us may have put the terminal back to what it was. */
static void silence(int number)
{
    (void)number;
    int error = errno;
    tcsetattr(STDIN_FILENO, TCSANOW, &silent);
    errno = error;
}

static void on_continue(void (*act)(int))
{
    struct sigaction action = {.sa_handler = act, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGCONT, &action, NULL);
}

void hidden_begin(struct shell *sh)
{
    if (!sh->interactive || tcgetattr(STDIN_FILENO, &before) != 0)
        return;
    silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    silence(0);
    on_continue(silence);
    terminal_give_editor(sh, false);
    sh->hidden = true;
}

void hidden_end(struct shell *sh, bool read)
{
    if (!sh->hidden)
        return;
    sh->hidden = false;
    on_continue(SIG_DFL);
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    if (interrupt_seen()) /* half a secret is no command */
        sh->answers->used = sh->answers->in.len;
    terminal_give_editor(sh, true);
    if (read)
        writer_put(&sh->out, SPAN("\n"));
    writer_flush(&sh->out);
}
