/* Watching the deadline of a confirmation, and what happens at its end. */
#include "daemon/control/roll_back.h"

#include <stdio.h>

#include "daemon/control/confirmation.h"
#include "daemon/control/session.h"
#include "daemon/log_lines.h"
#include "engine/base/clock.h"

enum {
    SECOND = 1000000,
    MINUTE = 60 * SECOND,
    REMIND_MINUTES = 5, /* in which all sessions are told once a minute */
    RETRY_SECONDS = 60, /* after a roll-back that could not be stored */
    LOOK_SECONDS = 30   /* at most between two looks: the machine may have slept */
};

static struct event *timer;
static struct config_candidate candidate; /* of the roll-back; mine is NULL while there is none */
static struct commit_handler asked;       /* who rejected; done is NULL: nobody, it is the deadline */
static int64_t told_minute;               /* the last one that sessions were reminded of */

bool roll_back_is_under_way(void)
{
    return candidate.mine != NULL;
}

void roll_back_notice(char notice[ROLL_BACK_NOTICE_MAX])
{
    int64_t left = confirmation_left() / SECOND;
    snprintf(
        notice, ROLL_BACK_NOTICE_MAX,
        "Revision %llu of %s is undone in %lld min %lld s unless it is confirmed: commit confirm accept, "
        "or reject",
        (unsigned long long)confirmation_pending()->revision, head_manifest()->author, (long long)left / 60,
        (long long)left % 60);
}

static void look_in(int64_t microseconds)
{
    struct timeval time = clock_interval(microseconds);
    evtimer_add(timer, &time);
}

static void forget_candidate(void)
{
    config_candidate_end(&candidate);
    candidate = (struct config_candidate){0};
}

static void on_done(void *context, const struct commit_result *result)
{
    (void)context;
    struct commit_handler who = asked;
    asked = (struct commit_handler){0};
    forget_candidate();
    const struct manifest *m = result->manifest;
    if (m) {
        char notice[ROLL_BACK_NOTICE_MAX];
        snprintf(notice, sizeof notice,
                 "Revision %llu was not confirmed: revision %llu restores revision %llu",
                 (unsigned long long)m->parent, (unsigned long long)m->revision,
                 (unsigned long long)m->rollback_of);
        LOG(NOT_CONFIRMED, LOG_U(m->parent), LOG_U(m->revision), LOG_U(m->rollback_of));
        session_notice(0, notice);
    } else {
        LOG(CONFIG_STORE_ERROR, LOG_T(result->text ? result->text : ""));
        look_in((int64_t)RETRY_SECONDS * SECOND);
    }
    if (who.done)
        who.done(who.context, result);
}

static void undo(const char *author, const char *source, const char *why)
{
    struct error error;
    char comment[UNDO_COMMENT_MAX];
    struct commit_request request = {
        .candidate = &candidate, .manifest = head_undo(author, source, why, comment), .undo = true};
    struct config_tree *base = head_load_tree(request.manifest.rollback_of, &error);
    if (!base) {
        on_done(NULL,
                &(struct commit_result){.error = API_ERROR_FAILED, .status = API_FAILED, .text = error.text});
        return;
    }
    config_candidate_begin(&candidate, head_manifest()->revision, head_tree());
    config_tree_unref(candidate.mine);
    candidate.mine = base;
    commit_start(&request, &(struct commit_handler){.done = on_done});
}

void roll_back_now(const char *author, const char *source, const struct commit_handler *handler)
{
    asked = *handler;
    undo(author, source, "was rejected");
}

static void remind(int64_t left)
{
    char notice[ROLL_BACK_NOTICE_MAX];
    int64_t minute = (left + MINUTE - 1) / MINUTE;
    if (minute > REMIND_MINUTES || minute == told_minute)
        return;
    told_minute = minute;
    roll_back_notice(notice);
    session_notice(0, notice);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
    if (!confirmation_pending() || roll_back_is_under_way())
        return;
    int64_t left = confirmation_left();
    if (left == 0) {
        undo("mailwardd", "", "was not confirmed in time");
        return;
    }
    remind(left);
    int64_t to_minute = left % MINUTE ? left % MINUTE : MINUTE;
    look_in(to_minute < LOOK_SECONDS * SECOND ? to_minute : (int64_t)LOOK_SECONDS * SECOND);
}

void roll_back_watch(void)
{
    if (!timer)
        timer = evtimer_new(role_base(), on_timer, NULL);
    if (!confirmation_pending())
        return;
    told_minute =
        (confirmation_left() + MINUTE - 1) / MINUTE; /* who is there is told by the commit, or at log-in */
    look_in(0);
}
