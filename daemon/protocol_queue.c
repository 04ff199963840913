/* Put and get of the messages about mail that is kept. */
#include "daemon/protocol_queue.h"

void queue_query_put(struct buf *out, const struct queue_query *q)
{
    wire_put_u32(out, q->id);
    wire_put_u8(out, (uint8_t)q->place);
    wire_put_u8(out, (uint8_t)q->match);
    wire_put_span(out, q->text);
    wire_put_u64(out, q->from);
    wire_put_u64(out, q->last);
}

void queue_query_get(struct wire_reader *in, struct queue_query *q)
{
    q->id = wire_get_u32(in);
    uint8_t place = wire_get_u8(in), match = wire_get_u8(in);
    in->failed |= place >= QUEUE_PLACE_COUNT || match >= QUEUE_MATCH_COUNT;
    q->place = place;
    q->match = match;
    q->text = wire_get_span(in);
    q->from = wire_get_u64(in);
    q->last = wire_get_u64(in);
}

void queue_row_put(struct buf *out, const struct queue_row *r)
{
    wire_put_u64(out, r->mid);
    wire_put_i64(out, r->time);
    wire_put_u8(out, (uint8_t)r->state);
    wire_put_u8(out, r->in_hand);
    wire_put_u64(out, r->bytes);
    wire_put_i64(out, r->score);
    wire_put_span(out, r->sender);
    wire_put_span(out, r->subject);
    wire_put_span(out, r->host);
    wire_put_u32(out, r->recipient_count);
    for (uint32_t i = 0; i < r->recipient_count; i++) {
        wire_put_u32(out, r->recipients[i].rid);
        wire_put_span(out, r->recipients[i].address);
        wire_put_u32(out, r->recipients[i].tries);
        wire_put_i64(out, r->recipients[i].next_try);
    }
}

bool queue_row_get(struct wire_reader *in, struct arena *arena, struct queue_row *r)
{
    r->mid = wire_get_u64(in);
    r->time = wire_get_i64(in);
    uint8_t state = wire_get_u8(in);
    in->failed |= state >= QUEUE_ROW_STATES;
    r->state = state;
    r->in_hand = wire_get_u8(in);
    r->bytes = wire_get_u64(in);
    r->score = (int32_t)wire_get_i64(in);
    r->sender = wire_get_span(in);
    r->subject = wire_get_span(in);
    r->host = wire_get_span(in);
    r->recipient_count = wire_get_count(in, 20);
    struct queue_row_recipient *recipients = arena_calloc(arena, r->recipient_count, sizeof *recipients);
    for (uint32_t i = 0; i < r->recipient_count; i++) {
        recipients[i].rid = wire_get_u32(in);
        recipients[i].address = wire_get_span(in);
        recipients[i].tries = wire_get_u32(in);
        recipients[i].next_try = wire_get_i64(in);
    }
    r->recipients = recipients;
    return !in->failed;
}

void queue_rows_put(struct buf *out, const struct queue_rows *r)
{
    wire_put_u32(out, r->id);
    wire_put_u8(out, r->good);
    wire_put_u64(out, r->next);
    wire_put_u32(out, r->count);
}

void queue_rows_get(struct wire_reader *in, struct queue_rows *r)
{
    r->good = wire_get_u8(in);
    r->next = wire_get_u64(in);
    r->count = wire_get_count(in, 50);
}

void queue_changed_put(struct buf *out, const struct queue_changed *c)
{
    wire_put_u32(out, c->id);
    wire_put_span(out, c->error);
    wire_put_u64(out, c->next);
    wire_put_u64(out, c->last);
    wire_put_u32(out, c->messages);
    wire_put_u32(out, c->recipients);
    wire_put_u32(out, c->busy);
}

bool queue_changed_get(struct wire_reader *in, struct queue_changed *c)
{
    c->error = wire_get_span(in);
    c->next = wire_get_u64(in);
    c->last = wire_get_u64(in);
    c->messages = wire_get_u32(in);
    c->recipients = wire_get_u32(in);
    c->busy = wire_get_u32(in);
    return wire_reader_done(in);
}

void host_row_put(struct buf *out, const struct host_row *r)
{
    wire_put_span(out, r->name);
    for (int i = 0; i < HOST_ORDER_COUNT; i++)
        wire_put_u64(out, r->figures[i]);
    wire_put_i64(out, r->failed);
    wire_put_span(out, r->failure);
}

void host_row_get(struct wire_reader *in, struct host_row *r)
{
    r->name = wire_get_span(in);
    for (int i = 0; i < HOST_ORDER_COUNT; i++)
        r->figures[i] = wire_get_u64(in);
    r->failed = wire_get_i64(in);
    r->failure = wire_get_span(in);
}
