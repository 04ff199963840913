/* Requests to the daemon, answered one by one; pipeline.c sends ahead. */
#define _GNU_SOURCE /* gethostname */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "shell/interrupt.h"
#include "shell/progress.h"
#include "shell/state.h"

/* Where the parts of an answer go.  Without visit and text: text is shown. */
struct parts {
    void (*visit)(json_t *row, void *context);
    void *context;
    struct buf *text;
};

static enum api_status unreachable(struct shell *sh, const char *what)
{
    return shell_fail(sh, API_ERROR_UNREACHABLE, "%s", what);
}

void call_lost(struct shell *sh)
{
    if (!sh->link)
        return;
    json_decref(sh->closed);
    sh->closed = json_incref((json_t *)link_closed(sh->link));
    link_close(sh->link);
    sh->link = NULL;
    sh->lost = true;
}

static void take_part(struct shell *sh, const struct parts *parts, json_t *part)
{
    size_t i;
    json_t *row, *text = json_object_get(part, "text");
    struct span shown = {json_string_value(text), json_string_length(text)};
    if (parts->visit)
        json_array_foreach(json_object_get(part, "rows"), i, row) parts->visit(row, parts->context);
    if (text && parts->text)
        buf_append_span(parts->text, shown);
    else if (text)
        out_span(sh, shown);
}

/* A request that follows something takes as long as it likes. */
static enum link_result receive(struct shell *sh, json_t **frame)
{
    struct progress progress = progress_begin();
    link_watch(sh->link, sh->pager.following ? NULL : progress_tick, &progress);
    enum link_result got = link_receive(sh->link, frame);
    link_watch(sh->link, NULL, NULL);
    progress_end(&progress);
    return got;
}

/* Takes the parts; returns the end of the answer, or NULL when there is none.  The first Ctrl-C asks the daemon to end
 * the request, the second does not wait for that.  When nobody reads the output, the request is to end, too. */
static json_t *take_answer(struct shell *sh, const struct parts *parts)
{
    bool cancelled = false;
    for (;;) {
        json_t *frame = NULL;
        writer_flush(&sh->out);
        enum link_result got = LINK_INTERRUPTED;
        if (cancelled || !(sh->out.failed || sh->pager.stopped))
            got = receive(sh, &frame);
        if (got == LINK_INTERRUPTED && !cancelled) {
            link_queue_text(sh->link, SPAN("{\"method\":\"cancel\"}"));
            cancelled = true;
            sh->interrupted = interrupt_seen();
            interrupt_clear();
        } else if (got != LINK_FRAME) {
            sh->interrupted |= got == LINK_INTERRUPTED;
            return NULL;
        } else if (json_object_get(frame, "status")) {
            return frame;
        } else {
            if (!cancelled)
                take_part(sh, parts, frame);
            json_decref(frame);
        }
    }
}

/* Tells what the end of an answer says; gives its result. */
static enum api_status take_end(struct shell *sh, json_t *end, json_t **result)
{
    enum api_status status = report_answer(sh, sh->report, end);
    if (result) {
        json_t *value = json_object_get(end, "result");
        *result = json_incref(value || status == API_DONE ? value : end);
    }
    return status;
}

enum api_status call_tell_gone(struct shell *sh, struct report *r, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(sh->closed, "closed")),
               *code = json_string_value(json_object_get(sh->closed, "code"));
    bool refused = text && code && strcmp(code, api_errors[API_ERROR_REFUSED].code) == 0;
    const struct api_error_row *row = &api_errors[refused ? API_ERROR_REFUSED : API_ERROR_UNREACHABLE];
    if (text && sh->interactive) {
        sh->lost = false; /* told here */
        sh->leaving = true;
    }
    report_error(sh, r, row->status, row->code, text ? text : otherwise);
    return row->status;
}

/* lost, when not NULL, is set when the answer never came, and then nothing is told. */
static enum api_status ask(struct shell *sh, const struct parts *parts, json_t **result, bool *lost)
{
    json_t *end = take_answer(sh, parts);
    if (!end) {
        call_lost(sh);
        if (lost && !sh->closed) { /* what was closed before did nothing */
            *lost = true;
            return API_UNREACHABLE;
        }
        if (sh->interrupted)
            return shell_fail(sh, API_ERROR_CANCELLED, "%s", "");
        return call_tell_gone(sh, sh->report, "the daemon went away");
    }
    enum api_status status = take_end(sh, end, result);
    json_decref(end);
    return status;
}

/* A batch that had chosen a mode goes on in it: nothing may land at another level.  A person reads the prompt. */
static enum api_status go_on_in_mode(struct shell *sh, const json_t *mode)
{
    const char *begins = json_string_value(json_object_get(mode, "level"));
    if (sh->interactive || !sh->level[0] || !begins || strcmp(sh->level, begins) == 0) {
        mode_take(sh, mode);
        return API_DONE;
    }
    json_t *result = NULL,
           *request = json_pack("{s:s,s:s,s:[]}", "method", "config.mode", "level", sh->level, "typed");
    link_queue(sh->link, request);
    json_decref(request);
    enum api_status status = ask(sh, &(struct parts){0}, &result, NULL);
    if (status == API_DONE)
        mode_take(sh, result);
    json_decref(result);
    return status;
}

/* Who we are: the answer carries the running revision. */
static bool say_hello(struct shell *sh)
{
    char from[64] = "";
    const char *connection = getenv("SSH_CONNECTION");
    if (connection)
        snprintf(from, sizeof from, "%.*s", (int)strcspn(connection, " "), connection);
    json_t *result = NULL, *hello = json_pack("{s:s,s:b,s:s,s:[]}", "method", "hello", "terminal",
                                              (int)sh->interactive, "program", PACKAGE_STRING, "typed");
    json_object_set_new(hello, "from", json_string(from)); /* one that is not UTF-8 is none */
    link_queue(sh->link, hello);
    json_decref(hello);
    enum api_status status = ask(sh, &(struct parts){0}, &result, NULL);
    sh->revision = json_integer_value(json_object_get(result, "revision"));
    if (sh->interactive)
        terminal_hello(sh, result);
    if (status == API_DONE)
        status = go_on_in_mode(sh, json_object_get(result, "mode"));
    json_decref(result);
    if (status != API_DONE)
        call_lost(sh);
    return status == API_DONE;
}

bool call_connect(struct shell *sh)
{
    struct error error;
    if (sh->link)
        return true;
    if (sh->touched && !sh->interactive) { /* half of the changes must not be taken for the whole */
        unreachable(
            sh, "the session ended, and its uncommitted changes with it; the rest is not done without them");
        return false;
    }
    sh->touched = false;
    sh->link = link_open(sh->options.dir, 0, &error);
    if (!sh->link) {
        unreachable(sh, error.text);
        return false;
    }
    snprintf(sh->hostname, sizeof sh->hostname, "%s", link_hostname(sh->link));
    return say_hello(sh);
}

/* Sends a request when the edits before it went well. */
static bool send_request(struct shell *sh, struct span request)
{
    pipeline_drain(sh, 0);
    if (output_is_muted(sh) || !call_connect(sh))
        return false;
    struct buf text = {0};
    buf_append_span(&text, request);
    typed_put(sh, &text);
    link_queue_text(sh->link, buf_span(&text));
    buf_free(&text);
    return true;
}

static enum api_status call(struct shell *sh, struct span request, const struct parts *parts, json_t **result,
                            bool *lost)
{
    if (result)
        *result = NULL;
    if (!send_request(sh, request))
        return sh->report->status ? sh->report->status : API_FAILED;
    return ask(sh, parts, result, lost);
}

/* Methods that show something, or change the candidate and nothing else. */
static const char *const harmless[] = {
    "alerts",
    "certificate.list",
    "certificate.make",
    "config.changes",
    "config.clear",
    "config.diff",
    "config.edit",
    "config.get",
    "config.history",
    "config.keys",
    "config.lookup",
    "config.rebase",
    "config.reset",
    "config.rollback",
    "config.show",
    "file.read",
    "grep",
    "hosts",
    "logs",
    "quarantine.list",
    "queue.list",
    "queue.read",
    "rate",
    "status",
    "tail",
    "version",
    "who",
    "whoami",
};

/* With --check what would act at once is not done; what nobody put into that list is not, either. */
static bool acts_at_once(const json_t *request)
{
    const char *method = json_string_value(json_object_get(request, "method"));
    const char *operation = json_string_value(json_object_get(request, "operation"));
    if (strcmp(method, "config.export") == 0) /* to the output */
        return json_object_get(request, "save") || json_object_get(request, "recipients");
    if (operation && strcmp(operation, "status") == 0)
        return false;
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++)
        if (strcmp(method, harmless[i]) == 0)
            return false;
    return true;
}

static void note_candidate(struct shell *sh, const json_t *request)
{
    static const char *const changing[] = {"certificate.make", "config.edit",  "config.level",
                                           "config.rebase",    "config.reset", "config.rollback"};
    const char *method = json_string_value(json_object_get(request, "method"));
    if (strcmp(method, "config.clear") == 0)
        sh->touched = false;
    for (size_t i = 0; i < sizeof changing / sizeof changing[0]; i++)
        sh->touched |= strcmp(method, changing[i]) == 0;
}

static enum api_status call_object(struct shell *sh, json_t *request, const struct parts *parts,
                                   json_t **result)
{
    if (result)
        *result = NULL;
    enum api_status status = API_DONE;
    if (sh->options.check && acts_at_once(request)) {
        sh->report->only_checked = true;
    } else {
        char *text = json_dumps(request, JSON_COMPACT);
        status = call(sh, span_text(text), parts, result, NULL);
        free(text);
    }
    if (status == API_DONE)
        note_candidate(sh, request);
    json_decref(request);
    return status;
}

enum api_status call_text(struct shell *sh, struct span request, json_t **result, bool *lost)
{
    return call(sh, request, &(struct parts){0}, result, lost);
}

enum api_status shell_call(struct shell *sh, json_t *request, json_t **result)
{
    return call_object(sh, request, &(struct parts){0}, result);
}

enum api_status shell_call_rows(struct shell *sh, json_t *request, void (*visit)(json_t *row, void *context),
                                void *context)
{
    return call_object(sh, request, &(struct parts){.visit = visit, .context = context}, NULL);
}

enum api_status shell_call_text(struct shell *sh, json_t *request, struct buf *text)
{
    return call_object(sh, request, &(struct parts){.text = text}, NULL);
}

json_t *shell_live(struct shell *sh, json_t *request)
{
    enum { LIVE_MS = 150 };
    json_object_set_new(request, "typed", json_array()); /* a key that was pressed is no line for the logs */
    json_t *result = sh->link ? link_ask_briefly(sh->link, request, LIVE_MS) : NULL;
    json_decref(request);
    return result;
}

/* The end of the answer to a request that belongs to no command; NULL: there is none. */
static json_t *ask_quietly(struct shell *sh, struct span request)
{
    link_queue_text(sh->link, request);
    return take_answer(sh, &(struct parts){0});
}

bool call_follow_mode(struct shell *sh)
{
    if (!sh->link || !link_take_new_mode(sh->link))
        return false;
    json_t *end = ask_quietly(sh, SPAN("{\"method\":\"config.mode\",\"typed\":[]}"));
    json_t *mode = json_object_get(end, "result");
    if (mode)
        mode_take(sh, mode);
    json_decref(end);
    return true;
}

bool call_has_changes(struct shell *sh)
{
    if (!sh->link || !sh->touched)
        return false;
    json_t *end = ask_quietly(sh, SPAN("{\"method\":\"config.changes\",\"typed\":[]}"));
    json_t *count = json_object_get(json_object_get(end, "result"), "count");
    bool some = !count || json_integer_value(count) > 0; /* no answer: what was touched is lost */
    json_decref(end);
    return some;
}

const char *shell_hostname(struct shell *sh)
{
    if (!sh->hostname[0] && gethostname(sh->hostname, sizeof sh->hostname - 1) != 0)
        return "localhost";
    return sh->hostname;
}
