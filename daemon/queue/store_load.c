/* The store: messages with their recipients, put together from rows, at the start and in pages. */
#include <stdlib.h>

#include "daemon/queue/store_internal.h"
#include "engine/base/buf.h"
#include "engine/base/xalloc.h"

/* One message while its rows come in. */
struct loading {
    struct message m;
    struct buf text; /* that the spans of m point into; they are offsets until it is complete */
    struct recipient *recipients;
    uint32_t cap;
    struct store_kept kept; /* of a page */
};

static struct span keep_text(struct loading *l, struct span s)
{
    struct span at = {(const char *)l->text.len, s.n};
    buf_append_span(&l->text, s);
    return at;
}

static void resolve(const struct loading *l, struct span *s)
{
    s->p = s->n ? l->text.data + (size_t)s->p : NULL;
}

/* Columns of the statements LOAD, PAGE and QUARANTINE_PAGE; the last three are not in LOAD. */
enum load_column {
    COLUMN_MID,
    COLUMN_PARENT,
    COLUMN_ICID,
    COLUMN_RECEIVED,
    COLUMN_SEGMENT,
    COLUMN_POSITION,
    COLUMN_LENGTH,
    COLUMN_SHA256,
    COLUMN_TRACE_BYTES,
    COLUMN_BODY_8BIT,
    COLUMN_OUTBOUND,
    COLUMN_SENDER,
    COLUMN_HELO,
    COLUMN_CLIENT_IP,
    COLUMN_MESSAGE_ID,
    COLUMN_SCAN_TRIES,
    COLUMN_ATTEMPT,
    COLUMN_EDITS,
    COLUMN_REVISION,
    COLUMN_HOST,
    COLUMN_RETURNS,
    COLUMN_ENVELOPE_ID,
    COLUMN_UTF8,
    COLUMN_VERSIONS,
    COLUMN_RID,
    COLUMN_ADDRESS,
    COLUMN_STATE,
    COLUMN_TRIES,
    COLUMN_NEXT_TRY,
    COLUMN_NOTIFY,
    COLUMN_ORIGINAL,
    COLUMN_DELAY_TOLD,
    COLUMN_SINCE,
    COLUMN_SUBJECT,
    COLUMN_SCORE,
};

static void begin_message(struct loading *l, sqlite3_stmt *row)
{
    buf_clear(&l->text);
    l->m = (struct message){
        .node.key = store_column_u64(row, COLUMN_MID),
        .parent = store_column_u64(row, COLUMN_PARENT),
        .icid = store_column_u64(row, COLUMN_ICID),
        .revision = store_column_u64(row, COLUMN_REVISION),
        .received = sqlite3_column_int64(row, COLUMN_RECEIVED),
        .body = {.segment = (uint32_t)store_column_u64(row, COLUMN_SEGMENT),
                 .offset = store_column_u64(row, COLUMN_POSITION),
                 .length = store_column_u64(row, COLUMN_LENGTH)},
        .trace_bytes = (uint32_t)store_column_u64(row, COLUMN_TRACE_BYTES),
        .body_8bit = sqlite3_column_int(row, COLUMN_BODY_8BIT) != 0,
        .outbound = sqlite3_column_int(row, COLUMN_OUTBOUND) != 0,
        .sender = keep_text(l, store_column_span(row, COLUMN_SENDER)),
        .helo = keep_text(l, store_column_span(row, COLUMN_HELO)),
        .client_ip = keep_text(l, store_column_span(row, COLUMN_CLIENT_IP)),
        .message_id = keep_text(l, store_column_span(row, COLUMN_MESSAGE_ID)),
        .scan_tries = (uint8_t)sqlite3_column_int(row, COLUMN_SCAN_TRIES),
        .attempt = (uint32_t)store_column_u64(row, COLUMN_ATTEMPT),
        .edits = keep_text(l, store_column_span(row, COLUMN_EDITS)),
        .host = keep_text(l, store_column_span(row, COLUMN_HOST)),
        .returns = (uint8_t)sqlite3_column_int(row, COLUMN_RETURNS),
        .envelope_id = keep_text(l, store_column_span(row, COLUMN_ENVELOPE_ID)),
        .utf8 = sqlite3_column_int(row, COLUMN_UTF8) != 0,
        .versions = (uint32_t)store_column_u64(row, COLUMN_VERSIONS),
        .state = (enum recipient_state)sqlite3_column_int(row, COLUMN_STATE),
    };
    struct span hash = store_column_span(row, COLUMN_SHA256);
    if (hash.n == SPOOL_HASH_BYTES)
        memcpy(l->m.body.sha256, hash.p, hash.n);
}

static void add_recipient(struct loading *l, sqlite3_stmt *row)
{
    if (l->m.recipient_count == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 16;
        l->recipients = xreallocarray(l->recipients, l->cap, sizeof *l->recipients);
    }
    l->recipients[l->m.recipient_count++] = (struct recipient){
        .rid = (uint32_t)store_column_u64(row, COLUMN_RID),
        .address = keep_text(l, store_column_span(row, COLUMN_ADDRESS)),
        .tries = (uint32_t)store_column_u64(row, COLUMN_TRIES),
        .next_try = sqlite3_column_int64(row, COLUMN_NEXT_TRY),
        .notify = (uint8_t)sqlite3_column_int(row, COLUMN_NOTIFY),
        .original = keep_text(l, store_column_span(row, COLUMN_ORIGINAL)),
        .delay_told = sqlite3_column_int(row, COLUMN_DELAY_TOLD) != 0,
    };
}

static void complete(struct loading *l)
{
    struct span *texts[] = {&l->m.sender, &l->m.helo, &l->m.client_ip,   &l->m.message_id,
                            &l->m.edits,  &l->m.host, &l->m.envelope_id, &l->kept.subject};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        resolve(l, texts[i]);
    for (uint32_t i = 0; i < l->m.recipient_count; i++) {
        resolve(l, &l->recipients[i].address);
        resolve(l, &l->recipients[i].original);
    }
    l->m.recipients = l->recipients;
}

static void end_message(struct loading *l, store_message_visit *visit, void *context)
{
    if (l->m.recipient_count == 0)
        return;
    complete(l);
    visit(context, &l->m);
}

bool store_load(struct store *s, store_message_visit *visit, void *context, struct fault *f)
{
    struct loading l = {.m.recipient_count = 0};
    sqlite3_stmt *row = store_query(s, STATEMENT_LOAD, f, NULL, 0);
    enum store_step step;
    while ((step = store_step(s, row, f)) == STORE_ROW) {
        if (l.m.recipient_count == 0 || message_mid(&l.m) != store_column_u64(row, COLUMN_MID)) {
            end_message(&l, visit, context);
            begin_message(&l, row);
        }
        add_recipient(&l, row);
    }
    end_message(&l, visit, context);
    buf_free(&l.text);
    free(l.recipients);
    return step == STORE_END;
}

static void begin_page_message(struct loading *l, sqlite3_stmt *row)
{
    begin_message(l, row);
    bool judged = sqlite3_column_type(row, COLUMN_SCORE) == SQLITE_INTEGER;
    l->kept = (struct store_kept){.since = sqlite3_column_int64(row, COLUMN_SINCE),
                                  .subject = keep_text(l, store_column_span(row, COLUMN_SUBJECT)),
                                  .score = judged ? sqlite3_column_int(row, COLUMN_SCORE) : -1};
}

static bool visit_page(struct store *s, sqlite3_stmt *row, store_page_visit *visit, void *context,
                       struct fault *f)
{
    struct loading l = {.m.recipient_count = 0};
    enum store_step step = STORE_FAILED;
    bool more = true;
    while (more && (step = store_step(s, row, f)) == STORE_ROW) {
        bool next = message_mid(&l.m) != store_column_u64(row, COLUMN_MID);
        if (next && l.m.recipient_count) {
            complete(&l);
            more = visit(context, &l.m, &l.kept);
        }
        if (next)
            begin_page_message(&l, row);
        add_recipient(&l, row);
    }
    if (step == STORE_ROW) {
        sqlite3_reset(row);
    } else if (step == STORE_END && l.m.recipient_count) {
        complete(&l);
        visit(context, &l.m, &l.kept);
    }
    buf_free(&l.text);
    free(l.recipients);
    return step != STORE_FAILED;
}

static uint64_t as_mid(uint64_t mid)
{
    return mid > INT64_MAX ? INT64_MAX : mid;
}

bool store_page(struct store *s, uint64_t after, uint64_t last, uint32_t limit, store_page_visit *visit,
                void *context, struct fault *f)
{
    sqlite3_stmt *row = STORE_QUERY(s, PAGE, f, V_INT(as_mid(after)), V_INT(as_mid(last)), V_INT(limit));
    return visit_page(s, row, visit, context, f);
}

bool store_quarantine_page(struct store *s, uint64_t below, uint32_t limit, store_page_visit *visit,
                           void *context, struct fault *f)
{
    return visit_page(s, STORE_QUERY(s, QUARANTINE_PAGE, f, V_INT(as_mid(below)), V_INT(limit)), visit,
                      context, f);
}
