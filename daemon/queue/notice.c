/* Mail that the gateway makes itself (alerts): stored as a message from <> that waits for its delivery.
 *
 * It is not scanned and meets no policy; as it comes from <>, it never bounces.  One that cannot be stored for now is
 * refused, and control comes again; one that is no message is refused for ever, and control goes on with the next.
 */
#include <stdlib.h>

#include "daemon/failpoint.h"
#include "daemon/log_lines.h"
#include "daemon/queue/bounce.h"
#include "daemon/queue/header.h"
#include "daemon/role.h"
#include "engine/base/clock.h"
#include "engine/base/xalloc.h"
#include "engine/smtp/address.h"

struct noticing {
    struct operation op;
    uint64_t id;
    struct buf text;
    struct message *m; /* its MID and body are known once it is written */
};

static void reply(uint64_t id, uint64_t mid, const char *why, bool for_ever)
{
    struct buf body = {0};
    wire_put_u64(&body, id);
    wire_put_u64(&body, mid);
    wire_put_span(&body, span_text(why));
    wire_put_u8(&body, for_ever);
    role_send(ROLE_CONTROL, MSG_NOTICE_STORED, buf_span(&body), -1);
    buf_free(&body);
}

static bool write_noticing(struct queue *q, struct operation *op, struct fault *f)
{
    struct noticing *o = (struct noticing *)op;
    bool good = store_take_id(q->store, ID_MID, &o->m->node.key, f) &&
                spool_append(q->spool, message_mid(o->m), buf_span(&o->text), &o->m->body, f) &&
                store_add_message(q->store, o->m, f);
    failpoint("queue.notice-written");
    return good;
}

static void free_noticing(struct noticing *o)
{
    message_free(o->m);
    buf_free(&o->text);
    free(o);
}

static void committed_noticing(struct queue *q, struct operation *op)
{
    struct noticing *o = (struct noticing *)op;
    struct message *m = o->m;
    uint64_t mid = message_mid(m);
    failpoint("queue.notice-committed");
    o->m = NULL;
    spool_keep(q->spool, &m->body);
    LOG(START_MID, LOG_U(mid), LOG_U(0));
    LOG(FROM, LOG_U(mid), LOG_U(0), LOG_S(m->sender));
    for (uint32_t i = 0; i < m->recipient_count; i++)
        LOG(TO, LOG_U(mid), LOG_U(0), LOG_U(m->recipients[i].rid), LOG_S(m->recipients[i].address));
    LOG(QUEUED, LOG_U(mid));
    queue_add_message(q, m);
    reply(o->id, mid, "", false);
    free_noticing(o);
}

static void refused_noticing(struct queue *q, struct operation *op, const struct fault *f)
{
    struct noticing *o = (struct noticing *)op;
    (void)q;
    reply(o->id, 0, f->error.text, false);
    free_noticing(o);
}

static const struct operation_type noticing_type = {write_noticing, committed_noticing, refused_noticing};

static bool has_whole_lines(struct span text)
{
    for (size_t i = 0; i < text.n; i++) {
        bool cr = i > 0 && text.p[i - 1] == '\r', lf = text.p[i] == '\n';
        if (cr != lf || text.p[i] == '\0')
            return false;
    }
    return text.n > 0 && text.p[text.n - 1] == '\n';
}

/* NULL: it is no message, for that reason. */
static struct message *make_message(const struct notice *n, struct arena *arena, struct error *why)
{
    if (!has_whole_lines(n->text)) {
        error_set(why, "its text is no mail");
        return NULL;
    }
    struct recipient *recipients = arena_calloc(arena, n->recipient_count, sizeof *recipients);
    for (uint32_t i = 0; i < n->recipient_count; i++) {
        struct smtp_mailbox mailbox;
        if (!smtp_mailbox_parse(n->recipients[i], &mailbox)) {
            error_set(why, "its recipient %u is no address", i);
            return NULL;
        }
        recipients[i] = (struct recipient){.rid = i, .address = n->recipients[i]};
    }
    const struct message m = {.received = clock_wall_us(),
                              .state = RECIPIENT_DELIVER,
                              .sender = SPAN(""),
                              .body_8bit = span_has_8bit(n->text),
                              .message_id = header_message_id(n->text),
                              .recipients = recipients,
                              .recipient_count = n->recipient_count};
    return message_copy(&m, NULL, 0);
}

void notice_request(struct queue *q, struct wire_reader *in)
{
    struct arena *arena = arena_new();
    struct error why;
    struct notice n;
    struct message *m = NULL;
    bool has_id = in->rest.n >= sizeof n.id;
    if (notice_get(in, arena, &n))
        m = make_message(&n, arena, &why);
    else
        error_set(&why, "it cannot be read");
    if (m) {
        struct noticing *o = xcalloc(1, sizeof *o);
        *o = (struct noticing){.op.type = &noticing_type, .id = n.id, .m = m};
        buf_append_span(&o->text, n.text);
        turn_add(q, &o->op, TURN_NOW);
    }
    if (!m && has_id) { /* ending here would have it sent again, and again */
        reply(n.id, 0, why.text, true);
        *in = wire_reader_of((struct span){0});
    }
    arena_free(arena);
}
