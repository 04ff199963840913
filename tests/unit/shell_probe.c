/* The commands of shell_probe: the real shell with commands that use every part of commands/shell.h, for
 * tests/system/test_shell_channels.py, which plays the daemon. */
#include <stdlib.h>
#include <strings.h>

#include "commands/command.h"
#include "commands/complete.h"
#include "engine/schema/schema.h"
#include "shell/describe.h"

/* The tables of the real commands are not here, and so neither is what is made of them. */
bool describe(const char *form, struct buf *out)
{
    (void)form, (void)out;
    return false;
}

int command_secret_word(int count, char **words)
{
    int i = 0;
    while (i < count && strncmp(words[i], "--secret=", 9) != 0)
        i++;
    return i;
}

const struct command *command_find(const char *name)
{
    (void)name;
    return NULL;
}

void complete_words(struct shell *sh, int count, char **words, const char *partial, struct completions *c)
{
    (void)sh, (void)count, (void)words, (void)partial;
    *c = (struct completions){0};
}

void completions_free(struct completions *c)
{
    buf_free(&c->hint);
}

/* What the test's daemon greets with. */
uint64_t schema_fingerprint(void)
{
    return 0x1234;
}

static json_t *edit_of(const char *key)
{
    return json_pack("{s:s,s:s,s:s}", "table", "smtproutes", "verb", "put", "key", key);
}

static enum api_status run_put(struct shell *sh, char **args)
{
    json_t *edits = json_array();
    for (; *args; args++)
        json_array_append_new(edits, edit_of(*args));
    return shell_edit(sh, edits);
}

/* many COUNT: more edits in one command than fit into one request. */
static enum api_status run_many(struct shell *sh, char **args)
{
    json_t *edits = json_array();
    for (int i = 0; i < atoi(args[0]); i++)
        json_array_append_new(edits, edit_of("a-key-of-some-length.example.com"));
    return shell_edit(sh, edits);
}

/* now KEY: an edit that waits for its answer, as imports do. */
static enum api_status run_now(struct shell *sh, char **args)
{
    json_t *request = json_pack("{s:s,s:[o]}", "method", "config.edit", "edits", edit_of(args[0]));
    return shell_call(sh, request, NULL);
}

static enum api_status run_commit(struct shell *sh, char **args)
{
    json_t *result,
        *request = json_pack("{s:s,s:s}", "method", "config.commit", "comment", args[0] ? args[0] : "");
    enum api_status status = shell_commit(sh, request, &result);
    if (status == API_DONE && result)
        out_text(sh, "Changes committed: %d\n", (int)json_integer_value(json_object_get(result, "revision")));
    json_decref(result);
    return status;
}

static enum api_status run_say(struct shell *sh, char **args)
{
    out_text(sh, "said %s%s\n", args[0], shell_is_quoted(sh, args[0]) ? " in quotes" : "");
    out_value(sh, "said", json_string(args[0]));
    return API_DONE;
}

static enum api_status run_ask(struct shell *sh, char **args)
{
    struct buf first = {0}, second = {0};
    enum api_status status = API_DONE;
    (void)args;
    if (!shell_read_answer(sh, "First word?\n[one]> ", &first) ||
        !shell_read_answer(sh, "Second? []> ", &second))
        status = shell_aborted(sh);
    else if (span_equal(buf_span(&first), SPAN("wrong")))
        status = shell_fail(sh, API_ERROR_INVALID_VALUE, "wrong is not a word");
    else
        out_text(sh, "answers <%s> <%s>\n", buf_text(&first), buf_text(&second));
    buf_free(&first);
    buf_free(&second);
    return status;
}

static enum api_status run_take(struct shell *sh, char **args)
{
    struct buf data = {0};
    (void)args;
    if (!shell_read_data(sh, &data))
        return shell_aborted(sh);
    out_text(sh, "data <%s>\n", buf_text(&data));
    buf_free(&data);
    return API_DONE;
}

static enum api_status run_rows(struct shell *sh, char **args)
{
    static const struct out_column columns[] = {
        {"Domain", "domain", 0, NULL}, {"Port", "port", -6, NULL}, {"Note", "note", 0, NULL}};
    json_t *rows = json_loads(args[0], 0, NULL);
    out_table(sh, "routes", columns, 3, rows);
    out_warning(sh, "that was all");
    json_decref(rows);
    return API_DONE;
}

static enum api_status run_call(struct shell *sh, char **args)
{
    return shell_call(sh, json_pack("{s:s,s:s*}", "method", args[0], "operation", args[1]), NULL);
}

/* Takes an answer, and one that is a secret. */
static enum api_status run_hide(struct shell *sh, char **args)
{
    struct buf answer = {0}, secret = {0};
    (void)args;
    bool read =
        shell_read_answer(sh, "Word? []> ", &answer) && shell_read_secret(sh, "Secret? []> ", &secret);
    if (read)
        out_text(sh, "a secret of %d bytes\n", (int)secret.len);
    buf_free(&answer);
    buf_free(&secret);
    return read ? shell_call(sh, json_pack("{s:s}", "method", "text"), NULL) : shell_aborted(sh);
}

static enum api_status run_key(struct shell *sh, char **args)
{
    struct buf data = {0};
    (void)args;
    bool read = shell_read_secret_data(sh, &data);
    if (read)
        out_text(sh, "a key of %d bytes\n", (int)data.len);
    buf_free(&data);
    return read ? API_DONE : shell_aborted(sh);
}

static enum api_status run_exit(struct shell *sh, char **args)
{
    (void)args;
    struct buf answer = {0};
    bool leave = true;
    if (shell_is_interactive(sh)) {
        if (shell_read_answer(sh, "Really exit? [N]> ", &answer))
            leave = span_equal(buf_span(&answer), SPAN("y"));
        else
            leave = shell_aborted(sh) != API_INTERRUPTED;
    }
    buf_free(&answer);
    if (leave)
        shell_leave(sh);
    return API_DONE;
}

static const struct {
    const char *name;
    enum api_status (*run)(struct shell *sh, char **args);
} probes[] = {
    {"put", run_put},   {"many", run_many}, {"commit", run_commit}, {"say", run_say},
    {"ask", run_ask},   {"take", run_take}, {"rows", run_rows},     {"call", run_call},
    {"exit", run_exit}, {"now", run_now},   {"hide", run_hide},     {"key", run_key},
};

enum api_status command_run(struct shell *sh, int word_count, char **words)
{
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++)
        if (strcasecmp(probes[i].name, words[0]) == 0 && (word_count > 1 || probes[i].run != run_say))
            return probes[i].run(sh, words + 1);
    return shell_fail(sh, API_ERROR_UNKNOWN_COMMAND, "%s", words[0]);
}
