/* mailward: the admin shell.  Commands come from a terminal, from -c, from a file or from standard input; all of them
 * are run by the same code, and end with the same statuses (engine/wire/api.h). */
#define _GNU_SOURCE /* O_CLOEXEC, dprintf */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/dumps.h"
#include "shell/interrupt.h"
#include "shell/state.h"

/* Where commands and answers come from. */
static bool open_input(struct shell *sh, struct reader *commands, struct reader *answers, struct error *error)
{
    const struct options *o = &sh->options;
    *commands = *answers = reader_of_fd(STDIN_FILENO);
    sh->commands = sh->answers = commands;
    if (o->line) {
        *commands = reader_of_text(o->line);
        sh->answers = answers;
        sh->numbered = strchr(o->line, '\n') == NULL;
    } else if (o->file && strcmp(o->file, "-") != 0) {
        commands->fd = open(o->file, O_RDONLY | O_CLOEXEC);
        return commands->fd >= 0 || error_set_errno(error, "cannot read '%s'", o->file);
    } else if (!o->file) {
        sh->interactive = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    }
    return true;
}

int main(int argc, char **argv)
{
    static struct shell sh = {.out = {.fd = STDOUT_FILENO}};
    static struct reader commands, answers;
    switch (options_read(&sh.options, argc, argv)) {
    case OPTIONS_RUN:
        break;
    case OPTIONS_TOLD:
        return API_DONE;
    case OPTIONS_WRONG:
        return API_USAGE;
    }
    signal(SIGPIPE, SIG_IGN);
    dumps_forbid();
    interrupt_catch();
    struct error error;
    enum api_status status = API_FAILED;
    if (open_input(&sh, &commands, &answers, &error))
        status = sh.interactive ? terminal_run(&sh) : batch_run(&sh);
    else if (sh.options.json)
        report_final(&sh, status, error.text);
    else
        report_error(&sh, NULL, status, NULL, error.text);
    call_lost(&sh);
    json_decref(sh.closed);
    writer_flush(&sh.out);
    if (sh.out.failed) {
        dprintf(STDERR_FILENO, "output could not be written; what was done is done\n");
        status = status == API_DONE ? API_FAILED : status;
    }
    reader_close(&commands);
    reader_close(&answers);
    buf_free(&sh.out.waiting);
    return status;
}
