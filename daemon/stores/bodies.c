/* Listing bodies, and reading each wherever it is by now. */
#include "daemon/stores/bodies.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/store_database.h"
#include "engine/base/xalloc.h"

enum { MOVES_MOST = 16 };

/* As check_queue.def has it, which names the others. */
#define SOUND_ROWS                                                                                           \
    " FROM message WHERE segment BETWEEN 1 AND 4294967294 AND position BETWEEN 0 AND (1 << 50)"              \
    " AND length BETWEEN 0 AND (1 << 50) AND length(sha256) = 32 GROUP BY segment, position, length, sha256"

struct bodies {
    const char *folder;
    struct spool *spool;
    sqlite3 *newest; /* outside of any transaction: sees what is committed */
    sqlite3_stmt *find;
};

bool bodies_each(sqlite3 *db, bodies_visit *visit, void *context, struct error *error)
{
    sqlite3_stmt *row = database_prepare(
        db, "SELECT max(mid), count(*), segment, position, length, sha256" SOUND_ROWS " ORDER BY 1 DESC",
        error);
    int code = SQLITE_DONE;
    bool more = true;
    if (!row)
        return false;
    while (more && (code = sqlite3_step(row)) == SQLITE_ROW) {
        struct body_of body = {.mid = (uint64_t)sqlite3_column_int64(row, 0),
                               .messages = (uint64_t)sqlite3_column_int64(row, 1),
                               .record = {.segment = (uint32_t)sqlite3_column_int64(row, 2),
                                          .offset = (uint64_t)sqlite3_column_int64(row, 3),
                                          .length = (uint64_t)sqlite3_column_int64(row, 4)}};
        memcpy(body.record.sha256, store_column_span(row, 5).p, SPOOL_HASH_BYTES);
        more = visit(&body, context);
    }
    bool good = !more || code == SQLITE_DONE || database_fail(db, error);
    sqlite3_finalize(row);
    return good;
}

bool bodies_count(sqlite3 *db, uint64_t *count, uint64_t *bytes, struct error *error)
{
    sqlite3_stmt *row = database_prepare(
        db, "SELECT count(*), coalesce(sum(length), 0) FROM (SELECT length" SOUND_ROWS ")", error);
    if (!row)
        return false;
    bool good = sqlite3_step(row) == SQLITE_ROW || database_fail(db, error);
    *count = good ? (uint64_t)sqlite3_column_int64(row, 0) : 0;
    *bytes = good ? (uint64_t)sqlite3_column_int64(row, 1) : 0;
    sqlite3_finalize(row);
    return good;
}

/* A row at the place itself comes first; else one of a message with the same body: the message may have been split or
 * released, so its MID tells nothing. */
static const char find_sql[] = "SELECT segment, position FROM message WHERE sha256 = ?1 AND length = ?2"
                               " ORDER BY segment <> ?3 OR position <> ?4 LIMIT 1";

static bool watch(struct bodies *b, const char *path, struct error *error)
{
    b->newest = database_open(DATABASE_QUEUE, path, error);
    if (!b->newest || !database_run(b->newest, "COMMIT", error))
        return false;
    b->find = database_prepare(b->newest, find_sql, error);
    return b->find != NULL;
}

struct bodies *bodies_open(const char *folder, const char *path, struct error *error)
{
    struct fault f;
    struct bodies *b = xcalloc(1, sizeof *b);
    b->folder = folder;
    b->spool = spool_open(folder, 1, &f);
    if (!b->spool)
        *error = f.error;
    else if (!path || watch(b, path, error))
        return b;
    bodies_close(b);
    return NULL;
}

void bodies_close(struct bodies *b)
{
    sqlite3_finalize(b->find);
    sqlite3_close(b->newest);
    if (b->spool)
        spool_close(b->spool);
    free(b);
}

static bool take_piece(void *context, struct span piece)
{
    if (context)
        buf_append_span(context, piece);
    return true;
}

/* Whether the body is at another place by now, which is set; *ended: at none. */
static bool has_moved(struct bodies *b, struct spool_record *record, bool *ended)
{
    if (!b->find)
        return false;
    sqlite3_bind_blob(b->find, 1, record->sha256, SPOOL_HASH_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(b->find, 2, (sqlite3_int64)record->length);
    sqlite3_bind_int64(b->find, 3, record->segment);
    sqlite3_bind_int64(b->find, 4, (sqlite3_int64)record->offset);
    int code = sqlite3_step(b->find);
    *ended = code == SQLITE_DONE;
    uint32_t segment = (uint32_t)sqlite3_column_int64(b->find, 0);
    uint64_t offset = (uint64_t)sqlite3_column_int64(b->find, 1);
    sqlite3_reset(b->find);
    bool moved = code == SQLITE_ROW && (segment != record->segment || offset != record->offset);
    if (moved) {
        record->segment = segment;
        record->offset = offset;
    }
    return moved;
}

static bool segment_is_there(const struct bodies *b, uint32_t segment)
{
    char name[16];
    struct buf path = {0};
    spool_segment_name(segment, name);
    buf_printf(&path, "%s/%s", b->folder, name);
    bool there = access(buf_text(&path), F_OK) == 0;
    buf_free(&path);
    return there;
}

enum body_outcome bodies_read(struct bodies *b, const struct body_of *body, struct buf *bytes)
{
    struct spool_record record = body->record;
    enum spool_result result = SPOOL_FAILED;
    for (int i = 0; i < MOVES_MOST; i++) {
        bool ended = false;
        if (bytes)
            buf_clear(bytes);
        result = spool_read(b->spool, &record, take_piece, bytes);
        if (result == SPOOL_GOOD)
            return BODY_WHOLE;
        /* The row is asked after the reading: a place that still counts has held this body all the while. */
        if (has_moved(b, &record, &ended))
            continue;
        if (ended)
            return BODY_ENDED;
        break;
    }
    if (!segment_is_there(b, record.segment))
        return BODY_MISSING;
    return result == SPOOL_DAMAGED ? BODY_DAMAGED : BODY_UNREADABLE;
}
