/* The played parts behind the sessions, and frames from and to them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/control/alerts.h"
#include "daemon/control/audit.h"
#include "daemon/control/feature_keys.h"
#include "daemon/control/labels.h"
#include "daemon/control/learning_methods.h"
#include "daemon/control/lessons.h"
#include "daemon/control/roll_back.h"
#include "daemon/control/session.h"
#include "daemon/control/updates.h"
#include "engine/base/xalloc.h"
#include "engine/wire/wire.h"
#include "tests/unit/control_shell.h"

struct control_played played;
static struct event_base *base;
static struct settings settings;
static const struct config_place place = {"machine/test"};

/* ---- the role ---- */

struct event_base *role_base(void)
{
    return base;
}

bool role_is_private(void)
{
    return !played.shared;
}

int64_t role_daemon_started(void)
{
    return 1;
}

const struct settings *role_settings(void)
{
    return &settings;
}

bool role_send(enum role_id peer, uint16_t type, struct span body, int fd)
{
    (void)peer, (void)fd;
    played.sent = type;
    buf_clear(&played.body);
    buf_append_span(&played.body, body);
    return !played.queue_away;
}

/* ---- updates ---- */

void updates_call_start(uint64_t session, json_t *request)
{
    (void)request;
    session_done(session, NULL);
}

void updates_call_status(uint64_t session, json_t *request)
{
    (void)request;
    session_done(session, NULL);
}

/* ---- learning, which is off ---- */

bool lessons_wanted(void)
{
    return false;
}

bool lessons_add(const struct lesson *lesson, int fd)
{
    (void)lesson, (void)fd;
    return false;
}

void learning_learn(uint64_t session, json_t *request)
{
    (void)request;
    session_done(session, NULL);
}

void learning_list(uint64_t session, json_t *request)
{
    learning_learn(session, request);
}

void learning_status(uint64_t session, json_t *request)
{
    learning_learn(session, request);
}

void learning_export(uint64_t session, json_t *request)
{
    learning_learn(session, request);
}

void learning_undo(uint64_t session, json_t *request)
{
    learning_learn(session, request);
}

void learning_reset(uint64_t session, json_t *request)
{
    learning_learn(session, request);
}

/* ---- the head and commits ---- */

const struct manifest *head_manifest(void)
{
    return &played.manifest;
}

struct config_tree *head_tree(void)
{
    return played.head;
}

const struct config_place *head_place(void)
{
    return &place;
}

const char *head_hostname(void)
{
    return settings.hostname;
}

/* Revision 1 is the empty tree: all defaults. */
struct config_tree *head_load_tree(uint64_t revision, struct error *error)
{
    if (revision == played.manifest.revision)
        return config_tree_ref(played.head);
    if (revision == 1)
        return config_tree_new();
    error_set(error, "there is no revision %llu", (unsigned long long)revision);
    return NULL;
}

const struct manifest *head_history(struct arena *arena, unsigned limit, bool all, unsigned *count)
{
    (void)arena, (void)limit, (void)all;
    *count = 1;
    return &played.manifest;
}

void head_walk_row(struct arena *arena, const char *level, const struct schema_row *row,
                   bool (*visit)(const struct schema_row *before, const struct manifest *revision,
                                 void *context),
                   void *context)
{
    (void)arena, (void)level, (void)row;
    visit(NULL, &played.manifest, context);
}

bool head_find_commit(struct arena *arena, const char *commit_id, const struct manifest **found,
                      struct error *error)
{
    (void)arena;
    *found = strcmp(played.manifest.commit_id, commit_id) == 0 ? &played.manifest : NULL;
    return !played.store_fails || error_set(error, "config.db cannot be read");
}

void head_last_changes(struct arena *arena, uint64_t since, struct head_change *changes, size_t count)
{
    (void)arena;
    for (size_t i = 0; i < count && since < played.manifest.revision; i++)
        changes[i].newest = &played.manifest;
}

/* ---- feature keys: there is one for antispam ---- */

bool feature_keys_allow(const char *name)
{
    return strcmp(name, "antispam") == 0;
}

json_t *feature_keys_json(void)
{
    return json_array();
}

json_t *feature_files_look(void)
{
    return json_array();
}

bool feature_keys_activate(struct span line, const char *user, const char **name, bool *is_new,
                           struct error *error)
{
    (void)user;
    *name = "multiscan";
    *is_new = true;
    return span_equal(line, SPAN("good")) || error_set(error, "this is no feature key, or not all of it");
}

void alerts_list(uint64_t session, json_t *request)
{
    (void)request;
    session_done(session, NULL);
}

/* ---- what waits for a confirmation, and labels ---- */

const struct confirmation *confirmation_pending(void)
{
    return played.pending.revision ? &played.pending : NULL;
}

int64_t confirmation_left(void)
{
    return 90 * 1000000;
}

bool confirmation_accept(const char *user, const char *source, struct error *error)
{
    (void)user, (void)source;
    if (played.store_fails)
        return error_set(error, "config.db cannot be written");
    played.pending = (struct confirmation){0};
    return true;
}

bool roll_back_is_under_way(void)
{
    return played.rolling_back;
}

void roll_back_now(const char *author, const char *source, const struct commit_handler *handler)
{
    (void)author, (void)source;
    played.handler = *handler;
    played.rolling_back = true;
}

void roll_back_notice(char notice[ROLL_BACK_NOTICE_MAX])
{
    snprintf(notice, ROLL_BACK_NOTICE_MAX, "revision %d waits", (int)played.pending.revision);
}

bool label_check_name(const char *name, struct error *error)
{
    return strcmp(name, "running") != 0 || error_set(error, "no label");
}

bool label_set(const char *name, uint64_t revision, struct error *error)
{
    (void)error;
    snprintf(played.label, sizeof played.label, "%s", name);
    played.labelled = revision;
    return true;
}

bool label_remove(const char *name, struct error *error)
{
    (void)name, (void)error;
    played.labelled = 0;
    return true;
}

bool label_find(const char *name, uint64_t *revision, struct error *error)
{
    (void)error;
    *revision = strcmp(name, played.label) == 0 ? played.labelled : 0;
    return true;
}

json_t *labels_json(void)
{
    return played.labelled ? json_pack("{s:I}", played.label, (json_int_t)played.labelled) : json_object();
}

bool audit_each_session(bool (*visit)(const struct store_config_audit *record, void *context), void *context,
                        struct error *error)
{
    for (const struct store_config_audit *r = played.records; r && r->method && visit(r, context);)
        r++;
    return !played.store_fails || error_set(error, "config.db cannot be read");
}

void audit_write_soon(const char *user, const char *source, const char *method, const char *detail,
                      int status)
{
    audit_write(user, source, method, detail, status);
}

void audit_write(const char *user, const char *source, const char *method, const char *detail, int status)
{
    (void)user, (void)source;
    snprintf(played.audit, sizeof played.audit, "%s %s %d", method, detail, status);
}

void commit_start(const struct commit_request *request, const struct commit_handler *handler)
{
    played.commit = *request;
    played.handler = *handler;
    played.committing = true;
}

void commit_forget(const struct config_candidate *candidate)
{
    played.forgotten++;
    if (played.committing && played.commit.candidate == candidate)
        played.committing = false;
}

bool commit_is_under_way(const char *commit_id)
{
    return played.committing && strcmp(played.commit.manifest.commit_id, commit_id) == 0;
}

void played_commit_done(void)
{
    struct config_candidate *c = played.commit.candidate;
    struct config_tree *tree = config_tree_ref(c->mine);
    played.manifest.revision++;
    memcpy(played.manifest.commit_id, played.commit.manifest.commit_id, sizeof played.manifest.commit_id);
    config_tree_unref(played.head);
    played.head = tree;
    config_candidate_end(c);
    config_candidate_begin(c, played.manifest.revision, tree);
    played.committing = false;
    played.handler.done(played.handler.context,
                        &(struct commit_result){.status = API_DONE, .manifest = &played.manifest});
}

void played_commit_refused(enum api_error error, const char *text)
{
    played.committing = false;
    played.handler.done(played.handler.context, &(struct commit_result){.error = error,
                                                                        .status = api_errors[error].status,
                                                                        .text = text,
                                                                        .role = "scan"});
}

void control_begin(void)
{
    played = (struct control_played){.head = config_tree_new()};
    played.manifest = (struct manifest){.revision = 1,
                                        .time = 1000,
                                        .author = "ann",
                                        .source = "test",
                                        .host = "mx.example.com",
                                        .comment = "first"};
    base = event_base_new();
    settings_init(&settings);
    free(settings.hostname);
    settings.hostname = xstrdup("mx.example.com");
}

static bool has_children(void)
{
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void control_run_children(void)
{
    while (has_children()) {
        control_run();
        usleep(1000);
    }
}

void control_end(void)
{
    control_run_children();
    control_run();
    config_tree_unref(played.head);
    buf_free(&played.body);
    settings_free(&settings);
    event_base_free(base);
}

/* ---- frames ---- */

void control_run(void)
{
    for (int i = 0; i < 20; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
}

struct shell *shell_open(void)
{
    int ends[2];
    struct shell *sh = xcalloc(1, sizeof *sh);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    sh->fd = ends[0];
    session_open(ends[1]);
    sh->parts = json_array();
    control_run();
    for (json_t *frame = NULL; !frame; frame = sh->greeting) {
        char head[4];
        assert_int_equal(recv(sh->fd, head, 4, 0), 4);
        struct wire_reader in = wire_reader_of(span_of(head, 4));
        uint32_t length = wire_get_u32(&in);
        char *text = xmalloc(length);
        assert_int_equal(recv(sh->fd, text, length, 0), length);
        sh->greeting = json_loadb(text, length, 0, NULL);
        assert_non_null(sh->greeting);
        free(text);
    }
    return sh;
}

void shell_close(struct shell *sh)
{
    close(sh->fd);
    buf_free(&sh->in);
    json_decref(sh->parts);
    json_decref(sh->greeting);
    free(sh);
    control_run();
}

void shell_send_bytes(struct shell *sh, const void *bytes, size_t size)
{
    const char *p = bytes;
    while (size) {
        ssize_t sent = send(sh->fd, p, size, MSG_NOSIGNAL);
        if (sent < 0)
            assert_int_equal(errno, EAGAIN);
        else
            p += sent, size -= (size_t)sent;
        control_run();
    }
}

void shell_send(struct shell *sh, const char *json)
{
    struct buf frame = {0};
    wire_put_span(&frame, span_text(json));
    for (size_t i = 4; i < frame.len; i++)
        if (frame.data[i] == '\'')
            frame.data[i] = '"';
    shell_send_bytes(sh, frame.data, frame.len);
    buf_free(&frame);
}

json_t *shell_frame(struct shell *sh)
{
    for (int tries = 0; tries < 1000; tries++) {
        struct wire_reader in = wire_reader_of(buf_span(&sh->in));
        struct span text = wire_get_span(&in);
        if (!in.failed) {
            json_t *frame = json_loadb(text.p, text.n, 0, NULL);
            assert_non_null(frame);
            buf_consume(&sh->in, 4 + text.n);
            return frame;
        }
        control_run();
        enum { SOME = 1024 * 1024 };
        ssize_t got = recv(sh->fd, buf_reserve(&sh->in, SOME), SOME, 0);
        if (got > 0)
            sh->in.len += (size_t)got;
        else
            usleep(5000); /* a child or a timer */
    }
    return NULL;
}

json_t *shell_answer(struct shell *sh)
{
    json_array_clear(sh->parts);
    json_t *frame;
    while ((frame = shell_frame(sh)) && !json_object_get(frame, "status"))
        json_array_append_new(sh->parts, frame);
    assert_non_null(frame);
    return frame;
}

json_t *shell_ask(struct shell *sh, const char *json)
{
    shell_send(sh, json);
    return shell_answer(sh);
}

bool shell_is_closed(struct shell *sh)
{
    char byte;
    control_run();
    return recv(sh->fd, &byte, 1, MSG_PEEK) == 0;
}

static void check_end(const json_t *end, const char *json, int status, const char *code)
{
    const char *got = json_string_value(json_object_get(end, "code"));
    if (json_integer_value(json_object_get(end, "status")) != status || (code != NULL) != (got != NULL) ||
        (code && strcmp(code, got) != 0)) {
        char *text = json_dumps(end, 0);
        fail_msg("%s was answered %s", json, text);
    }
}

void shell_expect(struct shell *sh, const char *json, int status, const char *code)
{
    json_t *end = shell_ask(sh, json);
    check_end(end, json, status, code);
    json_decref(end);
}

const char *shell_error(struct shell *sh, const char *json)
{
    static char text[1024];
    json_t *end = shell_ask(sh, json);
    assert_int_not_equal(json_integer_value(json_object_get(end, "status")), 0);
    snprintf(text, sizeof text, "%s", json_string_value(json_object_get(end, "error")));
    json_decref(end);
    return text;
}
