/* suspend, resume and their parts: whether the gateway takes mail and whether it delivers. */
#include <string.h>

#include "commands/command.h"

static void tell_delivery(struct shell *sh, const json_t *result)
{
    json_t *suspended = json_object_get(result, "delivery");
    out_text(sh, "Mail delivery %s.\n", json_is_true(suspended) ? "suspended" : "active");
    out_value(sh, "delivery", json_incref(suspended));
}

static void tell_receiving(struct shell *sh, const json_t *result)
{
    json_t *all = json_object_get(result, "listeners"),
           *some = json_object_get(result, "suspended_listeners");
    size_t i;
    json_t *name;
    out_text(sh, "Receiving %s", json_is_true(all) ? "suspended" : "active");
    json_array_foreach(some, i, name)
        out_text(sh, "%s%s", i ? ", " : ", but suspended on ", json_string_value(name));
    out_text(sh, ".\n");
    out_value(sh, "listeners", json_incref(all));
    out_value(sh, "suspended_listeners", json_incref(some));
}

/* part NULL: both.  names (taken over) are those of some listeners; NULL: all. */
static enum api_status operate(struct shell *sh, const char *operation, const char *part, json_t *names)
{
    json_t *result;
    enum api_status status = shell_call(sh,
                                        json_pack("{s:s,s:s,s:s*,s:o*}", "method", "suspend", "operation",
                                                  operation, "part", part, "names", names),
                                        &result);
    if (status == API_DONE && result) {
        tell_receiving(sh, result);
        tell_delivery(sh, result);
    }
    json_decref(result);
    return status;
}

/* "NAME,NAME"; NULL with *status after an error. */
static json_t *split_names(struct shell *sh, const struct command *command, const char *text,
                           enum api_status *status)
{
    json_t *names = json_array();
    *status = API_DONE;
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",");
        if (length == 0)
            *status = command_usage_error(sh, command, "'%s' has an empty name", text);
        else if (json_array_append_new(names, json_stringn(at, length)) != 0)
            *status = shell_fail(sh, API_ERROR_INVALID_VALUE, "a name is not UTF-8");
        at += length;
        if (*at == '\0' || *status != API_DONE)
            break;
    }
    if (*status == API_DONE)
        return names;
    json_decref(names);
    return NULL;
}

static enum api_status operate_listeners(struct shell *sh, const struct command *command,
                                         const char *operation, int arg_count, char **args)
{
    enum api_status status;
    if (arg_count == 0 || (strcmp(args[0], "all") == 0 && !shell_is_quoted(sh, args[0])))
        return operate(sh, operation, "listeners", NULL);
    json_t *names = split_names(sh, command, args[0], &status);
    return names ? operate(sh, operation, "listeners", names) : status;
}

static enum api_status run_suspend(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count, (void)args;
    return operate(sh, "suspend", NULL, NULL);
}

static enum api_status run_resume(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count, (void)args;
    return operate(sh, "resume", NULL, NULL);
}

static enum api_status run_suspenddel(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count, (void)args;
    return operate(sh, "suspend", "delivery", NULL);
}

static enum api_status run_resumedel(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count, (void)args;
    return operate(sh, "resume", "delivery", NULL);
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
    .flags = COMMAND_MACHINE,
    .run = run_suspend,
};

const struct command command_resume = {
    .name = "resume",
    .summary = "resume receiving and delivery",
    .flags = COMMAND_MACHINE,
    .run = run_resume,
};

const struct command command_suspenddel = {
    .name = "suspenddel",
    .summary = "suspend delivery; mail is still taken",
    .flags = COMMAND_MACHINE,
    .run = run_suspenddel,
};

const struct command command_resumedel = {
    .name = "resumedel",
    .summary = "resume delivery",
    .flags = COMMAND_MACHINE,
    .run = run_resumedel,
};

const struct command command_suspendlistener = {
    .name = "suspendlistener",
    .summary = "suspend listeners: their clients are told to try again later",
    .flags = COMMAND_MACHINE,
    .usage = "[NAME[,NAME]...|all]",
    .most_args = 1,
    .run = run_suspendlistener,
};

const struct command command_resumelistener = {
    .name = "resumelistener",
    .summary = "resume listeners",
    .flags = COMMAND_MACHINE,
    .usage = "[NAME[,NAME]...|all]",
    .most_args = 1,
    .run = run_resumelistener,
};
