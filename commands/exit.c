/* exit: ends the session. */
#include "commands/changes.h"
#include "commands/command.h"

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count, (void)args;
    bool leave = true, pending;
    if (shell_is_interactive(sh)) {
        /* a daemon that has gone has no changes either */
        changes_pending(sh, &pending);
        if (pending &&
            ui_confirm(sh,
                       "There are changes that have not been committed; they are lost when you leave.\n"
                       "Are you sure you want to exit?",
                       false, &leave) != UI_DONE) {
            if (shell_aborted(sh) == API_INTERRUPTED)
                return API_INTERRUPTED;
            leave = true; /* nobody is there to answer */
        }
    }
    if (leave)
        shell_leave(sh);
    return API_DONE;
}

static const char *const aliases[] = {"q", "quit", NULL};

const struct command command_exit = {
    .name = "exit",
    .aliases = aliases,
    .summary = "end the session",
    .flags = COMMAND_LOCAL,
    .run = run,
};
