/* suspend, resume and their parts: whether the gateway takes mail and whether it delivers. */
#include <string.h>

#include "commands/command.h"

static void tell(struct shell *sh, const char *what, const char *name, const json_t *result)
{
    json_t *suspended = json_object_get(result, name);
    out_text(sh, "%s %s.\n", what, json_is_true(suspended) ? "suspended" : "active");
    out_value(sh, name, suspended ? json_incref(suspended) : json_null());
}

/* part NULL: both. */
static enum api_status operate(struct shell *sh, const char *operation, const char *part)
{
    json_t *result;
    enum api_status status = shell_call(
        sh, json_pack("{s:s,s:s,s:s*}", "method", "suspend", "operation", operation, "part", part), &result);
    if (status == API_DONE) {
        tell(sh, "Receiving", "listeners", result);
        tell(sh, "Mail delivery", "delivery", result);
    }
    json_decref(result);
    return status;
}

/* There is one switch for all listeners. */
static enum api_status operate_listeners(struct shell *sh, const struct command *command,
                                         const char *operation, int arg_count, char **args)
{
    if (arg_count == 1 && strcmp(args[0], "all") != 0)
        return command_usage_error(sh, command, "'%s' is not all: listeners are suspended together", args[0]);
    return operate(sh, operation, "listeners");
}

static enum api_status run_suspend(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count, (void)args;
    return operate(sh, "suspend", NULL);
}

static enum api_status run_resume(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count, (void)args;
    return operate(sh, "resume", NULL);
}

static enum api_status run_suspenddel(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count, (void)args;
    return operate(sh, "suspend", "delivery");
}

static enum api_status run_resumedel(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count, (void)args;
    return operate(sh, "resume", "delivery");
}

static enum api_status run_suspendlistener(struct shell *sh, int arg_count, char **args)
{
    return operate_listeners(sh, &command_suspendlistener, "suspend", arg_count, args);
}

static enum api_status run_resumelistener(struct shell *sh, int arg_count, char **args)
{
    return operate_listeners(sh, &command_resumelistener, "resume", arg_count, args);
}

const struct command command_suspend = {
    .name = "suspend",
    .summary = "suspend receiving and delivery",
    .run = run_suspend,
};

const struct command command_resume = {
    .name = "resume",
    .summary = "resume receiving and delivery",
    .run = run_resume,
};

const struct command command_suspenddel = {
    .name = "suspenddel",
    .summary = "suspend delivery; mail is still taken",
    .run = run_suspenddel,
};

const struct command command_resumedel = {
    .name = "resumedel",
    .summary = "resume delivery",
    .run = run_resumedel,
};

const struct command command_suspendlistener = {
    .name = "suspendlistener",
    .summary = "suspend receiving: clients are told to try again later",
    .usage = "[all]",
    .most_args = 1,
    .run = run_suspendlistener,
};

const struct command command_resumelistener = {
    .name = "resumelistener",
    .summary = "resume receiving",
    .usage = "[all]",
    .most_args = 1,
    .run = run_resumelistener,
};
