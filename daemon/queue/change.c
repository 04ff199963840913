/* What administrators do to mail: delete, bounce, deliver now, release from quarantine.
 *
 * A page of messages is one operation of the group commit; the answer follows it and says where the next page starts.
 * What scan or smtp has in hand is left alone and counted: its outcome is not ours to change, and it is back soon.
 */
#include <stdlib.h>

#include "daemon/failpoint.h"
#include "daemon/log_lines.h"
#include "daemon/queue/bounce.h"
#include "daemon/queue/ending.h"
#include "daemon/queue/select.h"
#include "daemon/role.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"

enum { PAGE_MESSAGES = 200, PAGE_RECIPIENTS = 2000, WHO_BYTES = 64 };

struct target {
    struct message *m; /* as the store has it; `ended` marks the recipients that are meant */
    uint32_t hits;
    struct message *made; /* the bounce, or what the released message goes on as */
};

struct changing {
    struct operation op;
    struct queue *q;
    struct queue_query query;
    enum queue_change change;
    struct span who;
    struct arena *arena;
    struct queue_changed reply;
    struct target targets[PAGE_MESSAGES];
    uint32_t count, seen;
    uint64_t mid; /* of the last message seen */
};

static void drop_targets(struct changing *o)
{
    for (uint32_t i = 0; i < o->count; i++) {
        message_free(o->targets[i].m);
        message_free(o->targets[i].made);
    }
    o->count = o->seen = 0;
}

/* Release is for quarantine, a try at once for what waits for one. */
static bool takes_state(const struct changing *o, enum recipient_state state)
{
    switch (o->change) {
    case QUEUE_CHANGE_RELEASE:
        return state == RECIPIENT_QUARANTINE;
    case QUEUE_CHANGE_DELIVER:
        return state == RECIPIENT_DELIVER;
    default:
        return true;
    }
}

static uint32_t mark_recipients(const struct changing *o, struct message *m, struct span subject)
{
    uint32_t hits = 0;
    for (uint32_t i = 0; i < m->recipient_count; i++) {
        m->recipients[i].ended = select_recipient(&o->query, m, subject, &m->recipients[i]);
        hits += m->recipients[i].ended;
    }
    for (uint32_t i = 0; hits && m->state == RECIPIENT_QUARANTINE && i < m->recipient_count; i++)
        m->recipients[i].ended = true;
    return hits && m->state == RECIPIENT_QUARANTINE ? m->recipient_count : hits;
}

static bool add_target(void *context, const struct message *m, const struct store_kept *kept)
{
    struct changing *o = context;
    o->seen++;
    o->mid = message_mid(m);
    if (!select_place(&o->query, m) || !takes_state(o, m->state))
        return true;
    struct message *copy = message_copy(m, NULL, 0);
    uint32_t hits = mark_recipients(o, copy, kept->subject);
    bool busy = hits && select_is_busy(queue_find(o->q, o->mid));
    o->reply.busy += busy;
    if (!hits || busy) {
        message_free(copy);
        return true;
    }
    o->targets[o->count++] = (struct target){.m = copy, .hits = hits};
    o->reply.messages++;
    o->reply.recipients += hits;
    return o->reply.recipients < PAGE_RECIPIENTS;
}

static bool is_whole(const struct target *t)
{
    return t->hits == t->m->recipient_count;
}

static bool write_removal(struct queue *q, const struct target *t, struct fault *f)
{
    struct message *m = t->m;
    if (is_whole(t))
        return ending_remove_message(q, m, f);
    for (uint32_t i = 0; i < m->recipient_count; i++) {
        uint32_t rid = m->recipients[i].rid;
        if (m->recipients[i].ended &&
            !(m->state == RECIPIENT_HELD ? store_remove_held(q->store, message_mid(m), rid, f)
                                         : store_remove_recipient(q->store, message_mid(m), rid, f)))
            return false;
    }
    return true;
}

static bool write_finals(struct queue *q, const struct target *t, enum final_kind kind, struct span detail,
                         struct fault *f)
{
    for (uint32_t i = 0; i < t->m->recipient_count; i++) {
        const struct recipient *r = &t->m->recipients[i];
        if (r->ended && !ending_add_final(q, t->m, r, kind, detail, f))
            return false;
    }
    return true;
}

static bool write_bounce(struct queue *q, struct changing *o, struct target *t, struct fault *f)
{
    struct bounce_recipient *failures = arena_calloc(o->arena, t->hits, sizeof *failures);
    uint32_t count = 0;
    for (uint32_t i = 0; i < t->m->recipient_count; i++)
        if (t->m->recipients[i].ended)
            failures[count++] = (struct bounce_recipient){.recipient = &t->m->recipients[i],
                                                          .action = BOUNCE_FAILED,
                                                          .enhanced = SPAN("5.0.0"),
                                                          .text = SPAN("Returned by the administrator")};
    return write_finals(q, t, t->m->sender.n ? FINAL_BOUNCED : FINAL_DROPPED,
                        SPAN("Bounced by administrator"), f) &&
           bounce_store(q, t->m, failures, count, BOUNCE_WHOLE_MOST, &t->made, f) && write_removal(q, t, f);
}

/* The age of released mail starts anew: it is to be tried as long as any other.  It has a MID of its own, for the log
 * has seen the end of the old one. */
static bool write_release(struct queue *q, struct target *t, struct fault *f)
{
    message_free(t->made);
    struct message *made = t->made = message_copy(t->m, NULL, 0);
    made->parent = message_mid(t->m);
    made->icid = 0;
    made->received = clock_wall_us();
    made->state = RECIPIENT_DELIVER;
    for (uint32_t i = 0; i < made->recipient_count; i++)
        made->recipients[i].ended = false;
    return store_take_id(q->store, ID_MID, &made->node.key, f) && store_add_message(q->store, made, f) &&
           ending_remove_message(q, t->m, f);
}

static bool write_try(struct queue *q, const struct target *t, struct fault *f)
{
    for (uint32_t i = 0; i < t->m->recipient_count; i++) {
        const struct recipient *r = &t->m->recipients[i];
        if (r->ended && !store_try_now(q->store, message_mid(t->m), r->rid, f))
            return false;
    }
    return true;
}

static bool write_target(struct queue *q, struct changing *o, struct target *t, struct fault *f)
{
    switch (o->change) {
    case QUEUE_CHANGE_DELETE:
        return write_finals(q, t, FINAL_DROPPED, SPAN("Deleted by administrator"), f) &&
               write_removal(q, t, f);
    case QUEUE_CHANGE_BOUNCE:
        return write_bounce(q, o, t, f);
    case QUEUE_CHANGE_DELIVER:
        return write_try(q, t, f);
    case QUEUE_CHANGE_RELEASE:
        return write_release(q, t, f);
    case QUEUE_CHANGE_COUNT:
        break;
    }
    return fault_set(f, FAULT_BROKEN, "a change of no known kind");
}

/* The messages are looked up in the transaction that changes them: operations before this one may have ended some. */
static bool write_change(struct queue *q, struct operation *op, struct fault *f)
{
    struct changing *o = (struct changing *)op;
    drop_targets(o);
    arena_reset(o->arena);
    o->reply = (struct queue_changed){.id = o->query.id, .last = o->query.last};
    if ((o->reply.last == 0 && !store_newest(q->store, &o->reply.last, f)) ||
        !store_page(q->store, o->query.from, o->reply.last, PAGE_MESSAGES, add_target, o, f))
        return false;
    if (o->seen == PAGE_MESSAGES || o->reply.recipients >= PAGE_RECIPIENTS)
        o->reply.next = o->mid;
    for (uint32_t i = 0; i < o->count; i++)
        if (!write_target(q, o, &o->targets[i], f))
            return false;
    failpoint("queue.change-written");
    return true;
}

/* The recipients that are meant have ended on disk: memory follows. */
static void remove_from_memory(struct queue *q, const struct target *t)
{
    struct message *live = queue_find(q, message_mid(t->m));
    if (!live) {
        if (is_whole(t))
            spool_release(q->spool, &t->m->body);
        return;
    }
    if (live->hand == HAND_UNREADABLE)
        TAILQ_REMOVE(&q->scan.unreadable, live, link);
    else
        queue_withdraw(q, live);
    if (is_whole(t)) {
        ending_committed(q, live);
        return;
    }
    queue_gauge_recipients(q, live, -1);
    for (uint32_t i = 0; i < t->m->recipient_count; i++) {
        struct recipient *r = message_recipient(live, t->m->recipients[i].rid);
        if (r && t->m->recipients[i].ended)
            r->ended = true;
    }
    message_remove_ended(live);
    queue_gauge_recipients(q, live, 1);
    queue_put_back(q, live);
}

static void try_now(struct queue *q, const struct target *t)
{
    struct message *live = queue_find(q, message_mid(t->m));
    if (!live)
        return;
    queue_withdraw(q, live);
    for (uint32_t i = 0; i < t->m->recipient_count; i++) {
        struct recipient *r = message_recipient(live, t->m->recipients[i].rid);
        if (r && t->m->recipients[i].ended)
            r->next_try = 0;
    }
    queue_put_back(q, live);
}

static void log_removal(const struct changing *o, const struct target *t)
{
    uint64_t mid = message_mid(t->m);
    bool quarantined = t->m->state == RECIPIENT_QUARANTINE;
    if (quarantined)
        LOG(ISQ_DELETED, LOG_U(mid), LOG_S(o->who));
    for (uint32_t i = 0; !quarantined && i < t->m->recipient_count; i++) {
        uint32_t rid = t->m->recipients[i].rid;
        if (t->m->recipients[i].ended && o->change == QUEUE_CHANGE_DELETE)
            LOG(RECIPIENT_DELETED, LOG_U(mid), LOG_U(rid), LOG_S(o->who));
        else if (t->m->recipients[i].ended)
            LOG(RECIPIENT_BOUNCED, LOG_U(mid), LOG_U(rid), LOG_S(o->who));
    }
    if (!quarantined && is_whole(t))
        LOG(FINISHED_ABORTED, LOG_U(mid));
}

/* The body stays where it is: the new message has it. */
static void release(struct queue *q, const struct changing *o, struct target *t)
{
    uint64_t old = message_mid(t->m), mid = message_mid(t->made);
    LOG(ISQ_RELEASED, LOG_U(old), LOG_S(o->who));
    LOG(ISQ_REINJECTED, LOG_U(old), LOG_U(mid));
    LOG(QUEUED, LOG_U(mid));
    queue_add_message(q, t->made);
    t->made = NULL;
}

static void finish_target(struct queue *q, const struct changing *o, struct target *t)
{
    switch (o->change) {
    case QUEUE_CHANGE_DELETE:
    case QUEUE_CHANGE_BOUNCE:
        log_removal(o, t);
        bounce_committed(q, t->made);
        t->made = NULL;
        remove_from_memory(q, t);
        break;
    case QUEUE_CHANGE_DELIVER:
        try_now(q, t);
        break;
    default:
        release(q, o, t);
    }
}

static void end_change(struct changing *o)
{
    struct buf body = {0};
    queue_changed_put(&body, &o->reply);
    role_send(ROLE_CONTROL, MSG_QUEUE_CHANGED, buf_span(&body), -1);
    buf_free(&body);
    drop_targets(o);
    arena_free(o->arena);
    free((char *)o->query.text.p);
    free((char *)o->who.p);
    free(o);
}

static void committed_change(struct queue *q, struct operation *op)
{
    struct changing *o = (struct changing *)op;
    failpoint("queue.change-committed");
    for (uint32_t i = 0; i < o->count; i++)
        finish_target(q, o, &o->targets[i]);
    end_change(o);
}

static void refused_change(struct queue *q, struct operation *op, const struct fault *f)
{
    (void)q;
    struct changing *o = (struct changing *)op;
    o->reply = (struct queue_changed){.id = o->query.id, .error = span_text(f->error.text)};
    end_change(o);
}

static const struct operation_type change_type = {write_change, committed_change, refused_change};

static struct span copy_span(struct span s)
{
    return (struct span){xmemdup0(s.n ? s.p : "", s.n), s.n};
}

void change_request(struct queue *q, struct wire_reader *in)
{
    struct queue_query query;
    queue_query_get(in, &query);
    uint8_t change = wire_get_u8(in);
    struct span who = wire_get_span(in);
    in->failed |= change >= QUEUE_CHANGE_COUNT || who.n > WHO_BYTES;
    if (in->failed)
        return;
    struct changing *o = xcalloc(1, sizeof *o);
    o->op.type = &change_type;
    o->q = q;
    o->query = query;
    o->query.text = copy_span(query.text);
    o->change = change;
    o->who = copy_span(who);
    o->arena = arena_new();
    turn_add(q, &o->op, TURN_NOW);
}
