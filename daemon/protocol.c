/* Put and get of the messages between roles. */
#include "daemon/protocol.h"

static void put_spans(struct buf *out, const struct span *spans, uint32_t count)
{
    wire_put_u32(out, count);
    for (uint32_t i = 0; i < count; i++)
        wire_put_span(out, spans[i]);
}

static const struct span *get_spans(struct wire_reader *in, struct arena *arena, uint32_t *count)
{
    *count = wire_get_count(in, 4);
    struct span *spans = arena_calloc(arena, *count, sizeof *spans);
    for (uint32_t i = 0; i < *count; i++)
        spans[i] = wire_get_span(in);
    return spans;
}

/* bits and text of RFC 3461 */
static uint8_t get_notify(struct wire_reader *in)
{
    uint8_t notify = wire_get_u8(in);
    in->failed |= (notify & ~SMTP_NOTIFY_ALL) != 0;
    return notify;
}

static uint8_t get_returns(struct wire_reader *in)
{
    uint8_t returns = wire_get_u8(in);
    in->failed |= returns > SMTP_RETURN_HEADERS;
    return returns;
}

/* Empty, or what a command may hold. */
static struct span get_envelope_id(struct wire_reader *in)
{
    struct span id = wire_get_span(in);
    in->failed |= id.n && !smtp_envelope_id_is_valid(id);
    return id;
}

static struct span get_original(struct wire_reader *in)
{
    struct span original = wire_get_span(in);
    in->failed |= original.n && !smtp_original_is_valid_utf8(original);
    return original;
}

void mail_begin_put(struct buf *out, const struct mail_begin *m)
{
    wire_put_u64(out, m->mid);
    wire_put_u64(out, m->icid);
    wire_put_i64(out, m->time);
    wire_put_span(out, m->sender);
    wire_put_span(out, m->helo);
    wire_put_span(out, m->client_ip);
    wire_put_span(out, m->listener);
    wire_put_u8(out, m->body_8bit);
    wire_put_u8(out, m->utf8);
    wire_put_u8(out, m->outbound);
    wire_put_u8(out, m->returns);
    wire_put_span(out, m->envelope_id);
    wire_put_u32(out, m->trace_bytes);
    wire_put_u32(out, m->recipient_count);
    for (uint32_t i = 0; i < m->recipient_count; i++) {
        wire_put_span(out, m->recipients[i].address);
        wire_put_u8(out, m->recipients[i].notify);
        wire_put_span(out, m->recipients[i].original);
    }
}

bool mail_begin_get(struct wire_reader *in, struct arena *arena, struct mail_begin *m)
{
    m->mid = wire_get_u64(in);
    m->icid = wire_get_u64(in);
    m->time = wire_get_i64(in);
    m->sender = wire_get_span(in);
    m->helo = wire_get_span(in);
    m->client_ip = wire_get_span(in);
    m->listener = wire_get_span(in);
    m->body_8bit = wire_get_u8(in);
    m->utf8 = wire_get_u8(in);
    m->outbound = wire_get_u8(in);
    m->returns = get_returns(in);
    m->envelope_id = get_envelope_id(in);
    m->trace_bytes = wire_get_u32(in);
    m->recipient_count = wire_get_count(in, 9);
    struct mail_recipient *recipients = arena_calloc(arena, m->recipient_count, sizeof *recipients);
    for (uint32_t i = 0; i < m->recipient_count; i++) {
        recipients[i].address = wire_get_span(in);
        recipients[i].notify = get_notify(in);
        recipients[i].original = get_original(in);
    }
    m->recipients = recipients;
    return wire_reader_done(in);
}

void notice_put(struct buf *out, const struct notice *n)
{
    wire_put_u64(out, n->id);
    wire_put_span(out, n->text);
    put_spans(out, n->recipients, n->recipient_count);
}

bool notice_get(struct wire_reader *in, struct arena *arena, struct notice *n)
{
    n->id = wire_get_u64(in);
    n->text = wire_get_span(in);
    n->recipients = get_spans(in, arena, &n->recipient_count);
    in->failed |= n->recipient_count == 0 || n->recipient_count > NOTICE_RECIPIENTS;
    return wire_reader_done(in);
}

void smtp_hello_put(struct buf *out, const struct smtp_hello *h)
{
    wire_put_u32(out, h->delivery_count);
    for (uint32_t i = 0; i < h->delivery_count; i++) {
        wire_put_u64(out, h->deliveries[i].mid);
        wire_put_u32(out, h->deliveries[i].attempt);
    }
}

bool smtp_hello_get(struct wire_reader *in, struct arena *arena, struct smtp_hello *h)
{
    h->delivery_count = wire_get_count(in, 12);
    struct smtp_delivery_id *ids = arena_calloc(arena, h->delivery_count, sizeof *ids);
    for (uint32_t i = 0; i < h->delivery_count; i++) {
        ids[i].mid = wire_get_u64(in);
        ids[i].attempt = wire_get_u32(in);
    }
    h->deliveries = ids;
    return wire_reader_done(in);
}

void deliver_job_put(struct buf *out, const struct deliver_job *j)
{
    wire_put_u64(out, j->mid);
    wire_put_u32(out, j->attempt);
    wire_put_span(out, j->host);
    wire_put_u16(out, j->port);
    wire_put_u8(out, j->mx);
    wire_put_u8(out, (uint8_t)j->tls);
    wire_put_u8(out, j->own_domain);
    wire_put_span(out, j->sender);
    wire_put_u8(out, j->body_8bit);
    wire_put_u8(out, j->utf8);
    wire_put_u8(out, j->returns);
    wire_put_span(out, j->envelope_id);
    wire_put_u32(out, j->recipient_count);
    for (uint32_t i = 0; i < j->recipient_count; i++) {
        wire_put_u32(out, j->recipients[i].rid);
        wire_put_span(out, j->recipients[i].address);
        wire_put_u8(out, j->recipients[i].notify);
        wire_put_span(out, j->recipients[i].original);
    }
}

bool deliver_job_get(struct wire_reader *in, struct arena *arena, struct deliver_job *j)
{
    j->mid = wire_get_u64(in);
    j->attempt = wire_get_u32(in);
    j->host = wire_get_span(in);
    j->port = wire_get_u16(in);
    j->mx = wire_get_u8(in);
    j->tls = wire_get_u8(in);
    in->failed |= j->tls > SCHEMA_TLS_REQUIRED;
    j->own_domain = wire_get_u8(in);
    j->sender = wire_get_span(in);
    j->body_8bit = wire_get_u8(in);
    j->utf8 = wire_get_u8(in);
    j->returns = get_returns(in);
    j->envelope_id = get_envelope_id(in);
    j->recipient_count = wire_get_count(in, 13);
    struct deliver_recipient *recipients = arena_calloc(arena, j->recipient_count, sizeof *recipients);
    for (uint32_t i = 0; i < j->recipient_count; i++) {
        recipients[i].rid = wire_get_u32(in);
        recipients[i].address = wire_get_span(in);
        recipients[i].notify = get_notify(in);
        recipients[i].original = get_original(in);
    }
    j->recipients = recipients;
    return wire_reader_done(in);
}

void deliver_result_put(struct buf *out, const struct deliver_result *r)
{
    wire_put_u64(out, r->mid);
    wire_put_u32(out, r->attempt);
    wire_put_u64(out, r->dcid);
    wire_put_u8(out, (uint8_t)r->handover);
    wire_put_span(out, r->remote);
    wire_put_u32(out, r->reply_count);
    for (uint32_t i = 0; i < r->reply_count; i++) {
        const struct deliver_reply *reply = &r->replies[i];
        wire_put_u32(out, reply->rid);
        wire_put_u8(out, (uint8_t)reply->outcome);
        wire_put_u16(out, reply->code);
        wire_put_span(out, reply->enhanced);
        wire_put_u8(out, reply->said);
        wire_put_span(out, reply->text);
    }
}

bool deliver_result_get(struct wire_reader *in, struct arena *arena, struct deliver_result *r)
{
    r->mid = wire_get_u64(in);
    r->attempt = wire_get_u32(in);
    r->dcid = wire_get_u64(in);
    uint8_t handover = wire_get_u8(in);
    in->failed |= handover >= DELIVER_HANDOVER_COUNT;
    r->handover = handover;
    r->remote = wire_get_span(in);
    r->reply_count = wire_get_count(in, 16);
    struct deliver_reply *replies = arena_calloc(arena, r->reply_count, sizeof *replies);
    for (uint32_t i = 0; i < r->reply_count; i++) {
        replies[i].rid = wire_get_u32(in);
        uint8_t outcome = wire_get_u8(in);
        replies[i].outcome = outcome;
        if (outcome > DELIVER_FAILED)
            in->failed = true;
        replies[i].code = wire_get_u16(in);
        replies[i].enhanced = wire_get_span(in);
        replies[i].said = wire_get_u8(in) != 0;
        replies[i].text = wire_get_span(in);
    }
    r->replies = replies;
    return wire_reader_done(in);
}

void scan_job_put(struct buf *out, const struct scan_job *j)
{
    wire_put_u64(out, j->mid);
    wire_put_u8(out, j->alone);
    wire_put_u8(out, j->score_only);
    wire_put_u8(out, j->example);
    wire_put_u8(out, j->outbound);
    wire_put_u32(out, j->missing_features);
    wire_put_u32(out, j->trace_bytes);
    wire_put_span(out, j->sender);
    wire_put_span(out, j->helo);
    wire_put_span(out, j->client_ip);
    put_spans(out, j->recipients, j->recipient_count);
    peer_verdicts_put(out, j->peers);
}

bool scan_job_get(struct wire_reader *in, struct arena *arena, struct scan_job *j)
{
    j->mid = wire_get_u64(in);
    j->alone = wire_get_u8(in);
    j->score_only = wire_get_u8(in);
    j->example = wire_get_u8(in);
    j->outbound = wire_get_u8(in);
    j->missing_features = wire_get_u32(in);
    j->trace_bytes = wire_get_u32(in);
    j->sender = wire_get_span(in);
    j->helo = wire_get_span(in);
    j->client_ip = wire_get_span(in);
    j->recipients = get_spans(in, arena, &j->recipient_count);
    peer_verdicts_get(in, j->peers);
    return wire_reader_done(in);
}

void final_event_put(struct buf *out, const struct final_event *e)
{
    wire_put_u64(out, e->sequence);
    wire_put_u64(out, e->mid);
    wire_put_u32(out, e->rid);
    wire_put_i64(out, e->time);
    wire_put_u8(out, (uint8_t)e->kind);
    wire_put_span(out, e->message_id);
    wire_put_span(out, e->sender);
    wire_put_span(out, e->recipient);
    wire_put_span(out, e->detail);
    wire_put_u64(out, e->revision);
    wire_put_span(out, e->versions);
}

bool final_event_get(struct wire_reader *in, struct final_event *e)
{
    e->sequence = wire_get_u64(in);
    e->mid = wire_get_u64(in);
    e->rid = wire_get_u32(in);
    e->time = wire_get_i64(in);
    uint8_t kind = wire_get_u8(in);
    e->kind = kind;
    if (kind >= FINAL_KIND_COUNT)
        in->failed = true;
    e->message_id = wire_get_span(in);
    e->sender = wire_get_span(in);
    e->recipient = wire_get_span(in);
    e->detail = wire_get_span(in);
    e->revision = wire_get_u64(in);
    e->versions = wire_get_span(in);
    return wire_reader_done(in);
}

void config_revision_put(struct buf *out, const struct config_revision *r)
{
    wire_put_u64(out, r->number);
    wire_put_span(out, span_text(r->commit_id));
}

struct config_revision config_revision_get(struct wire_reader *in)
{
    struct config_revision r = {.number = wire_get_u64(in)};
    struct span id = wire_get_span(in);
    if (id.n > COMMIT_ID_MAX || span_find(id, '\0') != id.n)
        in->failed = true;
    else if (id.n)
        memcpy(r.commit_id, id.p, id.n);
    return r;
}

bool config_revision_equal(const struct config_revision *a, const struct config_revision *b)
{
    return a->number == b->number && strcmp(a->commit_id, b->commit_id) == 0;
}

void ports_request_put(struct buf *out, const struct ports_request *r)
{
    wire_put_u64(out, r->id);
    wire_put_u8(out, r->running);
    wire_put_u32(out, r->count);
    for (uint32_t i = 0; i < r->count; i++) {
        wire_put_span(out, r->ports[i].name);
        wire_put_span(out, r->ports[i].address);
        wire_put_u16(out, r->ports[i].port);
        wire_put_u8(out, r->ports[i].role);
    }
}

bool ports_request_get(struct wire_reader *in, struct arena *arena, struct ports_request *r)
{
    r->id = wire_get_u64(in);
    r->running = wire_get_u8(in);
    r->count = wire_get_count(in, 11);
    struct port_wanted *ports = arena_calloc(arena, r->count, sizeof *ports);
    for (uint32_t i = 0; i < r->count; i++) {
        ports[i].name = wire_get_span(in);
        ports[i].address = wire_get_span(in);
        ports[i].port = wire_get_u16(in);
        ports[i].role = wire_get_u8(in);
        if (span_find(ports[i].name, '\0') < ports[i].name.n ||
            span_find(ports[i].address, '\0') < ports[i].address.n)
            in->failed = true;
    }
    r->ports = ports;
    return wire_reader_done(in);
}
