/* antispamupdate, graymailupdate, updatenow: look for updates now.  They only begin it; updater_logs tells the rest. */
#include <strings.h>

#include "commands/command.h"

struct request {
    const struct command *command;
    const char *engine;             /* of the method update.start */
    const char *const *words;       /* that may stand before `force`, ended by NULL */
    const char *checking, *forcing; /* the line that it prints */
};

/* The words [ENGINE] [force]. */
static bool read_words(const struct request *r, int arg_count, char **args, bool *force)
{
    int at = 0;
    for (const char *const *word = r->words; *word && arg_count > 0; word++)
        if (strcasecmp(args[0], *word) == 0)
            at = 1;
    *force = at < arg_count && strcasecmp(args[at], "force") == 0;
    return at + *force == arg_count;
}

static enum api_status start(struct shell *sh, const struct request *r, int arg_count, char **args)
{
    bool force;
    if (!read_words(r, arg_count, args, &force))
        return command_usage_error(sh, r->command, "'%s' is not expected here", args[arg_count - 1]);
    enum api_status status = shell_call(
        sh, json_pack("{s:s,s:s,s:b}", "method", "update.start", "engine", r->engine, "force", (int)force),
        NULL);
    if (status == API_DONE)
        out_text(sh, "%s\n", force ? r->forcing : r->checking);
    return status;
}

static enum api_status run_antispamupdate(struct shell *sh, int arg_count, char **args)
{
    static const char *const words[] = {"ironport", "multiscan", NULL};
    return start(sh,
                 &(struct request){&command_antispamupdate, "antispam", words,
                                   "Checking for updates of CASE rules.", "Forcing updates for CASE rules."},
                 arg_count, args);
}

static const char *const no_words[] = {NULL};

static enum api_status run_graymailupdate(struct shell *sh, int arg_count, char **args)
{
    return start(sh,
                 &(struct request){&command_graymailupdate, "graymail", no_words,
                                   "Checking for updates of graymail rules.",
                                   "Forcing updates for graymail rules."},
                 arg_count, args);
}

static enum api_status run_updatenow(struct shell *sh, int arg_count, char **args)
{
    return start(sh,
                 &(struct request){&command_updatenow, "all", no_words,
                                   "Success - Update for all components requested",
                                   "Success - Force update for all components requested"},
                 arg_count, args);
}

const struct command command_antispamupdate = {
    .name = "antispamupdate",
    .summary = "look for updates of anti-spam rules",
    .flags = COMMAND_MACHINE,
    .usage = "[ironport|multiscan] [force]",
    .details = "force also fetches what is installed already, or was refused.\n",
    .most_args = 2,
    .run = run_antispamupdate,
};

const struct command command_graymailupdate = {
    .name = "graymailupdate",
    .summary = "look for updates of graymail rules",
    .flags = COMMAND_MACHINE,
    .usage = "[force]",
    .most_args = 1,
    .run = run_graymailupdate,
};

const struct command command_updatenow = {
    .name = "updatenow",
    .summary = "look for updates of all components",
    .flags = COMMAND_MACHINE,
    .usage = "[force]",
    .most_args = 1,
    .run = run_updatenow,
};
