/* What became of a delivery attempt: one operation that ends recipients, defers them or makes a bounce. */
#include <stdlib.h>

#include "daemon/log_lines.h"
#include "daemon/queue/bounce.h"
#include "daemon/queue/ending.h"
#include "daemon/role.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"

enum { SECOND_US = 1000000 };

struct fate {
    struct recipient *recipient;
    enum { FATE_DELIVERED, FATE_DELAYED, FATE_BOUNCED, FATE_DOUBLE_BOUNCE } kind;
    uint32_t tries;
    int64_t next_try;
    bool delay_told; /* by now */
    uint16_t code;
    const char *description;
    struct span enhanced, said, text;
};

struct finishing {
    struct operation op;
    struct message *m;
    uint32_t attempt;
    uint64_t dcid;
    bool acknowledge;
    struct arena *arena;
    struct fate *fates;
    uint32_t count;
    enum deliver_handover handover;
    struct span remote;
    struct bounce_recipient *notices;
    uint32_t notice_count;
    uint32_t ended;
    struct message *bounce;
};

/* The sender is told, if he wants to be. */
static void add_notice(struct finishing *o, const struct fate *fate, enum bounce_action action)
{
    o->notices[o->notice_count++] = (struct bounce_recipient){.recipient = fate->recipient,
                                                              .action = action,
                                                              .enhanced = fate->enhanced,
                                                              .said = fate->said,
                                                              .text = fate->text,
                                                              .code = fate->code,
                                                              .remote = o->remote};
}

static void set_delivered(struct finishing *o, struct fate *fate)
{
    fate->kind = FATE_DELIVERED;
    if (o->handover != DELIVER_PASSED_ON)
        add_notice(o, fate, o->handover == DELIVER_HERE ? BOUNCE_DELIVERED : BOUNCE_RELAYED);
}

static void set_failed(struct finishing *o, struct fate *fate, const char *description)
{
    fate->kind = o->m->sender.n ? FATE_BOUNCED : FATE_DOUBLE_BOUNCE;
    fate->description = description;
    add_notice(o, fate, BOUNCE_FAILED);
}

/* Mail of that age is late; INT64_MAX: it never is.  smtp may repeat a result before the first configuration is here:
 * then the next try tells. */
static int64_t late_after(void)
{
    if (!queue_is_configured())
        return INT64_MAX;
    const struct schema_row *delivery = config_table_single(role_config()->tables[SCHEMA_DELIVERY]);
    int64_t hours = schema_row_number(delivery, DELIVERY_DELAY_NOTICE);
    return hours ? hours * 3600 * SECOND_US : INT64_MAX;
}

static void set_delayed(struct queue *q, struct finishing *o, struct fate *fate, int64_t now)
{
    const struct recipient *r = fate->recipient;
    fate->kind = FATE_DELAYED;
    fate->description = "Temporary delivery failure";
    uint64_t seed = message_mid(o->m) + r->rid;
    fate->next_try = now + SECOND_US * schedule_retry_wait(q->settings->retry_first, q->settings->retry_most,
                                                           fate->tries, seed);
    fate->delay_told = r->delay_told;
    if (r->delay_told || !bounce_is_wanted(r, BOUNCE_DELAYED) || now - o->m->received < late_after())
        return;
    fate->delay_told = true;
    add_notice(o, fate, BOUNCE_DELAYED);
}

static void decide(struct queue *q, struct finishing *o, struct fate *fate, const struct deliver_reply *reply)
{
    int64_t now = clock_wall_us();
    fate->code = reply->code;
    fate->enhanced = arena_dup(o->arena, reply->enhanced);
    fate->said = reply->said ? fate->enhanced : SPAN("");
    fate->text = arena_dup(o->arena, reply->text);
    fate->tries = fate->recipient->tries + 1;
    if (reply->outcome == DELIVER_DONE) {
        set_delivered(o, fate);
    } else if (reply->outcome == DELIVER_FAILED) {
        set_failed(o, fate, "Permanent delivery failure");
    } else if (now - o->m->received > q->settings->lifetime * SECOND_US) {
        fate->enhanced = SPAN("5.4.7");
        set_failed(o, fate, "Delivery expired (message too old)");
    } else {
        set_delayed(q, o, fate, now);
    }
    if (fate->kind != FATE_DELAYED)
        o->ended++;
}

static void set_deferred(struct recipient *r, const struct fate *fate)
{
    r->tries = fate->tries;
    r->next_try = fate->next_try;
    r->delay_told = fate->delay_told;
}

static bool write_fate(struct queue *q, struct finishing *o, const struct fate *fate, struct fault *f)
{
    static const enum final_kind finals[] = {[FATE_DELIVERED] = FINAL_DELIVERED,
                                             [FATE_BOUNCED] = FINAL_BOUNCED,
                                             [FATE_DOUBLE_BOUNCE] = FINAL_DROPPED};
    uint64_t mid = message_mid(o->m);
    if (fate->kind == FATE_DELAYED) {
        struct recipient deferred = *fate->recipient;
        set_deferred(&deferred, fate);
        return store_defer_recipient(q->store, mid, &deferred, fate->text, f);
    }
    bool whole = o->ended == o->m->recipient_count; /* then all rows go at once */
    return ending_add_final(q, o->m, fate->recipient, finals[fate->kind], fate->text, f) &&
           (whole || store_remove_recipient(q->store, mid, fate->recipient->rid, f));
}

static bool write_finishing(struct queue *q, struct operation *op, struct fault *f)
{
    struct finishing *o = (struct finishing *)op;
    for (uint32_t i = 0; i < o->count; i++)
        if (!write_fate(q, o, &o->fates[i], f))
            return false;
    if (!bounce_store(q, o->m, o->notices, o->notice_count, BOUNCE_WHOLE_MOST, &o->bounce, f))
        return false;
    if (o->ended == o->m->recipient_count)
        return ending_remove_message(q, o->m, f);
    return store_set_attempt(q->store, message_mid(o->m), o->attempt, f);
}

static void count_fate(struct queue *q, const struct fate *fate)
{
    static const enum host_order counted[] = {[FATE_DELIVERED] = HOST_DELIVERED,
                                              [FATE_DELAYED] = HOST_SOFT,
                                              [FATE_BOUNCED] = HOST_HARD,
                                              [FATE_DOUBLE_BOUNCE] = HOST_HARD};
    struct buf reply = {0};
    if (counted[fate->kind] == HOST_HARD) {
        if (fate->code)
            buf_printf(&reply, "%u ", (unsigned)fate->code);
        buf_append_span(&reply, fate->enhanced);
        buf_append_char(&reply, ' ');
        buf_append_span(&reply, fate->text);
    }
    hosts_count(q, fate->recipient->address, counted[fate->kind], buf_span(&reply));
    buf_free(&reply);
}

static void log_fate(const struct finishing *o, const struct fate *fate)
{
    uint64_t mid = message_mid(o->m);
    uint32_t rid = fate->recipient->rid;
    switch (fate->kind) {
    case FATE_DELIVERED:
        LOG(RESPONSE, LOG_U(mid), LOG_U(rid), LOG_S(fate->text));
        break;
    case FATE_DELAYED:
        LOG(DELAYED, LOG_U(o->dcid), LOG_U(mid), LOG_U(rid), LOG_S(fate->enhanced), LOG_T(fate->description),
            LOG_U(fate->code), LOG_S(fate->text));
        break;
    case FATE_BOUNCED:
        LOG(BOUNCED, LOG_U(o->dcid), LOG_U(mid), LOG_U(rid), LOG_S(fate->enhanced), LOG_T(fate->description),
            LOG_U(fate->code), LOG_S(fate->text));
        break;
    case FATE_DOUBLE_BOUNCE:
        LOG(DOUBLE_BOUNCE, LOG_U(mid), LOG_U(rid), LOG_S(fate->enhanced), LOG_S(fate->text));
        break;
    }
}

static void send_ack(uint64_t mid, uint32_t attempt)
{
    struct buf body = {0};
    wire_put_u64(&body, mid);
    wire_put_u32(&body, attempt);
    role_send(ROLE_SMTP, MSG_DELIVER_ACK, buf_span(&body), -1);
    buf_free(&body);
}

static void update_message(struct queue *q, struct finishing *o)
{
    struct message *m = o->m;
    queue_gauge_recipients(q, m, -1);
    for (uint32_t i = 0; i < o->count; i++) {
        struct recipient *r = o->fates[i].recipient;
        r->ended = o->fates[i].kind != FATE_DELAYED;
        set_deferred(r, &o->fates[i]);
    }
    message_remove_ended(m);
    m->attempt = o->attempt;
    queue_gauge_recipients(q, m, 1);
    queue_put_back(q, m);
}

static void committed_finishing(struct queue *q, struct operation *op)
{
    struct finishing *o = (struct finishing *)op;
    for (uint32_t i = 0; i < o->count; i++) {
        count_fate(q, &o->fates[i]);
        log_fate(o, &o->fates[i]);
    }
    bounce_committed(q, o->bounce);
    if (o->acknowledge)
        send_ack(message_mid(o->m), o->attempt);
    if (o->ended == o->m->recipient_count) {
        LOG(FINISHED, LOG_U(message_mid(o->m)));
        ending_committed(q, o->m);
    } else {
        update_message(q, o);
    }
    arena_free(o->arena);
    free(o);
}

static const struct operation_type finishing_type = {write_finishing, committed_finishing, NULL};

void deliver_finish(struct queue *q, struct message *m, const struct deliver_result *result, bool acknowledge)
{
    struct finishing *o = xcalloc(1, sizeof *o);
    *o = (struct finishing){.op.type = &finishing_type,
                            .m = m,
                            .attempt = result->attempt,
                            .dcid = result->dcid,
                            .acknowledge = acknowledge,
                            .handover = result->handover,
                            .arena = arena_new()};
    o->remote = arena_dup(o->arena, result->remote);
    o->fates = arena_calloc(o->arena, result->reply_count, sizeof *o->fates);
    o->notices = arena_calloc(o->arena, result->reply_count, sizeof *o->notices);
    bool *told = arena_calloc(o->arena, m->recipient_count, sizeof *told);
    for (uint32_t i = 0; i < result->reply_count; i++) {
        struct recipient *r = message_recipient(m, result->replies[i].rid);
        if (!r || told[r - m->recipients])
            continue;
        told[r - m->recipients] = true;
        struct fate *fate = &o->fates[o->count++];
        fate->recipient = r;
        decide(q, o, fate, &result->replies[i]);
    }
    m->hand = HAND_WRITING;
    turn_add(q, &o->op, TURN_SOON);
}

void deliver_result(struct queue *q, struct wire_reader *in)
{
    struct arena *arena = arena_new();
    struct deliver_result result;
    if (!deliver_result_get(in, arena, &result)) {
        in->failed = true;
        arena_free(arena);
        return;
    }
    struct message *m = queue_find(q, result.mid);
    if (m && m->state == RECIPIENT_DELIVER && m->hand == HAND_PEER && m->hand_attempt == result.attempt) {
        deliver_take_back(q, m);
        deliver_finish(q, m, &result, true);
        deliver_dispatch(q);
    } else if (!m || m->hand != HAND_WRITING) {
        send_ack(result.mid, result.attempt); /* told again: it is on disk already */
    }
    arena_free(arena);
}
