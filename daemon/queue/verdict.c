/* Verdicts: the children of a judged message and what becomes of each, in one operation. */
#include <stdlib.h>

#include "daemon/failpoint.h"
#include "daemon/log_lines.h"
#include "daemon/queue/archive.h"
#include "daemon/queue/bounce.h"
#include "daemon/queue/ending.h"
#include "daemon/queue/header.h"
#include "daemon/queue/verdict.h"
#include "daemon/queue/verdict_log.h"
#include "daemon/role.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"

enum { HEAD_BYTES = 16 * 1024 };

struct child {
    const struct judge_child *judged;
    struct message *m;    /* the parent itself when there is only one child */
    struct message *copy; /* for the alternate recipient; NULL: none */
    struct buf edits;
    uint64_t rcid;
    bool archived[JUDGE_ENGINES];
    struct bounce_recipient *failures;
    struct message *bounce;
};

static bool ends(const struct child *c)
{
    return c->judged->action == JUDGE_DROP || c->judged->action == JUDGE_BOUNCE;
}

/* What the action is taken on. */
static struct message *going_on(const struct child *c)
{
    return c->copy ? c->copy : c->m;
}

static bool write_split(struct queue *q, struct verdict *v, struct child *c, struct fault *f)
{
    uint64_t parent = message_mid(v->parent);
    c->m->parent = parent;
    if (!store_take_id(q->store, ID_MID, &c->m->node.key, f) || !store_add_message(q->store, c->m, f))
        return false;
    for (uint32_t i = 0; i < c->m->recipient_count; i++)
        if (!store_remove_recipient(q->store, parent, c->m->recipients[i].rid, f))
            return false;
    return true;
}

/* The copy has a MID of its own; the recipients that it stands for end here. */
static bool write_rewrite(struct queue *q, struct verdict *v, struct child *c, struct fault *f)
{
    struct message *copy = c->copy;
    struct buf detail = {0};
    copy->parent = message_mid(c->m);
    copy->revision = v->revision;
    copy->versions = c->m->versions;
    copy->body = v->parent->body;
    if (!store_take_id(q->store, ID_MID, &copy->node.key, f) || !store_add_message(q->store, copy, f))
        return false;
    buf_printf(&detail, "Rewritten to MID %llu", (unsigned long long)message_mid(copy));
    bool good = ending_add_finals(q, c->m, FINAL_REWRITTEN, buf_span(&detail), f) &&
                ending_remove_message(q, c->m, f);
    buf_free(&detail);
    failpoint("queue.rewrite-written");
    return good;
}

/* With the subject, so that lists need not read bodies. */
static bool quarantine_message(struct queue *q, const struct message *m, struct fault *f)
{
    char head[HEAD_BYTES];
    struct arena *arena = arena_new();
    struct span subject = header_subject(span_of(head, body_head(q, m, head, sizeof head)), arena);
    bool good = store_quarantine(q->store, m, clock_wall_us(), subject, f);
    arena_free(arena);
    return good;
}

/* "Dropped by CASE" */
static bool add_policy_finals(struct queue *q, const struct child *c, struct message *m, const char *what,
                              enum final_kind kind, struct fault *f)
{
    struct buf detail = {0};
    buf_printf(&detail, "%s by %s", what, verdict_log_engine(c->judged->action_by));
    bool good = ending_add_finals(q, m, kind, buf_span(&detail), f);
    buf_free(&detail);
    return good;
}

static bool write_action(struct queue *q, struct child *c, struct fault *f)
{
    struct message *m = going_on(c);
    switch (c->judged->action) {
    case JUDGE_DELIVER:
        return store_set_state(q->store, message_mid(m), RECIPIENT_DELIVER, f);
    case JUDGE_QUARANTINE:
        return store_take_id(q->store, STORE_ID_RCID, &c->rcid, f) && quarantine_message(q, m, f) &&
               ending_add_finals(q, m, FINAL_QUARANTINED, SPAN("Spam Quarantine"), f);
    case JUDGE_DROP:
        return add_policy_finals(q, c, m, "Dropped", FINAL_DROPPED, f) && ending_remove_message(q, m, f);
    case JUDGE_BOUNCE:
        return add_policy_finals(q, c, m, "Bounced", m->sender.n ? FINAL_BOUNCED : FINAL_DROPPED, f) &&
               bounce_store(q, m, c->failures, m->recipient_count, BOUNCE_WHOLE_POLICY, &c->bounce, f) &&
               ending_remove_message(q, m, f);
    }
    return fault_set(f, FAULT_BROKEN, "a verdict without an action");
}

/* A damaged body has no copy, and the log says so; if it is to be delivered, that will hold it. */
static bool write_archives(struct queue *q, struct verdict *v, struct child *c, struct fault *f)
{
    for (enum judge_engine i = 0; i < JUDGE_ENGINES; i++) {
        if (!c->judged->archive[i])
            continue;
        enum spool_result result = archive_add(q, i, v->parent, message_mid(c->m));
        c->archived[i] = result == SPOOL_GOOD;
        if (result == SPOOL_FAILED)
            return fault_set_errno(f, "cannot write the archive");
    }
    return true;
}

static bool write_verdict(struct queue *q, struct operation *op, struct fault *f)
{
    struct verdict *v = (struct verdict *)op;
    uint32_t versions;
    if (!store_find_versions(q->store, v->versions, &versions, f))
        return false;
    for (uint32_t i = 0; i < v->result.child_count; i++) {
        struct child *c = &v->children[i];
        c->m->body = v->parent->body; /* it may have been moved since the verdict came */
        if (i > 0 && !write_split(q, v, c, f))
            return false;
        c->m->revision = v->revision;
        c->m->versions = versions;
        if (!write_archives(q, v, c, f) || (c->copy && !write_rewrite(q, v, c, f)))
            return false;
        if (!ends(c) && !store_set_verdict(q->store, going_on(c), c->judged, buf_span(&c->edits), f))
            return false;
        if (!write_action(q, c, f))
            return false;
    }
    return true;
}

/* The copy takes the place of the message, whose body it shares. */
static void rewrite_child(struct queue *q, struct child *c)
{
    failpoint("queue.rewrite-committed");
    uint64_t mid = message_mid(c->copy);
    spool_keep(q->spool, &c->copy->body);
    queue_add_message(q, c->copy);
    queue_withdraw(q, c->copy);
    LOG(REWRITTEN, LOG_U(message_mid(c->m)), LOG_U(mid), LOG_T(judge_engine_name(c->judged->recipient_by)));
    LOG(START_MID, LOG_U(mid), LOG_U(c->copy->icid));
    LOG(FROM, LOG_U(mid), LOG_U(c->copy->icid), LOG_S(c->copy->sender));
    LOG(TO, LOG_U(mid), LOG_U(c->copy->icid), LOG_U(0), LOG_S(c->copy->recipients[0].address));
    LOG(FINISHED, LOG_U(message_mid(c->m)));
    ending_committed(q, c->m);
}

static void deliver_child(struct queue *q, struct message *m, const struct judge_child *judged,
                          struct span edits)
{
    queue_gauge_recipients(q, m, -1);
    message_set_edits(m, edits);
    message_set_host(m, judged->host);
    message_set_peers(m, (struct span){0});
    m->state = RECIPIENT_DELIVER;
    queue_gauge_recipients(q, m, 1);
    queue_put_back(q, m);
}

static void log_archives(const struct child *c)
{
    uint64_t mid = message_mid(c->m);
    for (enum judge_engine i = 0; i < JUDGE_ENGINES; i++) {
        if (c->archived[i])
            LOG(ARCHIVED, LOG_U(mid), LOG_T(verdict_log_engine(i)), LOG_T(judge_engine_name(i)));
        else if (c->judged->archive[i])
            LOG(ARCHIVE_DAMAGED, LOG_U(mid));
    }
}

static void finish_child(struct queue *q, struct verdict *v, struct child *c)
{
    log_archives(c);
    verdict_log(c->m, c->judged, v->cause, v->peers);
    if (c->copy)
        rewrite_child(q, c);
    struct message *m = going_on(c);
    verdict_log_action(m, c->judged, c->rcid);
    bounce_committed(q, c->bounce);
    if (c->judged->action == JUDGE_DELIVER)
        deliver_child(q, m, c->judged, buf_span(&c->edits));
    else if (ends(c))
        ending_committed(q, m);
    else
        queue_remove_message(q, m);
}

void verdict_free(struct verdict *v)
{
    for (uint32_t i = 0; v->children && i < v->result.child_count; i++)
        buf_free(&v->children[i].edits);
    arena_free(v->arena);
    free(v);
}

static void committed_verdict(struct queue *q, struct operation *op)
{
    struct verdict *v = (struct verdict *)op;
    uint32_t count = v->result.child_count;
    uint64_t mid = message_mid(v->parent);
    if (count > 1) {
        v->children[0].m->body = v->parent->body;
        queue_remove_message(q, v->parent);
    }
    for (uint32_t i = 0; count > 1 && i < count; i++) {
        struct child *c = &v->children[i];
        if (i > 0) {
            spool_keep(q->spool, &c->m->body);
            LOG(SPLIT, LOG_U(mid), LOG_U(message_mid(c->m)), LOG_S(c->judged->policy));
        }
        queue_add_message(q, c->m);
        queue_withdraw(q, c->m);
    }
    for (uint32_t i = 0; i < count; i++)
        finish_child(q, v, &v->children[i]);
    verdict_free(v);
}

static const struct operation_type verdict_type = {write_verdict, committed_verdict, NULL};

/* What the sender wants to hear of a copy: whatever he wanted to hear of one of the recipients that it stands for, but
 * for success, which is not theirs. */
static uint8_t wishes_for_copy(const struct message *m)
{
    uint8_t wishes = 0;
    for (uint32_t i = 0; i < m->recipient_count; i++)
        wishes |= m->recipients[i].notify ? m->recipients[i].notify : SMTP_NOTIFY_FAILURE;
    wishes &= SMTP_NOTIFY_FAILURE | SMTP_NOTIFY_DELAY;
    return wishes ? wishes : SMTP_NOTIFY_NEVER;
}

static struct message *copy_for(const struct message *m, struct span recipient)
{
    struct recipient to = {.address = recipient, .notify = wishes_for_copy(m)};
    struct message copy = *m;
    copy.icid = 0;
    copy.recipients = &to;
    copy.recipient_count = 1;
    return message_copy(&copy, NULL, 0);
}

static void make_child(struct verdict *v, struct child *c, const struct judge_child *judged)
{
    struct message *parent = v->parent;
    c->judged = judged;
    if (v->result.child_count == 1) {
        c->m = parent;
    } else {
        uint32_t *rids = arena_calloc(v->arena, judged->rid_count, sizeof *rids);
        for (uint32_t i = 0; i < judged->rid_count; i++)
            rids[i] = parent->recipients[judged->rids[i]].rid;
        c->m = message_copy(parent, rids, judged->rid_count);
    }
    if (judged->recipient.n)
        c->copy = copy_for(c->m, judged->recipient);
    if (judged->edit_count)
        judge_edits_put(&c->edits, judged->edits, judged->edit_count);
    if (judged->action != JUDGE_BOUNCE)
        return;
    c->failures = arena_calloc(v->arena, c->m->recipient_count, sizeof *c->failures);
    for (uint32_t i = 0; i < c->m->recipient_count; i++)
        c->failures[i] = (struct bounce_recipient){.recipient = &c->m->recipients[i],
                                                   .action = BOUNCE_FAILED,
                                                   .enhanced = SPAN("5.7.1"),
                                                   .text = SPAN("Message refused by policy")};
}

void verdict_add(struct queue *q, struct verdict *v)
{
    v->op.type = &verdict_type;
    v->children = arena_calloc(v->arena, v->result.child_count, sizeof *v->children);
    for (uint32_t i = 0; i < v->result.child_count; i++)
        make_child(v, &v->children[i], &v->result.children[i]);
    v->parent->hand = HAND_WRITING;
    turn_add(q, &v->op, TURN_SOON);
}

struct verdict *verdict_new(struct message *m, uint64_t revision)
{
    struct verdict *v = xcalloc(1, sizeof *v);
    v->parent = m;
    v->revision = revision;
    v->arena = arena_new();
    v->peers = arena_dup(v->arena, m->peers);
    return v;
}
