/* Opening queue.db, transactions, ids, and running prepared statements. */
#include "daemon/queue/store.h"

#include <stdlib.h>

#include "daemon/queue/store_internal.h"
#include "engine/base/xalloc.h"

enum { ID_BLOCK = 1000, FORMAT = 10 };
_Static_assert(STORE_ID_COUNT == 5, "a new kind of id needs a row in id_block: a migration");

static const char *const migrations[FORMAT] = {
    "CREATE TABLE id_block (kind INTEGER PRIMARY KEY, next INTEGER NOT NULL) STRICT;"
    "INSERT INTO id_block VALUES (0, 1), (1, 1), (2, 1), (3, 1), (4, 1);"
    "CREATE TABLE message (mid INTEGER PRIMARY KEY, parent INTEGER NOT NULL, icid INTEGER NOT NULL,"
    " received INTEGER NOT NULL, segment INTEGER NOT NULL, position INTEGER NOT NULL, length INTEGER NOT "
    "NULL,"
    " sha256 BLOB NOT NULL, trace_bytes INTEGER NOT NULL, body_8bit INTEGER NOT NULL, outbound INTEGER NOT "
    "NULL,"
    " sender TEXT NOT NULL,"
    " helo TEXT NOT NULL, client_ip TEXT NOT NULL, message_id TEXT NOT NULL, scan_tries INTEGER NOT NULL,"
    " attempt INTEGER NOT NULL, policy TEXT, verdict INTEGER, score INTEGER, edits BLOB NOT NULL) STRICT;"
    "CREATE INDEX message_place ON message (segment, position, length);"
    "CREATE TABLE recipient (mid INTEGER NOT NULL, rid INTEGER NOT NULL, address TEXT NOT NULL,"
    " state INTEGER NOT NULL, tries INTEGER NOT NULL, next_try INTEGER NOT NULL, reply TEXT,"
    " PRIMARY KEY (mid, rid)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE known (mid INTEGER PRIMARY KEY) STRICT;"
    "CREATE TABLE outbox (sequence INTEGER PRIMARY KEY, mid INTEGER NOT NULL, rid INTEGER NOT NULL,"
    " time INTEGER NOT NULL, kind INTEGER NOT NULL, message_id TEXT NOT NULL, sender TEXT NOT NULL,"
    " recipient TEXT NOT NULL, detail TEXT NOT NULL) STRICT;",
    "ALTER TABLE known ADD COLUMN ended INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX known_ended ON known (ended);",
    "ALTER TABLE message ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE outbox ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE work_queue (paused INTEGER NOT NULL) STRICT;"
    "INSERT INTO work_queue VALUES (0);",
    "CREATE TABLE quarantine (mid INTEGER PRIMARY KEY, since INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    " subject TEXT NOT NULL) STRICT;"
    "CREATE INDEX quarantine_since ON quarantine (since);"
    "INSERT INTO quarantine SELECT mid, received, length, '' FROM message"
    " WHERE mid IN (SELECT mid FROM recipient WHERE state = 3);",
    "ALTER TABLE work_queue ADD COLUMN suspended INTEGER NOT NULL DEFAULT 0;",
    "ALTER TABLE message ADD COLUMN host TEXT NOT NULL DEFAULT '';",
    "ALTER TABLE message ADD COLUMN returns INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE message ADD COLUMN envelope_id TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE recipient ADD COLUMN notify INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE recipient ADD COLUMN original TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE recipient ADD COLUMN delay_told INTEGER NOT NULL DEFAULT 0;",
    "ALTER TABLE message ADD COLUMN utf8 INTEGER NOT NULL DEFAULT 0;",
    "CREATE TABLE suspended_listener (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;",
    "CREATE TABLE versions (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;"
    "ALTER TABLE message ADD COLUMN versions INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE outbox ADD COLUMN versions INTEGER NOT NULL DEFAULT 0;",
};

static const char *const statement_sql[STATEMENT_COUNT] = {
#define STATEMENT(id, sql) sql,
#include "daemon/queue/store_statements.def"
#undef STATEMENT
};

/* One connection only, so the log is moved by ourselves, when it suits. */
static const struct store_schema schema = {
    .name = "queue.db",
    .settings = "PRAGMA synchronous = FULL; PRAGMA secure_delete = FAST; PRAGMA temp_store = MEMORY;"
                "PRAGMA cache_size = -16384;" STORE_DISTRUST,
    .moves_log = true,
    .if_newer = "let that deliver all mail first",
    .format = FORMAT,
    .migrations = migrations,
    .statement_count = STATEMENT_COUNT,
    .sql = statement_sql,
};

/* The kind of a failure that the text in f tells. */
static bool classify(const struct store *s, bool good, struct fault *f)
{
    if (good)
        return true;
    switch (s->database.code) {
    case SQLITE_FULL:
        f->kind = FAULT_SPACE;
        break;
    case SQLITE_IOERR:
        f->kind = fault_kind_of(s->database.system_errno);
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
        f->kind = FAULT_IO;
        break;
    default:
        f->kind = FAULT_BROKEN;
    }
    return false;
}

struct store *store_open(const char *path, struct fault *f)
{
    struct store *s = xcalloc(1, sizeof *s);
    if (classify(s, store_database_open(&s->database, &schema, path, &f->error), f) && store_count(s, f))
        return s;
    store_close(s);
    return NULL;
}

void store_close(struct store *s)
{
    store_database_close(&s->database);
    free(s);
}

int store_newest_format(void)
{
    return FORMAT;
}

sqlite3_stmt *store_query(struct store *s, enum statement id, struct fault *f,
                          const struct store_value *values, size_t count)
{
    sqlite3_stmt *stmt = store_database_query(&s->database, id, &f->error, values, count);
    classify(s, stmt != NULL, f);
    return stmt;
}

enum store_step store_step(struct store *s, sqlite3_stmt *stmt, struct fault *f)
{
    enum store_step step = store_database_step(&s->database, stmt, &f->error);
    classify(s, step != STORE_FAILED, f);
    return step;
}

bool store_run(struct store *s, enum statement id, struct fault *f, const struct store_value *values,
               size_t count)
{
    return classify(s, store_database_run(&s->database, id, &f->error, values, count), f);
}

bool store_begin(struct store *s, struct fault *f)
{
    s->before = s->now;
    return classify(s, store_database_begin(&s->database, &f->error), f);
}

bool store_commit(struct store *s, struct fault *f)
{
    return classify(s, store_database_commit(&s->database, &f->error), f);
}

void store_rollback(struct store *s)
{
    store_database_rollback(&s->database);
    s->now = s->before;
}

const struct store_counts *store_counts(const struct store *s)
{
    return &s->now.counts;
}

int store_log_pages(const struct store *s)
{
    return s->database.log_pages;
}

bool store_checkpoint(struct store *s, struct fault *f)
{
    return classify(s, store_database_checkpoint(&s->database, &f->error), f);
}

bool store_reserve_ids(struct store *s, int kind, uint32_t count, uint64_t *first, struct fault *f)
{
    sqlite3_stmt *stmt = STORE_QUERY(s, RESERVE_IDS, f, V_INT(kind), V_INT(count));
    enum store_step step = store_step(s, stmt, f);
    if (step == STORE_END)
        return fault_set(f, FAULT_BROKEN, "queue.db has no ids of kind %d", kind);
    *first = step == STORE_ROW ? store_column_u64(stmt, 0) : 0;
    return step == STORE_ROW && store_step(s, stmt, f) == STORE_END;
}

bool store_take_id(struct store *s, int kind, uint64_t *id, struct fault *f)
{
    struct id_block *block = &s->now.blocks[kind];
    if (block->next == block->end) {
        if (!store_reserve_ids(s, kind, ID_BLOCK, &block->next, f))
            return false;
        block->end = block->next + ID_BLOCK;
    }
    *id = block->next++;
    return true;
}
