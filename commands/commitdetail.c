/* commitdetail: the last commit of this session, or what became of one whose outcome is not known. */
#include "commands/command.h"
#include "commands/commit.h"
#include "commands/values.h"

static void show(struct shell *sh, json_int_t revision, json_int_t time, const char *comment)
{
    struct buf when = {0};
    time_put(&when, time);
    out_text(sh, "Commit at %s\n  Revision: %" JSON_INTEGER_FORMAT "\n  Comments: %s\n", buf_text(&when),
             revision, comment);
    out_value(sh, "revision", json_integer(revision));
    out_value(sh, "time", json_integer(time));
    out_value(sh, "comment", json_string(comment));
    buf_free(&when);
}

static enum api_status look_up(struct shell *sh, const char *id)
{
    json_t *result, *request = json_pack("{s:s,s:s}", "method", "config.lookup", "commit_id", id);
    if (!request)
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "the id is not UTF-8");
    enum api_status status = shell_call(sh, request, &result);
    json_t *revision = json_object_get(result, "revision");
    if (status == API_DONE && !json_is_integer(revision))
        status = shell_fail(sh, API_ERROR_NOT_FOUND, "commit '%s'", id);
    else if (status == API_DONE)
        show(sh, json_integer_value(revision), json_integer_value(json_object_get(result, "time")),
             text_of(result, "comment"));
    json_decref(result);
    return status;
}

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    const struct session_commit *last = commit_last();
    if (arg_count)
        return look_up(sh, args[0]);
    if (last->revision)
        show(sh, last->revision, last->time, last->comment);
    else
        out_text(sh, "Nothing has been committed in this session.\n");
    return API_DONE;
}

const struct command command_commitdetail = {
    .name = "commitdetail",
    .summary = "show the last commit of this session, or one by its id",
    .usage = "[ID]",
    .most_args = 1,
    .run = run,
};
