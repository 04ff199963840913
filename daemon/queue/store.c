/* Opening queue.db, transactions, ids, and running prepared statements. */
#include "daemon/queue/store.h"

#include <stdlib.h>

#include "daemon/queue/store_internal.h"
#include "engine/base/xalloc.h"

enum { ID_BLOCK = 1000, FORMAT = 10 };
_Static_assert(STORE_ID_COUNT == 5, "a new kind of id needs a row in id_block: a migration");

/* Step i brings format i to format i + 1. */
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
static const char settings_sql[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                                   "PRAGMA wal_autocheckpoint = 0; PRAGMA secure_delete = FAST;"
                                   "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384;"
                                   "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;";

bool store_fail(struct store *s, const char *what, struct fault *f)
{
    int code = sqlite3_errcode(s->db);
    enum fault_kind kind = FAULT_BROKEN;
    switch (code) {
    case SQLITE_FULL:
        kind = FAULT_SPACE;
        break;
    case SQLITE_IOERR:
        kind = fault_kind_of(sqlite3_system_errno(s->db));
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
        kind = FAULT_IO;
        break;
    }
    return fault_set(f, kind, "cannot %s in queue.db: %s (%d)", what, sqlite3_errmsg(s->db),
                     sqlite3_extended_errcode(s->db));
}

static bool execute(struct store *s, const char *sql, struct fault *f)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK || store_fail(s, "prepare the format", f);
}

static bool get_format(struct store *s, int *format, struct fault *f)
{
    sqlite3_stmt *stmt;
    if (sqlite3_prepare_v2(s->db, "PRAGMA user_version", -1, &stmt, NULL) != SQLITE_OK)
        return store_fail(s, "read the format", f);
    bool good = sqlite3_step(stmt) == SQLITE_ROW || store_fail(s, "read the format", f);
    *format = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return good;
}

static bool migrate(struct store *s, struct fault *f)
{
    int format = 0;
    if (!get_format(s, &format, f))
        return false;
    if (format > FORMAT)
        return fault_set(
            f, FAULT_BROKEN,
            "queue.db has format %d and this program knows %d at most: start the newer version that "
            "wrote it, or let that deliver all mail first",
            format, FORMAT);
    if (format == FORMAT)
        return true;
    bool good = execute(s, "BEGIN IMMEDIATE", f);
    for (; good && format < FORMAT; format++)
        good = execute(s, migrations[format], f);
    char set_format[64];
    sqlite3_snprintf(sizeof set_format, set_format, "PRAGMA user_version = %d; COMMIT", FORMAT);
    if (good && execute(s, set_format, f))
        return true;
    store_rollback(s);
    return false;
}

static int on_log_pages(void *context, sqlite3 *db, const char *name, int pages)
{
    (void)db, (void)name;
    struct store *s = context;
    s->log_pages = pages;
    return SQLITE_OK;
}

static bool prepare(struct store *s, struct fault *f)
{
    for (int i = 0; i < STATEMENT_COUNT; i++)
        if (sqlite3_prepare_v3(s->db, statement_sql[i], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[i],
                               NULL) != SQLITE_OK)
            return store_fail(s, "prepare a statement", f);
    return true;
}

struct store *store_open(const char *path, struct fault *f)
{
    struct store *s = xcalloc(1, sizeof *s);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path, &s->db, flags, NULL) != SQLITE_OK) {
        store_fail(s, "open the file", f);
    } else {
        /* A reader of the tools may hold a lock for a moment. */
        sqlite3_busy_timeout(s->db, 5000);
        if (execute(s, settings_sql, f) && migrate(s, f) && prepare(s, f) && store_count(s, f)) {
            sqlite3_wal_hook(s->db, on_log_pages, s); /* wal_autocheckpoint would take it away again */
            return s;
        }
    }
    store_close(s);
    return NULL;
}

void store_close(struct store *s)
{
    for (int i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(s->statements[i]);
    sqlite3_close(s->db);
    free(s);
}

int store_newest_format(void)
{
    return FORMAT;
}

static bool bind(sqlite3_stmt *stmt, const struct store_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct store_value *v = &values[i];
        const char *bytes = v->bytes.n ? v->bytes.p : "";
        int column = (int)i + 1, code;
        if (v->kind == VALUE_INTEGER)
            code = sqlite3_bind_int64(stmt, column, v->integer);
        else if (v->kind == VALUE_TEXT)
            code = sqlite3_bind_text64(stmt, column, bytes, v->bytes.n, SQLITE_STATIC, SQLITE_UTF8);
        else
            code = sqlite3_bind_blob64(stmt, column, bytes, v->bytes.n, SQLITE_STATIC);
        if (code != SQLITE_OK)
            return false;
    }
    return true;
}

sqlite3_stmt *store_query(struct store *s, enum statement id, const struct store_value *values, size_t count,
                          struct fault *f)
{
    if (bind(s->statements[id], values, count))
        return s->statements[id];
    store_fail(s, "bind a value", f);
    return NULL;
}

enum store_step store_step(struct store *s, sqlite3_stmt *stmt, struct fault *f)
{
    int code = sqlite3_step(stmt);
    if (code == SQLITE_ROW)
        return STORE_ROW;
    if (code != SQLITE_DONE)
        store_fail(s, "read or write", f);
    sqlite3_reset(stmt);
    return code == SQLITE_DONE ? STORE_END : STORE_FAILED;
}

bool store_run(struct store *s, enum statement id, const struct store_value *values, size_t count,
               struct fault *f)
{
    sqlite3_stmt *stmt = store_query(s, id, values, count, f);
    return stmt && store_step(s, stmt, f) == STORE_END;
}

struct span store_column_span(sqlite3_stmt *stmt, int column)
{
    const void *bytes = sqlite3_column_blob(stmt, column);
    return (struct span){bytes, (size_t)sqlite3_column_bytes(stmt, column)};
}

bool store_begin(struct store *s, struct fault *f)
{
    s->before = s->now;
    return store_run(s, STATEMENT_BEGIN, NULL, 0, f);
}

bool store_commit(struct store *s, struct fault *f)
{
    return store_run(s, STATEMENT_COMMIT, NULL, 0, f);
}

void store_rollback(struct store *s)
{
    if (sqlite3_get_autocommit(s->db) == 0)
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    s->now = s->before;
}

const struct store_counts *store_counts(const struct store *s)
{
    return &s->now.counts;
}

int store_log_pages(const struct store *s)
{
    return s->log_pages;
}

bool store_checkpoint(struct store *s, struct fault *f)
{
    if (sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) != SQLITE_OK)
        return store_fail(s, "move the log", f);
    s->log_pages = 0;
    return true;
}

bool store_reserve_ids(struct store *s, int kind, uint32_t count, uint64_t *first, struct fault *f)
{
    sqlite3_stmt *stmt = STORE_QUERY(s, RESERVE_IDS, f, V_INT(kind), V_INT(count));
    if (!stmt)
        return false;
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
