/* resetconfig: the candidate becomes what a new instance starts with. */
#include "commands/command.h"
#include "commands/ui.h"

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count, (void)args;
    bool yes;
    enum ui_result result = ui_confirm(
        sh,
        "All settings go back to what they were when this machine was new; mail should be suspended first.\n"
        "Are you sure you want to continue?",
        false, &yes);
    if (result != UI_DONE || !yes)
        return ui_status(sh, result);
    enum api_status status = shell_call(sh, json_pack("{s:s}", "method", "config.reset"), NULL);
    if (status == API_DONE && shell_is_interactive(sh))
        out_text(sh, "\nCommit the changes to make them active.\n");
    return status;
}

const struct command command_resetconfig = {
    .name = "resetconfig",
    .summary = "put all settings back to those of a new machine",
    .flags = COMMAND_CONFIG,
    .run = run,
};
