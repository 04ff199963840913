/* The methods `queue.list` and `quarantine.list`: pages of rows, one after the other as fast as the shell reads. */
#include <stdlib.h>
#include <string.h>

#include "daemon/control/queue_call.h"
#include "daemon/control/session.h"
#include "engine/base/xalloc.h"

struct listing {
    struct queue_call call;
    struct queue_query query;
    char *text; /* that the query points into */
    json_int_t left, count;
};

static void ask_page(struct listing *l)
{
    struct buf body = {0};
    l->query.id = queue_call_id(&l->call);
    queue_query_put(&body, &l->query);
    queue_call_ask(&l->call, MSG_QUEUE_LIST, &body);
}

static json_t *recipient_json(const struct queue_row_recipient *r)
{
    return json_pack("{s:i,s:o,s:I,s:I}", "rid", (int)r->rid, "address", queue_text_json(r->address), "tries",
                     (json_int_t)r->tries, "next_try", (json_int_t)r->next_try);
}

static json_t *row_json(const struct queue_row *row)
{
    static const char *const states[QUEUE_ROW_STATES] = {"scan", "delivery", "quarantine", "held"};
    json_t *recipients = json_array();
    for (uint32_t i = 0; i < row->recipient_count; i++)
        json_array_append_new(recipients, recipient_json(&row->recipients[i]));
    return json_pack("{s:I,s:I,s:s,s:b,s:I,s:o,s:o,s:o,s:o,s:o}", "mid", (json_int_t)row->mid, "time",
                     (json_int_t)row->time, "state", states[row->state], "in_hand", (int)row->in_hand,
                     "bytes", (json_int_t)row->bytes, "score",
                     row->score < 0 ? json_null() : json_integer(row->score), "sender",
                     queue_text_json(row->sender), "subject", queue_text_json(row->subject), "alternate_host",
                     queue_text_json(row->host), "recipients", recipients);
}

static bool get_rows(struct listing *l, struct wire_reader *in, uint32_t count, json_t *rows)
{
    struct arena *arena = arena_new();
    struct queue_row row;
    bool good = true;
    for (uint32_t i = 0; good && i < count; i++) {
        good = queue_row_get(in, arena, &row);
        if (good && l->left > 0) {
            json_array_append_new(rows, row_json(&row));
            l->left--;
            l->count++;
        }
        arena_reset(arena);
    }
    arena_free(arena);
    return good;
}

static void take_page(struct queue_call *call, struct wire_reader *in, int fd)
{
    (void)fd;
    struct listing *l = (struct listing *)call;
    struct queue_rows head = {0};
    queue_rows_get(in, &head);
    l->query.from = head.next;
    json_t *rows = json_array();
    bool good = get_rows(l, in, head.count, rows) && head.good;
    if (json_array_size(rows))
        session_rows(call->session, rows);
    else
        json_decref(rows);
    if (good && l->query.from && l->left > 0) {
        if (!session_is_full(call->session))
            ask_page(l);
        return;
    }
    if (good)
        session_done(call->session, json_pack("{s:I}", "count", l->count));
    else
        session_fail(call->session, API_ERROR_FAILED, "the queue cannot read its store");
    queue_call_end(call);
}

static void resume_listing(struct queue_call *call)
{
    ask_page((struct listing *)call);
}

static void end_listing(struct queue_call *call)
{
    free(((struct listing *)call)->text);
}

static const struct queue_call_type listing_type = {take_page, resume_listing, NULL, end_listing};

static void list(uint64_t session, const json_t *request, enum queue_place place)
{
    struct queue_query query = {.place = place};
    const json_t *limit = json_object_get(request, "limit");
    if (!queue_query_read(session, request, &query))
        return;
    struct listing *l = xcalloc(1, sizeof *l);
    l->query = query;
    l->query.text.p = l->text = xmemdup0(query.text.n ? query.text.p : "", query.text.n);
    l->left = limit ? json_integer_value(limit) : INT64_MAX;
    queue_call_begin(&l->call, &listing_type, session);
    ask_page(l);
}

void queue_list(uint64_t session, json_t *request)
{
    list(session, request, QUEUE_PLACE_QUEUE);
}

void quarantine_list(uint64_t session, json_t *request)
{
    list(session, request, QUEUE_PLACE_QUARANTINE);
}
