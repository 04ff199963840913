/* commitdetail: the last commit of this session. */
#include "commands/command.h"
#include "commands/commit.h"
#include "commands/values.h"

static enum api_status run(struct shell *sh, int arg_count, char **args)
{
    (void)arg_count, (void)args;
    const struct session_commit *last = commit_last();
    if (!last->revision) {
        out_text(sh, "Nothing has been committed in this session.\n");
        return API_DONE;
    }
    struct buf when = {0};
    time_put(&when, last->time);
    out_text(sh, "Commit at %s\n  Revision: %" JSON_INTEGER_FORMAT "\n  Comments: %s\n", buf_text(&when),
             last->revision, last->comment);
    out_value(sh, "revision", json_integer(last->revision));
    out_value(sh, "time", json_integer(last->time));
    out_value(sh, "comment", json_string(last->comment));
    buf_free(&when);
    return API_DONE;
}

const struct command command_commitdetail = {
    .name = "commitdetail",
    .summary = "show the last commit of this session",
    .run = run,
};
