/* Verdicts: the children of a judged message and what becomes of each, in one operation. */
#include <stdlib.h>

#include "daemon/log_lines.h"
#include "daemon/queue/bounce.h"
#include "daemon/queue/ending.h"
#include "daemon/queue/verdict_log.h"
#include "daemon/role.h"
#include "engine/base/xalloc.h"

enum { SCAN_TRIES = 2, EDITS_BYTES = 1024 * 1024 };

struct child {
    const struct judge_child *judged;
    struct message *m; /* the parent itself when there is only one child */
    struct buf edits;
    uint64_t rcid;
    struct bounce_failure *failures;
    struct message *bounce;
};

struct verdict {
    struct operation op;
    struct message *parent;
    struct arena *arena;
    struct judge_result result;
    struct child *children; /* the first one keeps the MID */
    struct span cause;      /* of an unscannable message */
};

static bool ends(const struct child *c)
{
    return c->judged->action == JUDGE_DROP || c->judged->action == JUDGE_BOUNCE;
}

static bool write_split(struct queue *q, struct verdict *v, struct child *c, struct fault *f)
{
    uint64_t parent = message_mid(v->parent);
    c->m->parent = parent;
    c->m->body = v->parent->body; /* it may have been moved since the verdict came */
    if (!store_take_id(q->store, ID_MID, &c->m->node.key, f) || !store_add_message(q->store, c->m, f))
        return false;
    for (uint32_t i = 0; i < c->m->recipient_count; i++)
        if (!store_remove_recipient(q->store, parent, c->m->recipients[i].rid, f))
            return false;
    return true;
}

static bool write_action(struct queue *q, struct child *c, struct fault *f)
{
    struct message *m = c->m;
    switch (c->judged->action) {
    case JUDGE_DELIVER:
        return store_set_state(q->store, message_mid(m), RECIPIENT_DELIVER, f);
    case JUDGE_QUARANTINE:
        return store_take_id(q->store, STORE_ID_RCID, &c->rcid, f) &&
               store_set_state(q->store, message_mid(m), RECIPIENT_QUARANTINE, f) &&
               ending_add_finals(q, m, FINAL_QUARANTINED, SPAN("Spam Quarantine"), f);
    case JUDGE_DROP:
        return ending_add_finals(q, m, FINAL_DROPPED, SPAN("Dropped by CASE"), f) &&
               ending_remove_message(q, m, f);
    case JUDGE_BOUNCE:
        return ending_add_finals(q, m, m->sender.n ? FINAL_BOUNCED : FINAL_DROPPED, SPAN("Bounced by CASE"),
                                 f) &&
               bounce_store(q, m, c->failures, m->recipient_count, &c->bounce, f) &&
               ending_remove_message(q, m, f);
    }
    return fault_set(f, FAULT_BROKEN, "a verdict without an action");
}

static bool write_verdict(struct queue *q, struct operation *op, struct fault *f)
{
    struct verdict *v = (struct verdict *)op;
    for (uint32_t i = 0; i < v->result.child_count; i++) {
        struct child *c = &v->children[i];
        if (i > 0 && !write_split(q, v, c, f))
            return false;
        if (!ends(c) && !store_set_verdict(q->store, message_mid(c->m), c->judged->policy,
                                           (int)c->judged->verdict, c->judged->score, buf_span(&c->edits), f))
            return false;
        if (!write_action(q, c, f))
            return false;
    }
    return true;
}

static void deliver_child(struct queue *q, struct message *m, struct span edits)
{
    queue_gauge_recipients(q, m, -1);
    message_set_edits(m, edits);
    m->state = RECIPIENT_DELIVER;
    queue_gauge_recipients(q, m, 1);
    queue_put_back(q, m);
}

static void finish_child(struct queue *q, struct verdict *v, struct child *c)
{
    verdict_log(q, c->m, c->judged, c->rcid, v->cause);
    bounce_committed(q, c->bounce);
    if (c->judged->action == JUDGE_DELIVER)
        deliver_child(q, c->m, buf_span(&c->edits));
    else if (ends(c))
        ending_committed(q, c->m);
    else
        queue_remove_message(q, c->m);
}

static void free_verdict(struct verdict *v)
{
    for (uint32_t i = 0; i < v->result.child_count; i++)
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
    free_verdict(v);
}

static const struct operation_type verdict_type = {write_verdict, committed_verdict, NULL};

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
    if (judged->edit_count)
        judge_edits_put(&c->edits, judged->edits, judged->edit_count);
    if (judged->action != JUDGE_BOUNCE)
        return;
    c->failures = arena_calloc(v->arena, c->m->recipient_count, sizeof *c->failures);
    for (uint32_t i = 0; i < c->m->recipient_count; i++)
        c->failures[i] = (struct bounce_failure){.recipient = c->m->recipients[i].address,
                                                 .enhanced = SPAN("5.7.1"),
                                                 .text = SPAN("Message refused by policy")};
}

static void add_verdict(struct queue *q, struct verdict *v)
{
    v->op.type = &verdict_type;
    v->children = arena_calloc(v->arena, v->result.child_count, sizeof *v->children);
    for (uint32_t i = 0; i < v->result.child_count; i++)
        make_child(v, &v->children[i], &v->result.children[i]);
    v->parent->hand = HAND_WRITING;
    turn_add(q, &v->op, TURN_SOON);
}

static struct verdict *new_verdict(struct message *m)
{
    struct verdict *v = xcalloc(1, sizeof *v);
    v->parent = m;
    v->arena = arena_new();
    return v;
}

/* R16: what no worker survives is quarantined, so that nothing is lost and nothing slips through. */
static void add_unscannable(struct queue *q, struct message *m, struct span cause)
{
    struct verdict *v = new_verdict(m);
    struct judge_child *child = arena_calloc(v->arena, 1, sizeof *child);
    uint32_t *rids = arena_calloc(v->arena, m->recipient_count, sizeof *rids);
    for (uint32_t i = 0; i < m->recipient_count; i++)
        rids[i] = i;
    *child = (struct judge_child){.rids = rids,
                                  .rid_count = m->recipient_count,
                                  .policy = SPAN("DEFAULT"),
                                  .verdict = JUDGE_UNSCANNABLE,
                                  .action = JUDGE_QUARANTINE,
                                  .score = -1};
    v->result = (struct judge_result){child, 1};
    v->cause = arena_dup(v->arena, cause);
    add_verdict(q, v);
}

/* A worker died on the message: the count is on disk before the next try. */
struct crash {
    struct operation op;
    struct message *m;
};

static bool write_crash(struct queue *q, struct operation *op, struct fault *f)
{
    struct crash *c = (struct crash *)op;
    return store_set_scan_tries(q->store, message_mid(c->m), c->m->scan_tries + 1, f);
}

static void committed_crash(struct queue *q, struct operation *op)
{
    struct crash *c = (struct crash *)op;
    c->m->scan_tries++;
    queue_put_back(q, c->m);
    free(c);
}

static const struct operation_type crash_type = {write_crash, committed_crash, NULL};

static void add_crash(struct queue *q, struct message *m, struct span stage, struct span cause)
{
    LOG(SCAN_CRASH, LOG_U(message_mid(m)), LOG_S(cause), LOG_S(stage));
    if (m->scan_tries + 1 >= SCAN_TRIES) {
        add_unscannable(q, m, cause);
        return;
    }
    struct crash *c = xcalloc(1, sizeof *c);
    *c = (struct crash){.op.type = &crash_type, .m = m};
    m->hand = HAND_WRITING;
    turn_add(q, &c->op, TURN_SOON);
}

/* The message, out of the scan role's hand; NULL when that does not have it. */
static struct message *take_scanned(struct queue *q, uint64_t mid)
{
    struct message *m = queue_find(q, mid);
    if (!m || m->state != RECIPIENT_SCAN || m->hand != HAND_PEER)
        return NULL;
    scan_take_back(q, m);
    scan_dispatch(q); /* its worker need not wait for the commit */
    return m;
}

static bool get_result(struct verdict *v, struct span wire)
{
    const struct message *m = v->parent;
    if (wire.n > EDITS_BYTES || !judge_result_get(arena_dup(v->arena, wire), m->body.length,
                                                  m->recipient_count, v->arena, &v->result))
        return false;
    return v->result.child_count > 0;
}

void scan_result(struct queue *q, struct wire_reader *in)
{
    uint64_t mid = wire_get_u64(in);
    struct span wire = wire_get_span(in);
    struct message *m = in->failed ? NULL : take_scanned(q, mid);
    if (!m)
        return;
    struct verdict *v = new_verdict(m);
    if (get_result(v, wire)) {
        add_verdict(q, v);
    } else {
        v->result.child_count = 0;
        free_verdict(v);
        add_crash(q, m, SPAN("result"), SPAN("invalid result"));
    }
}

void scan_crash(struct queue *q, struct wire_reader *in)
{
    uint64_t mid = wire_get_u64(in);
    struct span stage = wire_get_span(in), cause = wire_get_span(in);
    struct message *m = in->failed ? NULL : take_scanned(q, mid);
    if (m)
        add_crash(q, m, stage, cause);
}
