/* commit: makes the changes of this session take effect. */
#include "commands/commit.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "commands/changes.h"
#include "commands/command.h"
#include "commands/values.h"
#include "engine/base/xalloc.h"

static struct session_commit last; /* one process is one session */

const struct session_commit *commit_last(void)
{
    return &last;
}

/* ---- the answer ---- */

static void tell_commit(struct shell *sh, const json_t *result, const char *comment)
{
    json_t *revision = json_object_get(result, "revision");
    if (!json_is_integer(revision)) {
        out_text(sh, "There is no data to commit.\n");
        return;
    }
    struct buf when = {0};
    last.revision = json_integer_value(revision);
    last.time = json_integer_value(json_object_get(result, "time"));
    free(last.comment);
    last.comment = xstrdup(comment);
    time_put(&when, last.time);
    out_text(sh, "Changes committed: %s\n", buf_text(&when));
    out_value(sh, "revision", json_incref(revision));
    buf_free(&when);
}

static enum api_status with_conflicts(struct shell *sh, enum api_status status, json_t *result)
{
    json_t *conflicts = json_object_get(result, "conflicts");
    if (status == API_CONFLICT && conflicts)
        conflicts_show(sh, conflicts, json_integer_value(json_object_get(result, "count")));
    json_decref(result);
    return status;
}

static enum api_status commit(struct shell *sh, const char *comment, bool hidden)
{
    if (strlen(comment) > API_COMMENT_MAX)
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "the comment has %zu bytes; it may have %d",
                          strlen(comment), API_COMMENT_MAX);
    json_t *result, *request = json_pack("{s:s,s:s,s:b}", "method", "config.commit", "comment", comment,
                                         "hidden", (int)hidden);
    if (!request)
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "the comment is not UTF-8");
    enum api_status status = shell_commit(sh, request, &result);
    if (result && (status == API_DONE || status == API_NOT_APPLIED)) /* NULL: only a check */
        tell_commit(sh, result, comment);
    return with_conflicts(sh, status, result);
}

/* ---- the dialogue ---- */

/* Without a terminal nothing is asked: the next line is the next command (R8). */
static enum api_status dialogue(struct shell *sh)
{
    bool has, keep = true;
    if (!shell_is_interactive(sh))
        return commit(sh, "", false);
    enum api_status status = changes_pending(sh, &has);
    if (status != API_DONE)
        return status;
    if (!has) {
        out_text(sh, "There is no data to commit.\n");
        return API_DONE;
    }
    struct buf comment = {0};
    enum ui_result result = ui_ask(sh, "Please enter some comments describing your changes:", "", &comment);
    if (result == UI_DONE)
        result = ui_yes_no(sh, "Do you want to save the current configuration for rollback?", &keep);
    status = result == UI_DONE ? commit(sh, buf_text(&comment), !keep) : shell_aborted(sh);
    buf_free(&comment);
    return status;
}

/* ---- words ---- */

/* commit "text" [Y|N] */
static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    bool confirm = arg_count && strncasecmp(args[0], "confirm", 7) == 0 && !shell_is_quoted(sh, args[0]);
    if (confirm) /* a script that relies on it must not make a permanent commit (R8) */
        return shell_fail(sh, API_ERROR_INVALID_ARGUMENTS,
                          "'commit %s' is not available yet; quote it to make it a comment", args[0]);
    bool unasked = !arg_count || (strcmp(args[0], "-y") == 0 && !shell_is_quoted(sh, args[0]));
    if (unasked && arg_count == 2)
        return command_usage_error(sh, &command_commit, "'-y' takes no comment: give one or the other");
    bool no = arg_count == 2 && (strcasecmp(args[1], "n") == 0 || strcasecmp(args[1], "no") == 0);
    bool yes = arg_count == 2 && (strcasecmp(args[1], "y") == 0 || strcasecmp(args[1], "yes") == 0);
    if (arg_count == 2 && !no && !yes)
        return command_usage_error(sh, &command_commit,
                                   "'%s' is not Y or N; a comment of several words needs double quotes",
                                   args[1]);
    return commit(sh, unasked ? "" : args[0], no);
}

static enum api_status check(struct shell *sh, const struct call *call)
{
    (void)call;
    json_t *result;
    json_t *request = json_pack("{s:s,s:b}", "method", "config.commit", "check", 1);
    enum api_status status = shell_commit(sh, request, &result);
    if (status == API_DONE && shell_is_interactive(sh))
        out_text(sh, "The changes can be committed.\n");
    return with_conflicts(sh, status, result);
}

static enum api_status rebase(struct shell *sh, const struct call *call)
{
    const char *keep = call->depth > 1 ? call->path[call->depth - 1]->word : NULL;
    const char *table = call->arg_count > 0 ? call->args[0] : NULL,
               *key = call->arg_count > 1 ? call->args[1] : NULL;
    json_t *result, *request = json_pack("{s:s,s:s*,s:s*,s:s*}", "method", "config.rebase", "keep", keep,
                                         "table", table, "key", key);
    if (!request)
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "a name is not UTF-8");
    enum api_status status = shell_call(sh, request, &result);
    return with_conflicts(sh, status, result);
}

static const struct verb keep_verbs[] = {
    {.word = "mine",
     .text = "What this session set counts.",
     .usage = "[TABLE [ROW]]",
     .most_args = 2,
     .batch = rebase},
    {.word = "theirs",
     .text = "What was committed meanwhile counts.",
     .usage = "[TABLE [ROW]]",
     .most_args = 2,
     .batch = rebase},
    {.word = NULL},
};

static const struct verb rebase_verbs[] = {
    {.word = "keep", .text = "Settle conflicts.", .verbs = keep_verbs},
    {.word = NULL},
};

static const struct verb verbs[] = {
    {.word = "check", .text = "Check the changes and commit nothing.", .batch = check},
    {.word = "rebase",
     .text = "Move the changes onto the newest revision.",
     .verbs = rebase_verbs,
     .batch = rebase},
    {.word = NULL},
};

const struct command command_commit = {
    .name = "commit",
    .summary = "make the changes take effect",
    .verbs = verbs,
    .usage = "[-y | \"COMMENT\" [Y|N]]",
    .details = "  -y                     commit without a comment\n"
               "  N                      do not offer the revision for roll-back\n",
    .most_args = 2,
    .run = run,
    .dialogue = dialogue,
};
