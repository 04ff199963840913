/* Commits, one after the other. */
#include "daemon/control/commit.h"

#include <stdlib.h>

#include "daemon/control/confirmation.h"
#include "daemon/control/converge.h"
#include "daemon/control/manifest.h"
#include "daemon/control/ports.h"
#include "daemon/control/roll_back.h"
#include "daemon/failpoint.h"
#include "daemon/log_lines.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"

struct commit_limits commit_limits = {.prepare_ms = 10000, .apply_ms = 5000};

struct commit {
    struct commit *next;
    struct config_candidate *candidate; /* of the session; NULL once that has gone */
    struct config_candidate work;       /* what is committed, on the head */
    struct commit_handler handler;
    struct arena *arena; /* of the manifest */
    struct manifest manifest;
    bool check_only, undo;
};

static struct commit *first; /* in work; the others wait */
static enum { WAITING, PREPARING, CONVERGING } stage;
static struct event *turn, *limit;
static void (*head_watcher)(void);
static bool held;

static void step(void);

static void forget_commit(struct commit *c)
{
    config_candidate_end(&c->work);
    arena_free(c->arena);
    free(c);
}

static void end(const struct commit_result *result)
{
    struct commit *c = first;
    first = c->next;
    stage = WAITING;
    evtimer_del(limit);
    converge_follow_head();
    ports_follow_head();
    if (c->handler.done)
        c->handler.done(c->handler.context, result);
    forget_commit(c);
    if (first)
        event_active(turn, EV_TIMEOUT, 0);
}

static void refuse(enum api_error error, const char *text, const char *role)
{
    end(&(struct commit_result){
        .error = error, .status = api_errors[error].status, .text = text, .role = role});
}

static void wait_at_most(int milliseconds)
{
    struct timeval time = clock_interval(milliseconds * INT64_C(1000));
    evtimer_add(limit, &time);
}

static void on_conflict(const struct config_conflict *conflict, void *context)
{
    struct commit *c = context;
    if (c->handler.conflict)
        c->handler.conflict(c->handler.context, conflict);
}

static void on_warning(const char *sentence, void *context)
{
    struct commit *c = context;
    if (c->handler.warning)
        c->handler.warning(c->handler.context, sentence);
}

/* The candidate as it is now, moved onto the head. */
static bool rebase(struct commit *c)
{
    c->work = (struct config_candidate){.base_revision = c->candidate->base_revision,
                                        .base = config_tree_ref(c->candidate->base),
                                        .mine = config_tree_ref(c->candidate->mine)};
    return config_candidate_rebase(&c->work, head_manifest()->revision, head_tree(), NULL, on_conflict, c);
}

/* When the store does not tell, it may have been used. */
static bool is_unused(const char *commit_id, struct error *error)
{
    struct arena *scratch = arena_new();
    const struct manifest *found;
    bool unused = head_find_commit(scratch, commit_id, &found, error) &&
                  (!found || error_set(error, "this commit id was used before"));
    arena_free(scratch);
    return unused;
}

/* On the head, without a change; when its session is still there. */
static void begin_candidate_anew(struct commit *c)
{
    if (!c->candidate)
        return;
    config_candidate_end(c->candidate);
    config_candidate_begin(c->candidate, head_manifest()->revision, head_tree());
}

/* A roll-back that others' commits, or what the rebase kept of them, made into something else is none. */
static void check_rollback(struct commit *c)
{
    struct error ignored;
    struct config_tree *old =
        c->manifest.rollback_of ? head_load_tree(c->manifest.rollback_of, &ignored) : NULL;
    if (!old || !config_tree_equal(old, c->work.mine))
        c->manifest.rollback_of = 0;
    if (old)
        config_tree_unref(old);
}

static void prepare(struct commit *c)
{
    struct config_revision id = {.number = head_manifest()->revision + 1};
    memcpy(id.commit_id, c->manifest.commit_id, sizeof id.commit_id);
    c->manifest.revision = id.number;
    c->manifest.parent = head_manifest()->revision;
    check_rollback(c);
    failpoint("control.before-prepare");
    stage = PREPARING;
    wait_at_most(commit_limits.prepare_ms);
    ports_prepare(c->work.mine);
    converge_prepare(&id, c->work.mine);
    step();
}

/* Others have committed the same meanwhile: nothing is pending any more. */
static void end_without_change(struct commit *c)
{
    if (!c->check_only)
        begin_candidate_anew(c);
    end(&(struct commit_result){.status = API_DONE});
}

static bool waits_for_confirmation(const struct commit *c, struct error *error)
{
    const struct confirmation *pending = confirmation_pending();
    if (!pending || c->check_only || c->undo)
        return false;
    error_set(error, "revision %llu must be confirmed first: commit confirm accept, or reject",
              (unsigned long long)pending->revision);
    return true;
}

static void begin(struct commit *c)
{
    struct error error;
    if (!is_unused(c->manifest.commit_id, &error))
        refuse(API_ERROR_WRONG_STATE, error.text, NULL);
    else if (!rebase(c))
        refuse(API_ERROR_CONFLICT, "another commit changed the same", NULL);
    else if (!config_candidate_is_changed(&c->work))
        end_without_change(c);
    else if (waits_for_confirmation(c, &error))
        refuse(API_ERROR_UNCONFIRMED, error.text, NULL);
    else if (!config_check_everywhere(c->work.mine, head_tree(), head_place(), on_warning, c, &error) &&
             !c->undo)
        refuse(API_ERROR_INVALID_CONFIG, error.text, NULL);
    else
        prepare(c);
}

static void transact(struct commit *c)
{
    struct error error;
    failpoint("control.before-transaction");
    c->manifest.time = clock_wall_us();
    if (!head_commit(c->work.mine, &c->manifest, &error)) {
        refuse(API_ERROR_FAILED, error.text, NULL);
        return;
    }
    failpoint("control.after-transaction");
    LOG(COMMITTED, LOG_U(c->manifest.revision), LOG_T(c->manifest.author), LOG_T(c->manifest.comment));
    if (c->manifest.confirm_within)
        LOG(MUST_CONFIRM, LOG_U(c->manifest.revision), LOG_U(c->manifest.confirm_within / 1000000));
    roll_back_watch();
    begin_candidate_anew(c);
    if (head_watcher)
        head_watcher();
    stage = CONVERGING;
    wait_at_most(commit_limits.apply_ms);
    failpoint("control.before-head");
    converge_follow_head();
    step();
}

/* What ran before is restored whatever roles say now; they follow it as they would after a start. */
static void not_prepared(const char *why, const char *role)
{
    if (!first->undo) {
        refuse(API_ERROR_NOT_PREPARED, why, role);
        return;
    }
    LOG(UNDO_FORCED, LOG_T(why));
    transact(first);
}

static void refuse_for(enum role_id role, const char *why)
{
    struct error error;
    error_set(&error, "role %s cannot prepare this configuration: %s", role_table[role].name, why);
    not_prepared(error.text, role_table[role].name);
}

/* Whether the listeners that it adds can be; when not, the commit is refused. */
static bool has_ports(void)
{
    const char *why;
    enum ports_state ports = ports_state(&why);
    if (ports == PORTS_REFUSED)
        not_prepared(why, NULL);
    return ports == PORTS_DONE;
}

/* Every role runs the head; a listener that it does not have is closed only now. */
static bool is_followed(enum role_id *role)
{
    const char *why;
    if (!converge_running(role))
        return false;
    *role = ROLE_MASTER;
    ports_follow_head();
    return ports_state(&why) != PORTS_WAITING;
}

/* Goes as far as the roles let the first commit go. */
static void step(void)
{
    enum role_id role;
    const char *why;
    if (stage == PREPARING && has_ports()) {
        switch (converge_prepared(&role, &why)) {
        case CONVERGE_REFUSED:
            refuse_for(role, why);
            break;
        case CONVERGE_DONE:
            failpoint("control.prepared");
            if (first->check_only)
                end(&(struct commit_result){.status = API_DONE});
            else
                transact(first);
            break;
        case CONVERGE_WAITING:
            break;
        }
    } else if (stage == CONVERGING && is_followed(&role)) {
        end(&(struct commit_result){.status = API_DONE, .manifest = head_manifest()});
    }
}

static void on_limit(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    enum role_id role = ROLE_MASTER;
    const char *why;
    struct error error;
    if (stage == PREPARING) {
        converge_prepared(&role, &why);
        refuse_for(role, "it does not answer in time");
    } else {
        is_followed(&role);
        error_set(&error, "committed, but role %s does not follow in time and is started anew",
                  role_table[role].name);
        end(&(struct commit_result){.error = API_ERROR_NOT_APPLIED,
                                    .status = API_NOT_APPLIED,
                                    .text = error.text,
                                    .role = role_table[role].name,
                                    .manifest = head_manifest()});
    }
}

static void on_turn(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    if (first && stage == WAITING && !held)
        begin(first);
}

void commit_start(const struct commit_request *request, const struct commit_handler *handler)
{
    if (!turn) {
        turn = evtimer_new(role_base(), on_turn, NULL);
        limit = evtimer_new(role_base(), on_limit, NULL);
    }
    struct commit *c = xcalloc(1, sizeof *c), **last = &first;
    *c = (struct commit){.candidate = request->candidate,
                         .handler = *handler,
                         .arena = arena_new(),
                         .check_only = request->check_only,
                         .undo = request->undo};
    c->manifest = manifest_copy(&request->manifest, c->arena);
    while (*last)
        last = &(*last)->next;
    *last = c;
    event_active(turn, EV_TIMEOUT, 0);
}

void commit_forget(const struct config_candidate *candidate)
{
    for (struct commit **p = &first; *p;) {
        struct commit *c = *p;
        if (c->candidate != candidate) {
            p = &c->next;
        } else if (c == first && stage != WAITING) {
            c->candidate = NULL;
            c->handler = (struct commit_handler){0};
        } else {
            *p = c->next;
            forget_commit(c);
        }
    }
}

bool commit_is_under_way(const char *commit_id)
{
    for (const struct commit *c = first; c; c = c->next)
        if (strcmp(c->manifest.commit_id, commit_id) == 0)
            return true;
    return false;
}

void commit_watch_head(void (*changed)(void))
{
    head_watcher = changed;
}

void commit_hold(bool hold)
{
    held = hold;
    if (first && !held)
        event_active(turn, EV_TIMEOUT, 0);
}

bool commit_is_in_work(void)
{
    return first != NULL;
}

void commit_peer_up(enum role_id peer)
{
    converge_peer_up(peer);
}

void commit_peer_down(enum role_id peer)
{
    converge_peer_down(peer);
    step();
}

bool commit_message(enum role_id peer, uint16_t type, struct wire_reader *in)
{
    if (!converge_message(peer, type, in))
        return false;
    step();
    return true;
}

void commit_ports(struct wire_reader *in)
{
    ports_answer(in);
    step();
}
