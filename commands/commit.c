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

/* What a person or a line asks for. */
struct wish {
    const char *comment;
    bool hidden;
    int64_t confirm; /* seconds; 0: for good */
};

static enum api_status commit(struct shell *sh, const struct wish *wish)
{
    if (strlen(wish->comment) > API_COMMENT_MAX)
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "the comment has %zu bytes; it may have %d",
                          strlen(wish->comment), API_COMMENT_MAX);
    json_t *result, *request = json_pack("{s:s,s:s,s:b}", "method", "config.commit", "comment", wish->comment,
                                         "hidden", (int)wish->hidden);
    if (!request)
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "the comment is not UTF-8");
    if (wish->confirm)
        json_object_set_new(request, "confirm", json_integer(wish->confirm));
    enum api_status status = shell_commit(sh, request, &result);
    if (result && (status == API_DONE || status == API_NOT_APPLIED)) /* NULL: only a check */
        tell_commit(sh, result, wish->comment);
    return with_conflicts(sh, status, result);
}

/* ---- the dialogue ---- */

/* Without a terminal nothing is asked: the next line is the next command (R8). */
static enum api_status dialogue(struct shell *sh)
{
    bool has, keep = true;
    if (!shell_is_interactive(sh))
        return commit(sh, &(struct wish){.comment = ""});
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
    status = result == UI_DONE ? commit(sh, &(struct wish){.comment = buf_text(&comment), .hidden = !keep})
                               : shell_aborted(sh);
    buf_free(&comment);
    return status;
}

/* ---- words ---- */

/* "90s", "10m", "1h"; a number alone counts minutes. */
static bool read_time(const char *text, int64_t *seconds)
{
    static const struct {
        const char *unit;
        int64_t seconds;
    } units[] = {{"s", 1}, {"m", 60}, {"", 60}, {"h", 3600}};
    uint64_t number;
    size_t digits = strspn(text, "0123456789");
    if (!span_parse_u64(span_of(text, digits), &number) || number == 0 || number > API_CONFIRM_MAX)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcasecmp(text + digits, units[i].unit) == 0)
            *seconds = (int64_t)number * units[i].seconds;
    return *seconds && *seconds <= API_CONFIRM_MAX;
}

/* commit [confirm=TIME] ["text" [Y|N]]; commit -y */
static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    static const char confirm[] = "confirm=";
    struct wish wish = {.comment = ""};
    if (arg_count && strncasecmp(args[0], confirm, strlen(confirm)) == 0 && !shell_is_quoted(sh, args[0])) {
        if (!read_time(args[0] + strlen(confirm), &wish.confirm))
            return shell_fail(sh, API_ERROR_INVALID_VALUE,
                              "'%s' is not a time such as 90s, 10m or 1h, of a week at most",
                              args[0] + strlen(confirm));
        args++, arg_count--;
    }
    bool unasked = arg_count && strcmp(args[0], "-y") == 0 && !shell_is_quoted(sh, args[0]);
    if (unasked && arg_count == 2)
        return command_usage_error(sh, &command_commit, "'-y' takes no comment: give one or the other");
    bool yes = arg_count == 2 && (strcasecmp(args[1], "y") == 0 || strcasecmp(args[1], "yes") == 0);
    wish.hidden = arg_count == 2 && (strcasecmp(args[1], "n") == 0 || strcasecmp(args[1], "no") == 0);
    if (arg_count > 2 || (arg_count == 2 && !wish.hidden && !yes))
        return command_usage_error(sh, &command_commit,
                                   "'%s' is not Y or N; a comment of several words needs double quotes",
                                   args[1]);
    if (arg_count && !unasked)
        wish.comment = args[0];
    return commit(sh, &wish);
}

/* ---- the answer to a commit that must be confirmed ---- */

static enum api_status ask_confirm(struct shell *sh, const char *operation, json_t **result)
{
    json_t *request = json_pack("{s:s,s:s}", "method", "config.confirm", "operation", operation);
    return shell_call(sh, request, result);
}

static enum api_status confirm_accept(struct shell *sh, const struct call *call)
{
    (void)call;
    json_t *result;
    enum api_status status = ask_confirm(sh, "accept", &result);
    if (status == API_DONE && shell_is_interactive(sh))
        out_text(sh, "Revision %" JSON_INTEGER_FORMAT " stays.\n",
                 json_integer_value(json_object_get(result, "revision")));
    json_decref(result);
    return status;
}

static enum api_status confirm_reject(struct shell *sh, const struct call *call)
{
    (void)call;
    json_t *result;
    enum api_status status = ask_confirm(sh, "reject", &result);
    if (status == API_DONE)
        tell_commit(sh, result, "");
    json_decref(result);
    return status;
}

static enum api_status confirm_status(struct shell *sh, const struct call *call)
{
    (void)call;
    json_t *result;
    enum api_status status = ask_confirm(sh, "status", &result);
    json_t *pending = json_object_get(result, "confirmation");
    if (status == API_DONE)
        out_text(sh, "%s\n",
                 json_is_object(pending) ? text_of(pending, "notice")
                                         : "No revision waits for a confirmation.");
    if (pending)
        out_value(sh, "confirmation", json_incref(pending));
    json_decref(result);
    return status;
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

static const struct verb confirm_verbs[] = {
    {.word = "accept", .text = "The revision stays.", .batch = confirm_accept},
    {.word = "reject", .text = "The revision before it is restored now.", .batch = confirm_reject},
    {.word = "status", .text = "How long there is for an answer.", .batch = confirm_status},
    {.word = NULL},
};

static const struct verb verbs[] = {
    {.word = "check", .text = "Check the changes and commit nothing.", .batch = check},
    {.word = "confirm",
     .text = "Answer a commit that must be confirmed.",
     .verbs = confirm_verbs,
     .batch = confirm_status},
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
    .usage = "[confirm=TIME] [-y | \"COMMENT\" [Y|N]]",
    .details = "  confirm=TIME           undo it after this time (90s, 10m, 1h) unless somebody confirms it\n"
               "  -y                     commit without a comment\n"
               "  N                      do not offer the revision for roll-back\n",
    .most_args = 3,
    .run = run,
    .dialogue = dialogue,
};
