/* The store: final events until the log role has them on its disk. */
#include "daemon/log_lines.h"
#include "daemon/queue/store_internal.h"

/* The oldest row goes: a scan role that was taken over must not fill the disk with names of its own.  What still refers to
 * it has no versions any more.
 */
static bool forget_versions(struct store *s, uint32_t newest, struct fault *f)
{
    if (newest <= STORE_VERSIONS_MOST)
        return true;
    if (!STORE_RUN(s, FORGET_VERSIONS, f, V_INT(newest - STORE_VERSIONS_MOST)))
        return false;
    if (sqlite3_changes64(s->database.db) > 0)
        LOG(VERSIONS_FORGOTTEN, LOG_U(STORE_VERSIONS_MOST));
    return true;
}

/* A row for each update. */
bool store_find_versions(struct store *s, struct span text, uint32_t *id, struct fault *f)
{
    *id = 0;
    for (enum statement by = STATEMENT_FIND_VERSIONS; text.n && *id == 0; by = STATEMENT_ADD_VERSIONS) {
        sqlite3_stmt *row = store_query(s, by, f, VALUES(V_TEXT(text)));
        enum store_step step = store_step(s, row, f);
        if (step == STORE_ROW) {
            *id = (uint32_t)store_column_u64(row, 0);
            step = store_step(s, row, f);
        }
        if (step != STORE_END || (by == STATEMENT_ADD_VERSIONS && !forget_versions(s, *id, f)))
            return false;
    }
    return true;
}

bool store_add_final(struct store *s, struct final_event *e, uint32_t versions, struct fault *f)
{
    if (!store_take_id(s, STORE_ID_FINAL, &e->sequence, f) ||
        !STORE_RUN(s, ADD_FINAL, f, V_INT(e->sequence), V_INT(e->mid), V_INT(e->rid), V_INT(e->time),
                   V_INT(e->kind), V_TEXT(e->message_id), V_TEXT(e->sender), V_TEXT(e->recipient),
                   V_TEXT(e->detail), V_INT(e->revision), V_INT(versions)))
        return false;
    s->now.counts.outbox++;
    return true;
}

bool store_each_final(struct store *s, uint64_t after, uint32_t limit, store_final_visit *visit,
                      void *context, struct fault *f)
{
    sqlite3_stmt *row = STORE_QUERY(s, EACH_FINAL, f, V_INT(after), V_INT(limit));
    enum store_step step;
    while ((step = store_step(s, row, f)) == STORE_ROW) {
        struct final_event e = {
            .sequence = store_column_u64(row, 0),
            .mid = store_column_u64(row, 1),
            .rid = (uint32_t)store_column_u64(row, 2),
            .time = sqlite3_column_int64(row, 3),
            .kind = (enum final_kind)sqlite3_column_int(row, 4),
            .message_id = store_column_span(row, 5),
            .sender = store_column_span(row, 6),
            .recipient = store_column_span(row, 7),
            .detail = store_column_span(row, 8),
            .revision = store_column_u64(row, 9),
            .versions = store_column_span(row, 10),
        };
        visit(context, &e);
    }
    return step == STORE_END;
}

bool store_remove_finals(struct store *s, uint64_t sequence, struct fault *f)
{
    if (!STORE_RUN(s, REMOVE_FINALS, f, V_INT(sequence)))
        return false;
    s->now.counts.outbox -= (uint64_t)sqlite3_changes64(s->database.db);
    return true;
}
