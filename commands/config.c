/* config: the advisory lock of the configuration. */
#include "commands/command.h"
#include "commands/values.h"

static enum api_status ask(struct shell *sh, const char *operation, const char *comment, json_t **result)
{
    json_t *request =
        json_pack("{s:s,s:s,s:s*}", "method", "config.lock", "operation", operation, "comment", comment);
    if (!request)
        return shell_fail(sh, API_ERROR_INVALID_VALUE, "the note is not UTF-8");
    return shell_call(sh, request, result);
}

static enum api_status lock(struct shell *sh, const struct call *call)
{
    return ask(sh, "lock", call->arg_count ? call->args[0] : NULL, NULL);
}

static enum api_status unlock(struct shell *sh, const struct call *call)
{
    (void)call;
    return ask(sh, "unlock", NULL, NULL);
}

static enum api_status status(struct shell *sh, const struct call *call)
{
    (void)call;
    json_t *result;
    enum api_status outcome = ask(sh, "status", NULL, &result);
    json_t *locked = json_object_get(result, "lock");
    if (outcome == API_DONE && json_is_object(locked)) {
        struct buf since = {0};
        time_put(&since, json_integer_value(json_object_get(locked, "since")));
        out_text(sh, "Locked by %s since %s: %s\n", text_of(locked, "user"), buf_text(&since),
                 text_of(locked, "comment"));
        buf_free(&since);
    } else if (outcome == API_DONE) {
        out_text(sh, "The configuration is not locked.\n");
    }
    if (locked)
        out_value(sh, "lock", json_incref(locked));
    json_decref(result);
    return outcome;
}

static const struct verb verbs[] = {
    {.word = "lock",
     .text = "Tell all others that this session is at work; it keeps nobody from committing.",
     .usage = "[\"NOTE\"]",
     .most_args = 1,
     .batch = lock},
    {.word = "unlock", .text = "End that, also for another session.", .batch = unlock},
    {.word = "status", .text = "Who has it.", .batch = status},
    {.word = NULL},
};

const struct command command_config = {
    .name = "config",
    .summary = "tell other administrators that you are changing the configuration",
    .verbs = verbs,
};
