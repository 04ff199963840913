/* Showing what is in the queue and in quarantine: pages of rows, read from the store, and single messages. */
#include <unistd.h>

#include "daemon/queue/select.h"
#include "daemon/role.h"

enum { PAGE_MESSAGES = 200, PAGE_BYTES = 512 * 1024 };

struct page {
    struct queue *q;
    struct queue_query query;
    struct queue_rows head;
    struct buf rows;
    uint32_t seen; /* messages, whether they match or not */
    uint64_t mid;  /* the last of them */
};

static enum queue_row_state row_state(enum recipient_state state)
{
    static const enum queue_row_state states[] = {[RECIPIENT_SCAN] = QUEUE_ROW_SCAN,
                                                  [RECIPIENT_DELIVER] = QUEUE_ROW_DELIVER,
                                                  [RECIPIENT_QUARANTINE] = QUEUE_ROW_QUARANTINE,
                                                  [RECIPIENT_HELD] = QUEUE_ROW_HELD};
    return states[state];
}

/* In quarantine a message is one thing: a recipient that matches shows all.  In the queue each counts for itself. */
static uint32_t list_recipients(const struct page *p, const struct message *m, struct span subject,
                                struct queue_row_recipient *recipients)
{
    uint32_t count = 0, matching = 0;
    for (uint32_t i = 0; i < m->recipient_count; i++) {
        const struct recipient *r = &m->recipients[i];
        bool matches = select_recipient(&p->query, m, subject, r);
        matching += matches;
        if (matches || m->state == RECIPIENT_QUARANTINE)
            recipients[count++] = (struct queue_row_recipient){r->rid, r->address, r->tries, r->next_try};
    }
    return matching ? count : 0;
}

static bool add_row(void *context, const struct message *m, const struct store_kept *kept)
{
    struct page *p = context;
    p->seen++;
    p->mid = message_mid(m);
    if (!select_place(&p->query, m))
        return true;
    struct arena *arena = arena_new();
    struct queue_row_recipient *recipients = arena_calloc(arena, m->recipient_count, sizeof *recipients);
    const struct message *live = queue_find(p->q, p->mid);
    struct queue_row row = {.mid = p->mid,
                            .time = kept->since ? kept->since : m->received,
                            .state = row_state(m->state),
                            .in_hand = live && live->hand == HAND_PEER,
                            .bytes = m->body.length,
                            .score = kept->score,
                            .sender = m->sender,
                            .subject = kept->subject,
                            .host = m->host,
                            .recipients = recipients,
                            .recipient_count = list_recipients(p, m, kept->subject, recipients)};
    if (row.recipient_count) {
        queue_row_put(&p->rows, &row);
        p->head.count++;
    }
    arena_free(arena);
    return p->rows.len < PAGE_BYTES;
}

static bool read_page(struct queue *q, struct page *p, struct fault *f)
{
    const struct queue_query *query = &p->query;
    if (query->place == QUEUE_PLACE_QUARANTINE)
        return store_quarantine_page(q->store, query->from ? query->from : UINT64_MAX, PAGE_MESSAGES, add_row,
                                     p, f);
    return store_page(q->store, query->from, query->last ? query->last : UINT64_MAX, PAGE_MESSAGES, add_row,
                      p, f);
}

void listing_request(struct queue *q, struct wire_reader *in)
{
    struct page p = {.q = q};
    struct fault f;
    queue_query_get(in, &p.query);
    if (in->failed)
        return;
    p.head.id = p.query.id;
    p.head.good = read_page(q, &p, &f);
    if (p.seen == PAGE_MESSAGES || p.rows.len >= PAGE_BYTES)
        p.head.next = p.mid;
    struct buf body = {0};
    queue_rows_put(&body, &p.head);
    buf_append_span(&body, buf_span(&p.rows));
    role_send(ROLE_CONTROL, MSG_QUEUE_ROWS, buf_span(&body), -1);
    buf_free(&body);
    buf_free(&p.rows);
}

struct reading {
    struct queue *q;
    enum queue_text result;
    int fd;
    struct buf sender;
    int64_t time;
};

static bool read_message(void *context, const struct message *m, const struct store_kept *kept)
{
    static const enum queue_text results[] = {[SPOOL_GOOD] = QUEUE_TEXT_GOOD,
                                              [SPOOL_FAILED] = QUEUE_TEXT_UNREADABLE,
                                              [SPOOL_DAMAGED] = QUEUE_TEXT_DAMAGED};
    (void)kept;
    struct reading *r = context;
    buf_append_span(&r->sender, m->sender);
    r->time = m->received;
    r->result = results[body_memfd(r->q, m, BODY_STORED, &r->fd)];
    return false;
}

void listing_read(struct queue *q, struct wire_reader *in)
{
    struct reading r = {.q = q, .result = QUEUE_TEXT_UNKNOWN, .fd = -1};
    uint32_t id = wire_get_u32(in);
    uint64_t mid = wire_get_u64(in);
    struct fault f;
    if (in->failed)
        return;
    if (mid > 0 && !store_page(q->store, mid - 1, mid, 1, read_message, &r, &f))
        r.result = QUEUE_TEXT_UNREADABLE;
    struct buf body = {0};
    wire_put_u32(&body, id);
    wire_put_u8(&body, (uint8_t)r.result);
    wire_put_span(&body, buf_span(&r.sender));
    wire_put_i64(&body, r.time);
    role_send(ROLE_CONTROL, MSG_QUEUE_TEXT, buf_span(&body), r.fd);
    buf_free(&r.sender);
    buf_free(&body);
}
