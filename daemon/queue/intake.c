/* Mail that smtp hands over: gathered while it arrives, then one operation that ends in its 250 or a 4xx. */
#include <stdlib.h>

#include "daemon/log_lines.h"
#include "daemon/queue/header.h"
#include "daemon/queue/queue.h"
#include "daemon/role.h"
#include "engine/base/xalloc.h"

enum {
    HELD_BYTES = 1024 * 1024, /* above it a message streams to a segment of its own */
    HEAD_BYTES = 64 * 1024,   /* above it, while all that arrive hold more than their budget */
    BUDGET_BYTES = 64 * 1024 * 1024,
    BLOCK_IDS = 1000
};

struct arrival {
    struct operation op;
    struct table_node node; /* key: MID */
    TAILQ_ENTRY(arrival) link;
    struct message *m;
    struct buf bytes; /* all of it, or with a stream only its head */
    struct spool_stream *stream;
    uint64_t size;
    bool failed; /* the stream is broken, by this fault: refuse it at its end */
    struct fault fault;
};

static struct arrival *find_arrival(const struct queue *q, uint64_t mid)
{
    return TABLE_ENTRY(table_find(&q->intake.by_mid, mid), struct arrival, node);
}

static void free_arrival(struct queue *q, struct arrival *a)
{
    q->intake.bytes -= a->bytes.len;
    spool_stream_abort(a->stream);
    message_free(a->m);
    buf_free(&a->bytes);
    free(a);
}

static void unlink_arrival(struct queue *q, struct arrival *a)
{
    table_remove(&q->intake.by_mid, &a->node);
    TAILQ_REMOVE(&q->intake.list, a, link);
}

static void send_refusal(uint64_t mid, const struct fault *f)
{
    bool full = f->kind == FAULT_SPACE;
    struct buf body = {0};
    wire_put_u64(&body, mid);
    wire_put_u16(&body, full ? 452 : 451);
    wire_put_span(&body, full ? SPAN("4.3.1") : SPAN("4.3.0"));
    wire_put_span(&body, full ? SPAN("Mail system full, try again later")
                              : SPAN("Message not stored, try again later"));
    role_send(ROLE_SMTP, MSG_MAIL_REFUSED, buf_span(&body), -1);
    buf_free(&body);
}

static void send_accepted(uint64_t mid)
{
    struct buf body = {0};
    wire_put_u64(&body, mid);
    role_send(ROLE_SMTP, MSG_MAIL_ACCEPTED, buf_span(&body), -1);
    buf_free(&body);
}

void intake_begin(struct queue *q, struct wire_reader *in)
{
    struct arena *arena = arena_new();
    struct mail_begin b;
    /* A body still arriving under the same MID would be mixed up with this one. */
    if (!mail_begin_get(in, arena, &b) || b.recipient_count == 0 || find_arrival(q, b.mid))
        role_fatal("cannot read the beginning of a message from smtp");
    struct recipient *recipients = arena_calloc(arena, b.recipient_count, sizeof *recipients);
    for (uint32_t i = 0; i < b.recipient_count; i++)
        recipients[i] = (struct recipient){.rid = i,
                                           .address = b.recipients[i].address,
                                           .notify = b.recipients[i].notify,
                                           .original = b.recipients[i].original};
    struct message m = {.node.key = b.mid,
                        .icid = b.icid,
                        .received = b.time,
                        .trace_bytes = b.trace_bytes,
                        .body_8bit = b.body_8bit,
                        .utf8 = b.utf8,
                        .outbound = b.outbound,
                        .returns = b.returns,
                        .envelope_id = b.envelope_id,
                        .sender = b.sender,
                        .helo = b.helo,
                        .client_ip = b.client_ip,
                        .state = RECIPIENT_SCAN,
                        .recipients = recipients,
                        .recipient_count = b.recipient_count};
    struct arrival *a = xcalloc(1, sizeof *a);
    a->node.key = b.mid;
    a->m = message_copy(&m, NULL, 0);
    table_add(&q->intake.by_mid, &a->node);
    TAILQ_INSERT_TAIL(&q->intake.list, a, link);
    arena_free(arena);
}

/* Keeps the first bytes only. */
static void drop_bytes(struct queue *q, struct arrival *a, size_t kept)
{
    struct buf head = {0};
    q->intake.bytes -= a->bytes.len;
    buf_append_span(&head, span_slice(buf_span(&a->bytes), 0, kept));
    buf_free(&a->bytes);
    a->bytes = head;
    q->intake.bytes += a->bytes.len;
}

static void stream_bytes(struct queue *q, struct arrival *a, struct span bytes)
{
    if (a->failed)
        return;
    if (!a->stream) {
        a->stream = spool_stream_open(q->spool, &a->fault);
        a->failed = !a->stream || !spool_stream_write(a->stream, buf_span(&a->bytes), &a->fault);
        drop_bytes(q, a, HEAD_BYTES);
    }
    if (!a->failed)
        a->failed = !spool_stream_write(a->stream, bytes, &a->fault);
    if (!a->failed)
        return;
    spool_stream_abort(a->stream); /* its space is needed now, not when the client has sent the rest */
    a->stream = NULL;
    drop_bytes(q, a, 0);
}

void intake_data(struct queue *q, struct wire_reader *in)
{
    struct arrival *a = find_arrival(q, wire_get_u64(in));
    struct span bytes = wire_get_span(in);
    if (!a || in->failed)
        return;
    a->size += bytes.n;
    uint64_t most = q->intake.bytes + bytes.n > BUDGET_BYTES ? HEAD_BYTES : HELD_BYTES;
    if (a->stream || a->failed || a->size > most) {
        stream_bytes(q, a, bytes);
    } else {
        buf_append_span(&a->bytes, bytes);
        q->intake.bytes += bytes.n;
    }
}

static bool write_arrival(struct queue *q, struct operation *op, struct fault *f)
{
    struct arrival *a = (struct arrival *)op;
    bool good = a->stream ? spool_stream_finish(a->stream, message_mid(a->m), &a->m->body, f)
                          : spool_append(q->spool, message_mid(a->m), buf_span(&a->bytes), &a->m->body, f);
    return good && store_add_message(q->store, a->m, f);
}

static void committed_arrival(struct queue *q, struct operation *op)
{
    struct arrival *a = (struct arrival *)op;
    struct message *m = a->m;
    a->m = NULL;
    spool_keep(q->spool, &m->body);
    spool_stream_close(a->stream);
    a->stream = NULL;
    LOG(ACCEPTED, LOG_U(message_mid(m)));
    send_accepted(message_mid(m));
    if (m->body.length == a->bytes.len && a->bytes.len) {
        q->intake.bytes -= a->bytes.len;
        body_cache_add(&q->cache, m, a->bytes.data);
        a->bytes = (struct buf){0};
    }
    q->gauges.scan_in++;
    queue_add_message(q, m);
    free_arrival(q, a);
}

static void refused_arrival(struct queue *q, struct operation *op, const struct fault *f)
{
    struct arrival *a = (struct arrival *)op;
    send_refusal(message_mid(a->m), f);
    free_arrival(q, a);
}

static const struct operation_type arrival_type = {write_arrival, committed_arrival, refused_arrival};

void intake_end(struct queue *q, struct wire_reader *in)
{
    uint64_t mid = wire_get_u64(in), size = wire_get_u64(in);
    int64_t time = wire_get_i64(in);
    struct span sender_ip = wire_get_span(in);
    struct arrival *a = find_arrival(q, mid);
    if (in->failed)
        return;
    if (!a) { /* it began before we were restarted */
        send_refusal(mid, &(struct fault){.kind = FAULT_IO});
        return;
    }
    if (size != a->size || a->m->trace_bytes > size)
        role_fatal("a message of smtp does not end where it says");
    unlink_arrival(q, a);
    if (a->failed) {
        LOG(STORE_ERROR, LOG_T(a->fault.error.text));
        if (a->fault.kind == FAULT_SPACE)
            space_exhausted(q);
        refused_arrival(q, &a->op, &a->fault);
        return;
    }
    struct message m = *a->m;
    m.received = time;
    if (sender_ip.n)
        m.client_ip = sender_ip;
    m.message_id = header_message_id(buf_span(&a->bytes));
    struct message *complete = message_copy(&m, NULL, 0);
    message_free(a->m);
    a->m = complete;
    a->op.type = &arrival_type;
    turn_add(q, &a->op, TURN_NOW);
}

void intake_abort(struct queue *q, struct wire_reader *in)
{
    struct arrival *a = find_arrival(q, wire_get_u64(in));
    if (!a || in->failed)
        return;
    unlink_arrival(q, a);
    free_arrival(q, a);
}

void intake_smtp_gone(struct queue *q)
{
    for (struct arrival *a; (a = TAILQ_FIRST(&q->intake.list));) {
        unlink_arrival(q, a);
        free_arrival(q, a);
    }
}

/* A question of smtp that is answered in the order of the commits: ids, or whether a MID was accepted. */
struct request {
    struct operation op;
    uint64_t mid;
    bool known;
    uint8_t kind;
    uint64_t first;
};

static bool write_ask(struct queue *q, struct operation *op, struct fault *f)
{
    struct request *r = (struct request *)op;
    return store_knows(q->store, r->mid, &r->known, f);
}

static void committed_ask(struct queue *q, struct operation *op)
{
    (void)q;
    struct request *r = (struct request *)op;
    if (r->known)
        send_accepted(r->mid);
    else
        send_refusal(r->mid, &(struct fault){.kind = FAULT_IO});
    free(r);
}

static const struct operation_type ask_type = {write_ask, committed_ask, NULL};

static bool write_ids(struct queue *q, struct operation *op, struct fault *f)
{
    struct request *r = (struct request *)op;
    return store_reserve_ids(q->store, r->kind, BLOCK_IDS, &r->first, f);
}

static void committed_ids(struct queue *q, struct operation *op)
{
    struct request *r = (struct request *)op;
    (void)q;
    struct buf body = {0};
    wire_put_u8(&body, r->kind);
    wire_put_u64(&body, r->first);
    wire_put_u32(&body, BLOCK_IDS);
    role_send(ROLE_SMTP, MSG_ID_BLOCK, buf_span(&body), -1);
    buf_free(&body);
    free(r);
}

static const struct operation_type ids_type = {write_ids, committed_ids, NULL};

static void add_request(struct queue *q, const struct operation_type *type, uint64_t mid, uint8_t kind)
{
    struct request *r = xcalloc(1, sizeof *r);
    *r = (struct request){.op.type = type, .mid = mid, .kind = kind};
    turn_add(q, &r->op, TURN_NOW);
}

void intake_id_request(struct queue *q, struct wire_reader *in)
{
    uint8_t kind = wire_get_u8(in);
    in->failed |= kind >= ID_KIND_COUNT;
    if (!in->failed)
        add_request(q, &ids_type, 0, kind);
}

void intake_ask(struct queue *q, struct wire_reader *in)
{
    add_request(q, &ask_type, wire_get_u64(in), 0);
}
