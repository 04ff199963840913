/* The tracking store: SQLite, one connection, one transaction a batch. */
#include "daemon/log/store_tracking.h"

#include "daemon/store_database.h"

enum { FORMAT = 3 };

static const char *const migrations[FORMAT] = {
    "CREATE TABLE final("
    "  mid INTEGER NOT NULL, rid INTEGER NOT NULL, sequence INTEGER NOT NULL,"
    "  time INTEGER NOT NULL, kind INTEGER NOT NULL,"
    "  message_id BLOB, sender BLOB, recipient BLOB, detail BLOB,"
    "  PRIMARY KEY(mid, rid, sequence)) STRICT, WITHOUT ROWID;",
    "ALTER TABLE final ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;",
    "ALTER TABLE final ADD COLUMN versions TEXT NOT NULL DEFAULT '';",
};

enum { ADD, STATEMENT_COUNT };
static const char *const statement_sql[STATEMENT_COUNT] = {
    [ADD] = "INSERT OR IGNORE INTO final VALUES(?,?,?,?,?,?,?,?,?,?,?)",
};

static const struct store_schema schema = {
    .name = "track/tracking.db",
    .settings = "PRAGMA synchronous = FULL;", /* the queue forgets an event once we acknowledge it */
    .if_newer = "move it away",
    .format = FORMAT,
    .migrations = migrations,
    .statement_count = STATEMENT_COUNT,
    .sql = statement_sql,
};
static struct store_database database;

bool tracking_open(const char *path, bool *may_pass, struct error *error)
{
    if (store_database_open(&database, &schema, path, error))
        return true;
    int code = database.code;
    *may_pass = code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_CANTOPEN;
    return false;
}

static bool insert_event(struct span body, struct error *error)
{
    struct wire_reader in = wire_reader_of(body);
    struct final_event e;
    if (!final_event_get(&in, &e))
        return error_set(error, "tracking: cannot read an event");
    return store_database_run(&database, ADD, error,
                              VALUES(V_INT(e.mid), V_INT(e.rid), V_INT(e.sequence), V_INT(e.time),
                                     V_INT(e.kind), V_BLOB(e.message_id), V_BLOB(e.sender),
                                     V_BLOB(e.recipient), V_BLOB(e.detail), V_INT(e.revision),
                                     V_TEXT(e.versions)));
}

bool tracking_write(struct span events, struct error *error)
{
    struct wire_reader in = wire_reader_of(events);
    bool good = store_database_begin(&database, error);
    while (good && in.rest.n)
        good = insert_event(wire_get_span(&in), error);
    return store_database_end(&database, good, error);
}

void tracking_close(void)
{
    store_database_close(&database);
}

int tracking_newest_format(void)
{
    return FORMAT;
}
