/* The store: changes of messages and recipients, where bodies are, what is suspended, counts, and MIDs of ended messages. */
#include "daemon/queue/store_internal.h"
#include "engine/base/buf.h"

bool store_add_message(struct store *s, const struct message *m, struct fault *f)
{
    uint64_t mid = message_mid(m);
    if (!STORE_RUN(s, ADD_MESSAGE, f, V_INT(mid), V_INT(m->parent), V_INT(m->icid), V_INT(m->received),
                   V_INT(m->body.segment), V_INT(m->body.offset), V_INT(m->body.length),
                   V_BLOB(span_of(m->body.sha256, SPOOL_HASH_BYTES)), V_INT(m->trace_bytes),
                   V_INT(m->body_8bit), V_INT(m->outbound), V_TEXT(m->sender), V_TEXT(m->helo),
                   V_TEXT(m->client_ip), V_TEXT(m->message_id), V_INT(m->scan_tries), V_INT(m->attempt),
                   V_BLOB(m->edits), V_INT(m->revision), V_TEXT(m->host), V_INT(m->returns),
                   V_TEXT(m->envelope_id), V_INT(m->utf8), V_INT(m->versions)))
        return false;
    for (uint32_t i = 0; i < m->recipient_count; i++) {
        const struct recipient *r = &m->recipients[i];
        if (!STORE_RUN(s, ADD_RECIPIENT, f, V_INT(mid), V_INT(r->rid), V_TEXT(r->address), V_INT(m->state),
                       V_INT(r->tries), V_INT(r->next_try), V_INT(r->notify), V_TEXT(r->original),
                       V_INT(r->delay_told)))
            return false;
    }
    s->now.counts.messages++;
    return true;
}

bool store_remove_recipient(struct store *s, uint64_t mid, uint32_t rid, struct fault *f)
{
    return STORE_RUN(s, REMOVE_RECIPIENT, f, V_INT(mid), V_INT(rid));
}

bool store_remove_message(struct store *s, uint64_t mid, struct fault *f)
{
    if (!STORE_RUN(s, REMOVE_RECIPIENTS, f, V_INT(mid)) || !STORE_RUN(s, REMOVE_MESSAGE, f, V_INT(mid)))
        return false;
    s->now.counts.messages--;
    return true;
}

bool store_quarantine(struct store *s, const struct message *m, int64_t since, struct span subject,
                      struct fault *f)
{
    uint64_t mid = message_mid(m);
    if (!store_set_state(s, mid, RECIPIENT_QUARANTINE, f) ||
        !STORE_RUN(s, ADD_QUARANTINED, f, V_INT(mid), V_INT(since), V_INT(m->body.length), V_TEXT(subject)))
        return false;
    s->now.counts.quarantine_bytes += m->body.length;
    s->now.counts.quarantined_messages++;
    return true;
}

bool store_remove_kept(struct store *s, const struct message *m, struct fault *f)
{
    if (m->state == RECIPIENT_QUARANTINE) {
        if (!STORE_RUN(s, REMOVE_QUARANTINED, f, V_INT(message_mid(m))))
            return false;
        s->now.counts.quarantined -= m->recipient_count;
        s->now.counts.quarantine_bytes -= m->body.length;
        s->now.counts.quarantined_messages--;
    } else {
        s->now.counts.held -= m->recipient_count;
    }
    return store_remove_message(s, message_mid(m), f);
}

bool store_remove_held(struct store *s, uint64_t mid, uint32_t rid, struct fault *f)
{
    if (!store_remove_recipient(s, mid, rid, f))
        return false;
    s->now.counts.held--;
    return true;
}

bool store_try_now(struct store *s, uint64_t mid, uint32_t rid, struct fault *f)
{
    return STORE_RUN(s, TRY_NOW, f, V_INT(mid), V_INT(rid));
}

bool store_set_verdict(struct store *s, const struct message *m, const struct judge_child *judged,
                       struct span edits, struct fault *f)
{
    return STORE_RUN(s, SET_VERDICT, f, V_INT(message_mid(m)), V_TEXT(judged->policy), V_INT(judged->verdict),
                     V_INT(judged->score), V_BLOB(edits), V_INT(m->revision), V_TEXT(judged->host),
                     V_INT(m->versions));
}

bool store_set_state(struct store *s, uint64_t mid, enum recipient_state state, struct fault *f)
{
    if (!STORE_RUN(s, SET_STATE, f, V_INT(mid), V_INT(state)))
        return false;
    if (state == RECIPIENT_QUARANTINE)
        s->now.counts.quarantined += (uint64_t)sqlite3_changes64(s->database.db);
    else if (state == RECIPIENT_HELD)
        s->now.counts.held += (uint64_t)sqlite3_changes64(s->database.db);
    return true;
}

static bool count_rows(struct store *s, enum statement id, uint64_t *count, struct fault *f)
{
    sqlite3_stmt *row = store_query(s, id, f, NULL, 0);
    if (store_step(s, row, f) != STORE_ROW)
        return false;
    *count = store_column_u64(row, 0);
    return store_step(s, row, f) == STORE_END;
}

bool store_set_paused(struct store *s, bool paused, struct fault *f)
{
    return STORE_RUN(s, SET_PAUSED, f, V_INT(paused));
}

bool store_is_paused(struct store *s, bool *paused, struct fault *f)
{
    uint64_t value = 0;
    bool good = count_rows(s, STATEMENT_GET_PAUSED, &value, f);
    *paused = value != 0;
    return good;
}

bool store_set_suspended(struct store *s, const struct suspension *suspended, struct fault *f)
{
    struct wire_reader names = wire_reader_of(buf_span(&suspended->listeners.names));
    bool good = STORE_RUN(s, SET_SUSPENDED, f, V_INT(suspended->parts)) &&
                store_run(s, STATEMENT_RESUME_NAMES, f, NULL, 0);
    while (good && names.rest.n)
        good = STORE_RUN(s, SUSPEND_NAME, f, V_TEXT(wire_get_span(&names)));
    return good;
}

bool store_get_suspended(struct store *s, struct suspension *suspended, struct fault *f)
{
    uint64_t value = 0;
    enum store_step step;
    if (!count_rows(s, STATEMENT_GET_SUSPENDED, &value, f))
        return false;
    suspended->parts = (uint8_t)value;
    sqlite3_stmt *row = store_query(s, STATEMENT_SUSPENDED_NAMES, f, NULL, 0);
    while ((step = store_step(s, row, f)) == STORE_ROW) {
        wire_put_span(&suspended->listeners.names, store_column_span(row, 0));
        suspended->listeners.count++;
    }
    return step == STORE_END;
}

bool store_set_scan_tries(struct store *s, uint64_t mid, uint32_t tries, struct fault *f)
{
    return STORE_RUN(s, SET_SCAN_TRIES, f, V_INT(mid), V_INT(tries));
}

bool store_set_attempt(struct store *s, uint64_t mid, uint32_t attempt, struct fault *f)
{
    return STORE_RUN(s, SET_ATTEMPT, f, V_INT(mid), V_INT(attempt));
}

bool store_defer_recipient(struct store *s, uint64_t mid, const struct recipient *r, struct span reply,
                           struct fault *f)
{
    return STORE_RUN(s, DEFER_RECIPIENT, f, V_INT(mid), V_INT(r->rid), V_INT(r->tries), V_INT(r->next_try),
                     V_TEXT(reply), V_INT(r->delay_told));
}

bool store_each_oldest(struct store *s, uint32_t limit, store_oldest_visit *visit, void *context,
                       struct fault *f)
{
    sqlite3_stmt *row = STORE_QUERY(s, EACH_OLDEST, f, V_INT(limit));
    enum store_step step;
    while ((step = store_step(s, row, f)) == STORE_ROW) {
        struct store_oldest oldest = {.mid = store_column_u64(row, 0),
                                      .since = sqlite3_column_int64(row, 1),
                                      .bytes = store_column_u64(row, 2)};
        visit(context, &oldest);
    }
    return step == STORE_END;
}

bool store_newest(struct store *s, uint64_t *mid, struct fault *f)
{
    return count_rows(s, STATEMENT_NEWEST, mid, f);
}

bool store_count(struct store *s, struct fault *f)
{
    struct store_counts *counts = &s->now.counts;
    if (!count_rows(s, STATEMENT_COUNT_MESSAGES, &counts->messages, f) ||
        !count_rows(s, STATEMENT_COUNT_FINALS, &counts->outbox, f) ||
        !count_rows(s, STATEMENT_COUNT_QUARANTINED, &counts->quarantined_messages, f) ||
        !count_rows(s, STATEMENT_SUM_QUARANTINED, &counts->quarantine_bytes, f))
        return false;
    sqlite3_stmt *row = store_query(s, STATEMENT_COUNT_STATES, f, NULL, 0);
    enum store_step step;
    while ((step = store_step(s, row, f)) == STORE_ROW) {
        int state = sqlite3_column_int(row, 0);
        if (state == RECIPIENT_QUARANTINE)
            counts->quarantined = store_column_u64(row, 1);
        else if (state == RECIPIENT_HELD)
            counts->held = store_column_u64(row, 1);
    }
    return step == STORE_END;
}

static bool visit_bodies(struct store *s, sqlite3_stmt *row, store_body_visit *visit, void *context,
                         struct fault *f)
{
    enum store_step step;
    while ((step = store_step(s, row, f)) == STORE_ROW) {
        struct spool_record body = {.segment = (uint32_t)store_column_u64(row, 1),
                                    .offset = store_column_u64(row, 2),
                                    .length = store_column_u64(row, 3)};
        struct span hash = store_column_span(row, 4);
        if (hash.n == SPOOL_HASH_BYTES)
            memcpy(body.sha256, hash.p, hash.n);
        visit(context, store_column_u64(row, 0), &body);
    }
    return step == STORE_END;
}

bool store_each_body(struct store *s, store_body_visit *visit, void *context, struct fault *f)
{
    return visit_bodies(s, store_query(s, STATEMENT_EACH_BODY, f, NULL, 0), visit, context, f);
}

bool store_segment_bodies(struct store *s, uint32_t segment, uint32_t limit, store_body_visit *visit,
                          void *context, struct fault *f)
{
    return visit_bodies(s, STORE_QUERY(s, SEGMENT_BODIES, f, V_INT(segment), V_INT(limit)), visit, context,
                        f);
}

bool store_move_body(struct store *s, uint64_t mid, const struct spool_record *to, struct fault *f)
{
    return STORE_RUN(s, MOVE_BODY, f, V_INT(mid), V_INT(to->segment), V_INT(to->offset));
}

bool store_knows(struct store *s, uint64_t mid, bool *known, struct fault *f)
{
    sqlite3_stmt *row = STORE_QUERY(s, KNOWS, f, V_INT(mid));
    if (store_step(s, row, f) != STORE_ROW)
        return false;
    *known = sqlite3_column_int(row, 0) != 0;
    return store_step(s, row, f) == STORE_END;
}

bool store_remember(struct store *s, uint64_t mid, int64_t ended, struct fault *f)
{
    return STORE_RUN(s, REMEMBER, f, V_INT(mid), V_INT(ended));
}

bool store_forget(struct store *s, int64_t ended, struct fault *f)
{
    return STORE_RUN(s, FORGET, f, V_INT(ended));
}
