/* config.commit: the session's candidate on the one commit path; config.lookup: what became of a commit. */
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/control/audit.h"
#include "daemon/control/commit.h"
#include "daemon/control/config_lock.h"
#include "daemon/control/config_methods.h"
#include "daemon/control/confirmation.h"
#include "daemon/control/head.h"
#include "daemon/control/methods.h"
#include "daemon/control/roll_back.h"
#include "engine/base/text.h"
#include "engine/base/xalloc.h"

/* Handlers of a commit get the number of the session as their context. */
static uint64_t session_of(const void *context)
{
    return (uintptr_t)context;
}

static void on_warning(void *context, const char *sentence)
{
    session_add(session_of(context), "warnings", config_text_json(sentence));
}

static void on_conflict(void *context, const struct config_conflict *conflict)
{
    struct session_info *info = session_info(session_of(context));
    if (info)
        config_add_conflict(&info->config.conflicts, conflict);
}

static json_t *result_json(const struct commit_result *result)
{
    const struct manifest *m = result->manifest;
    return json_pack("{s:o,s:o,s:b}", "revision", m ? json_integer((json_int_t)m->revision) : json_null(),
                     "time", m ? json_integer(m->time) : json_null(), "applied",
                     m && result->status == API_DONE);
}

/* People who are logged in, and the watch of the deadline. */
static void tell_others(const struct session_info *info, const struct manifest *m)
{
    struct buf notice = {0};
    buf_printf(&notice, "%s committed revision %llu%s%s", m->author, (unsigned long long)m->revision,
               m->comment[0] ? ": " : "", m->comment);
    session_notice(info->id, buf_text(&notice));
    buf_free(&notice);
    if (!confirmation_pending())
        return;
    char pending[ROLL_BACK_NOTICE_MAX];
    roll_back_notice(pending);
    session_notice(info->id, pending);
}

/* Of a change that was refused, or only checked. */
static void drop_at_once(struct session_config *c)
{
    if (c->at_once) {
        config_tree_unref(c->candidate.mine);
        c->candidate.mine = config_tree_ref(c->candidate.base);
    }
    c->at_once = false;
}

static void on_done(void *context, const struct commit_result *result)
{
    struct session_info *info = session_info(session_of(context));
    if (!info)
        return;
    if (!result->manifest) /* else it is recorded with the revision, in its transaction */
        audit_write(info->account.user, info->from, "config.commit", result->text ? result->text : "",
                    (int)result->status);
    else
        tell_others(info, result->manifest);
    drop_at_once(&info->config);
    if (!config_candidate_is_changed(&info->config.candidate))
        info->config.rollback_of = 0;
    if (result->status == API_DONE) {
        session_done(info->id, result_json(result));
        return;
    }
    if (info->config.conflicts.count) {
        config_fail_conflicts(info->id, &info->config.conflicts, info->config.candidate.base_revision);
        return;
    }
    json_t *members = json_object();
    if (result->manifest)
        json_object_set_new(members, "result", result_json(result));
    if (result->role)
        json_object_set_new(members, "role", config_text_json(result->role));
    session_fail_with(info->id, result->error, members, "%s", result->text ? result->text : "");
}

static bool is_commit_id(const char *id)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
    return id[strspn(id, letters)] == '\0';
}

/* The session's candidate as it is, with the commit id and the flags of the request. */
static void start(uint64_t session, const json_t *request, const char *comment)
{
    struct session_info *info = session_info(session);
    const char *commit_id = json_string_value(json_object_get(request, "commit_id"));
    if (!is_commit_id(commit_id)) {
        drop_at_once(&info->config);
        session_fail(session, API_ERROR_BAD_REQUEST, "a commit id has letters, digits and '-' only");
        return;
    }
    const struct config_candidate *candidate = session_config_use(&info->config);
    const struct schema_table *forbidden = config_forbidden(info->role, candidate->base, candidate->mine);
    if (forbidden) { /* entered in a role that the account had before */
        session_fail(session, API_ERROR_REFUSED, "the role %s may not change %s",
                     permit_role_name(info->role), forbidden->name);
        return;
    }
    struct buf safe = {0};
    if (comment)
        text_from_wire(&safe, span_text(comment), SIZE_MAX);
    struct commit_request commit = {
        .candidate = session_config_use(&info->config),
        .manifest = {.rollback_of = info->config.rollback_of,
                     .author = info->account.user,
                     .source = info->from[0] ? info->from : "local",
                     .host = head_hostname(),
                     .comment = buf_text(&safe),
                     .hidden = json_is_true(json_object_get(request, "hidden")),
                     .confirm_within =
                         json_integer_value(json_object_get(request, "confirm")) * INT64_C(1000000)},
        .check_only = json_is_true(json_object_get(request, "check")),
    };
    memcpy(commit.manifest.commit_id, commit_id, strlen(commit_id) + 1);
    const char *lock = config_lock_notice(session);
    if (lock)
        session_add(session, "warnings", config_text_json(lock));
    const struct commit_handler handler = {on_warning, on_conflict, on_done, (void *)(uintptr_t)session};
    commit_start(&commit, &handler);
    buf_free(&safe);
}

void config_commit(uint64_t session, json_t *request)
{
    start(session, request, member_text(request, "comment"));
}

void config_commit_at_once(uint64_t session, const json_t *request, struct config_tree *tree,
                           const char *comment)
{
    struct session_config *c = &session_info(session)->config;
    config_tree_unref(c->candidate.mine);
    c->candidate.mine = tree;
    c->at_once = true;
    start(session, request, comment);
}

/* ---- what became of it ---- */

/* A look-up of a commit that is still under way: only its end tells. */
struct lookup {
    uint64_t session;
    char commit_id[COMMIT_ID_MAX + 1];
    struct event *timer;
};

static void end_lookup(void *context)
{
    struct lookup *l = context;
    event_free(l->timer);
    free(l);
}

static void answer_lookup(uint64_t session, const char *commit_id)
{
    struct arena *arena = arena_new();
    const struct manifest *m;
    struct error error;
    if (head_find_commit(arena, commit_id, &m, &error))
        session_done(session,
                     json_pack("{s:o,s:o,s:o}", "revision", config_revision_json(m ? m->revision : 0), "time",
                               m ? json_integer(m->time) : json_null(), "comment",
                               config_text_json(m ? m->comment : NULL)));
    else
        session_fail(session, API_ERROR_FAILED, "%s", error.text);
    arena_free(arena);
}

static void look_again(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    static const struct timeval soon = {.tv_usec = 20000};
    struct lookup *l = context;
    if (commit_is_under_way(l->commit_id)) {
        evtimer_add(l->timer, &soon);
        return;
    }
    answer_lookup(l->session, l->commit_id);
    end_lookup(l);
}

void config_lookup(uint64_t session, json_t *request)
{
    const char *commit_id = json_string_value(json_object_get(request, "commit_id"));
    if (!commit_is_under_way(commit_id)) {
        answer_lookup(session, commit_id);
        return;
    }
    struct lookup *l = xcalloc(1, sizeof *l);
    l->session = session;
    memcpy(l->commit_id, commit_id, strlen(commit_id) + 1);
    l->timer = evtimer_new(role_base(), look_again, l);
    session_begin_work(session, &(struct session_work){NULL, end_lookup, l});
    look_again(-1, 0, l);
}
