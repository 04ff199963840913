/* The tracking store: SQLite, one connection, one transaction a batch. */
#include "daemon/log/store_tracking.h"

#include <sqlite3.h>

enum { FORMAT = 3, BUSY_MS = 5000 };

/* Step i brings format i to format i + 1. */
static const char *const migrations[FORMAT] = {
    "CREATE TABLE final("
    "  mid INTEGER NOT NULL, rid INTEGER NOT NULL, sequence INTEGER NOT NULL,"
    "  time INTEGER NOT NULL, kind INTEGER NOT NULL,"
    "  message_id BLOB, sender BLOB, recipient BLOB, detail BLOB,"
    "  PRIMARY KEY(mid, rid, sequence)) STRICT, WITHOUT ROWID;"
    "PRAGMA user_version = 1;",
    "ALTER TABLE final ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;"
    "PRAGMA user_version = 2;",
    "ALTER TABLE final ADD COLUMN versions TEXT NOT NULL DEFAULT '';"
    "PRAGMA user_version = 3;",
};

static sqlite3 *db;
static sqlite3_stmt *insert;

static bool fail(const char *what, struct error *error)
{
    return error_set(error, "tracking: cannot %s: %s", what, sqlite3_errmsg(db));
}

static bool run(const char *sql, struct error *error)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK || fail("run a statement", error);
}

static int format_of_store(void)
{
    sqlite3_stmt *query;
    int format = -1;
    if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &query, NULL) == SQLITE_OK &&
        sqlite3_step(query) == SQLITE_ROW)
        format = sqlite3_column_int(query, 0);
    sqlite3_finalize(query);
    return format;
}

static bool prepare_format(struct error *error)
{
    int format = format_of_store();
    if (format > FORMAT)
        return error_set(
            error, "tracking: the store has format %d, this version reads up to %d: use the newer mailward",
            format, FORMAT);
    if (format < 0)
        return fail("read the format", error);
    bool good = format == FORMAT || run("BEGIN IMMEDIATE", error);
    for (int i = format; good && i < FORMAT; i++)
        good = run(migrations[i], error);
    return good && (format == FORMAT || run("COMMIT", error));
}

static bool open_store(const char *path, struct error *error)
{
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK)
        return fail("open the store", error);
    sqlite3_busy_timeout(db, BUSY_MS);
    /* FULL: the queue forgets an event once we acknowledge it. */
    if (!run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;", error) || !prepare_format(error))
        return false;
    if (sqlite3_prepare_v3(db, "INSERT OR IGNORE INTO final VALUES(?,?,?,?,?,?,?,?,?,?,?)", -1,
                           SQLITE_PREPARE_PERSISTENT, &insert, NULL) != SQLITE_OK)
        return fail("prepare", error);
    return true;
}

bool tracking_open(const char *path, bool *may_pass, struct error *error)
{
    if (open_store(path, error))
        return true;
    int code = sqlite3_errcode(db) & 0xff;
    *may_pass = code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_CANTOPEN;
    tracking_close();
    return false;
}

static void bind_blob(int column, struct span value)
{
    sqlite3_bind_blob64(insert, column, value.n ? value.p : "", value.n, SQLITE_STATIC);
}

static bool insert_event(struct span body, struct error *error)
{
    struct wire_reader in = wire_reader_of(body);
    struct final_event e;
    if (!final_event_get(&in, &e))
        return error_set(error, "tracking: cannot read an event");
    sqlite3_bind_int64(insert, 1, (sqlite3_int64)e.mid);
    sqlite3_bind_int64(insert, 2, e.rid);
    sqlite3_bind_int64(insert, 3, (sqlite3_int64)e.sequence);
    sqlite3_bind_int64(insert, 4, e.time);
    sqlite3_bind_int(insert, 5, e.kind);
    bind_blob(6, e.message_id);
    bind_blob(7, e.sender);
    bind_blob(8, e.recipient);
    bind_blob(9, e.detail);
    sqlite3_bind_int64(insert, 10, (sqlite3_int64)e.revision);
    sqlite3_bind_text64(insert, 11, e.versions.n ? e.versions.p : "", e.versions.n, SQLITE_STATIC,
                        SQLITE_UTF8);
    int rc = sqlite3_step(insert);
    sqlite3_reset(insert);
    return rc == SQLITE_DONE || fail("add a row", error);
}

bool tracking_write(struct span events, struct error *error)
{
    struct wire_reader in = wire_reader_of(events);
    bool good = run("BEGIN IMMEDIATE", error);
    while (good && in.rest.n)
        good = insert_event(wire_get_span(&in), error);
    good = good && run("COMMIT", error);
    if (!good && !sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return good;
}

void tracking_close(void)
{
    sqlite3_finalize(insert);
    sqlite3_close(db);
    insert = NULL;
    db = NULL;
}

int tracking_newest_format(void)
{
    return FORMAT;
}
