/* clearchanges: gives up the changes of this session. */
#include <time.h>

#include "commands/command.h"
#include "commands/values.h"

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count, (void)args;
    bool yes;
    if (ui_confirm(sh, "Are you sure you want to clear all changes since the last commit?", true, &yes) !=
        UI_DONE)
        return shell_aborted(sh);
    if (!yes)
        return API_DONE;
    enum api_status status = shell_call(sh, json_pack("{s:s}", "method", "config.clear"), NULL);
    if (status == API_DONE && shell_is_interactive(sh)) {
        struct buf when = {0};
        time_put(&when, (json_int_t)time(NULL) * 1000000);
        out_text(sh, "Changes cleared: %s\n", buf_text(&when));
        buf_free(&when);
    }
    return status;
}

static const char *const aliases[] = {"clear", NULL};

const struct command command_clearchanges = {
    .name = "clearchanges",
    .aliases = aliases,
    .summary = "give up the changes of this session",
    .run = run,
};
