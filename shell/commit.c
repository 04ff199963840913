/* commit, and what became of it when its answer was lost.
 *
 * The shell chooses the id under which the daemon records a commit; a daemon that comes back can be asked for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "engine/base/clock.h"
#include "shell/interrupt.h"
#include "shell/state.h"

enum { LOOKUP_SECONDS = 15, LOOKUP_PAUSE_MS = 200, ID_BYTES = 16 };

static void make_id(char id[2 * ID_BYTES + 1])
{
    unsigned char random[ID_BYTES];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        abort(); /* never, for so few bytes */
    for (int i = 0; i < ID_BYTES; i++)
        snprintf(id + 2 * i, 3, "%02x", random[i]);
}

/* Asks a daemon that may be starting again.  NULL when it cannot tell; a result without revision: not committed. */
static json_t *look_up(struct shell *sh, const char *id)
{
    int64_t deadline = clock_mono_us() + LOOKUP_SECONDS * INT64_C(1000000);
    json_t *found = NULL,
           *request = json_pack("{s:s,s:s,s:[]}", "method", "config.lookup", "commit_id", id, "typed");
    while (!found && !interrupt_seen() && clock_mono_us() < deadline) {
        struct error error;
        json_t *end = NULL;
        if ((sh->link = link_open(sh->options.dir, deadline, &error))) {
            link_queue(sh->link, request);
            if (link_receive(sh->link, &end) == LINK_FRAME && json_object_get(end, "status") &&
                json_integer_value(json_object_get(end, "status")) == API_DONE)
                found = json_incref(json_object_get(end, "result"));
            json_decref(end);
            call_lost(sh);
        }
        if (!found)
            interrupt_poll(NULL, 0, LOOKUP_PAUSE_MS);
    }
    json_decref(request);
    return found;
}

static enum api_status find_out(struct shell *sh, const char *id, json_t **result)
{
    interrupt_clear(); /* the Ctrl-C that gave up the answer does not give up the look-up */
    json_t *found = look_up(sh, id);
    if (json_is_integer(json_object_get(found, "revision"))) {
        *result = found;
        return API_DONE;
    }
    bool known = found != NULL;
    json_decref(found);
    if (known)
        return shell_fail(sh, API_ERROR_UNREACHABLE,
                          "the daemon went away before it committed; nothing was changed");
    return shell_fail(sh, API_ERROR_UNKNOWN_OUTCOME,
                      "the daemon went away and may have committed; ask later: commitdetail %s", id);
}

static enum api_status ask(struct shell *sh, json_t *request, json_t **result)
{
    char id[2 * ID_BYTES + 1];
    bool lost = false;
    make_id(id);
    json_object_set_new(request, "commit_id", json_string(id));
    char *text = json_dumps(request, JSON_COMPACT);
    enum api_status status = call_text(sh, span_text(text), result, &lost);
    free(text);
    return lost ? find_out(sh, id, result) : status;
}

static void note_committed(struct shell *sh, const json_t *revision)
{
    sh->touched = false;
    if (json_is_integer(revision)) /* null: nothing was pending */
        sh->revision = json_integer_value(revision);
}

enum api_status shell_commit(struct shell *sh, json_t *request, json_t **result)
{
    json_t *end = NULL;
    enum api_status status;
    bool only_asked = json_is_true(json_object_get(request, "check")),
         check = only_asked || sh->options.check;
    if (check)
        json_object_set_new(request, "check", json_true());
    pipeline_drain(sh, 0);
    if (sh->options.keep_going && sh->failed && !only_asked)
        status = shell_fail(sh, API_ERROR_WRONG_STATE, "commit is refused after an error in the same batch");
    else
        status = ask(sh, request, &end);
    bool done = status == API_DONE || status == API_NOT_APPLIED;
    if (done && !check)
        note_committed(sh, json_object_get(end, "revision"));
    *result = done && check ? NULL : json_incref(end);
    json_decref(end);
    json_decref(request);
    return status;
}
