/* config.db in SQLite: one connection, each transaction on disk before the next step. */
#include <openssl/sha.h>
#include <stdlib.h>

#include "daemon/control/store_config_internal.h"
#include "engine/base/xalloc.h"

enum { FORMAT = 3, LOG_PAGES = 500 /* after which a checkpoint is due */ };

static const char *const statement_sql[STATEMENT_COUNT] = {
#define STATEMENT(id, sql) sql,
#include "daemon/control/store_config.def"
#undef STATEMENT
};

/* migrations[n] leads from format n to n + 1. */
static const char *const migrations[FORMAT] = {
    "CREATE TABLE blob (hash BLOB NOT NULL PRIMARY KEY, body BLOB NOT NULL) STRICT;"
    "CREATE TABLE revision (number INTEGER PRIMARY KEY, commit_id TEXT NOT NULL UNIQUE,"
    " manifest TEXT NOT NULL) STRICT;"
    "CREATE TABLE state (id INTEGER PRIMARY KEY CHECK (id = 1), head INTEGER NOT NULL,"
    " machine TEXT NOT NULL) STRICT;"
    "INSERT INTO state VALUES (1, 0, '');"
    "CREATE TABLE audit (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, user TEXT NOT NULL, source TEXT NOT "
    "NULL,"
    " method TEXT NOT NULL, detail TEXT NOT NULL, status INTEGER NOT NULL) STRICT;",
    "CREATE TABLE confirmation (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL,"
    " base INTEGER NOT NULL, deadline INTEGER NOT NULL, boot_id TEXT NOT NULL, boot_deadline INTEGER NOT "
    "NULL)"
    " STRICT;"
    "CREATE TABLE label (name TEXT PRIMARY KEY, revision INTEGER NOT NULL) STRICT;",
    "CREATE TABLE feature_key (text TEXT NOT NULL PRIMARY KEY, time INTEGER NOT NULL) STRICT;",
};

/* The log is moved by store_config_checkpoint() alone, when nobody waits for a commit. */
static const char settings_sql[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                                   "PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 4194304;"
                                   "PRAGMA secure_delete = FAST; PRAGMA temp_store = MEMORY;"
                                   "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
                                   "CREATE TEMP TABLE used (hash BLOB PRIMARY KEY) WITHOUT ROWID;";

/* A first look pins the moment that all others see. */
static const char reader_sql[] = "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;"
                                 "PRAGMA cell_size_check = ON;"
                                 "CREATE TEMP TABLE used (hash BLOB PRIMARY KEY) WITHOUT ROWID;"
                                 "BEGIN; SELECT head FROM state;";

bool store_config_fail(struct store_config *s, const char *what, struct error *error)
{
    int code = sqlite3_errcode(s->db);
    bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
    return error_set(
        error, "cannot %s config.db: %s (%d)%s", what, sqlite3_errmsg(s->db), sqlite3_extended_errcode(s->db),
        damaged ? "; put back a copy of config/config.db, or move it away to start from presets" : "");
}

static bool execute(struct store_config *s, const char *sql, struct error *error)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK || store_config_fail(s, "open", error);
}

static bool get_format(struct store_config *s, int *format, struct error *error)
{
    sqlite3_stmt *stmt;
    if (sqlite3_prepare_v2(s->db, "PRAGMA user_version", -1, &stmt, NULL) != SQLITE_OK)
        return store_config_fail(s, "read the format of", error);
    bool good = sqlite3_step(stmt) == SQLITE_ROW || store_config_fail(s, "read the format of", error);
    *format = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return good;
}

static bool migrate(struct store_config *s, struct error *error)
{
    int format = 0;
    if (!get_format(s, &format, error))
        return false;
    if (format > FORMAT)
        return error_set(error,
                         "config.db has format %d and this program knows %d at most: start the newer version "
                         "that wrote it, or put back the config.db of before the upgrade",
                         format, FORMAT);
    if (format == FORMAT)
        return true;
    bool good = execute(s, "BEGIN IMMEDIATE", error);
    for (; good && format < FORMAT; format++)
        good = execute(s, migrations[format], error);
    char set_format[64];
    sqlite3_snprintf(sizeof set_format, set_format, "PRAGMA user_version = %d; COMMIT", FORMAT);
    if (good && execute(s, set_format, error))
        return true;
    store_config_rollback(s);
    return false;
}

static bool prepare(struct store_config *s, struct error *error)
{
    for (int i = 0; i < STATEMENT_COUNT; i++)
        if (sqlite3_prepare_v3(s->db, statement_sql[i], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[i],
                               NULL) != SQLITE_OK)
            return store_config_fail(s, "prepare a statement of", error);
    return true;
}

static int on_log_pages(void *context, sqlite3 *db, const char *name, int pages)
{
    (void)db, (void)name;
    struct store_config *s = context;
    s->log_pages = pages;
    return SQLITE_OK;
}

struct store_config *store_config_open(const char *path, struct error *error)
{
    struct store_config *s = xcalloc(1, sizeof *s);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path, &s->db, flags, NULL) != SQLITE_OK) {
        store_config_fail(s, "open", error);
    } else {
        sqlite3_busy_timeout(s->db, 5000); /* a reader of the tools may hold a lock for a moment */
        if (execute(s, settings_sql, error) && migrate(s, error) && prepare(s, error)) {
            sqlite3_wal_hook(s->db, on_log_pages, s); /* the pragma above would take it away again */
            return s;
        }
    }
    store_config_close(s);
    return NULL;
}

static bool has_our_format(struct store_config *s, struct error *error)
{
    int format = 0;
    return get_format(s, &format, error) &&
           (format == FORMAT || error_set(error, "config.db has format %d, not %d", format, FORMAT));
}

struct store_config *store_config_open_reader(const char *path, struct error *error)
{
    struct store_config *s = xcalloc(1, sizeof *s);
    int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path, &s->db, flags, NULL) != SQLITE_OK)
        store_config_fail(s, "open", error);
    else if (sqlite3_busy_timeout(s->db, 5000) == SQLITE_OK && has_our_format(s, error) &&
             execute(s, reader_sql, error) && prepare(s, error))
        return s;
    store_config_close(s);
    return NULL;
}

int store_config_newest_format(void)
{
    return FORMAT;
}

void store_config_close(struct store_config *s)
{
    for (int i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(s->statements[i]);
    sqlite3_close(s->db);
    free(s);
}

sqlite3_stmt *store_config_bind(struct store_config *s, enum statement id, const struct value *values,
                                size_t count)
{
    sqlite3_stmt *stmt = s->statements[id];
    for (size_t i = 0; i < count; i++) {
        const char *bytes = values[i].bytes.n ? values[i].bytes.p : "";
        int column = (int)i + 1, code;
        if (values[i].kind == VALUE_INTEGER)
            code = sqlite3_bind_int64(stmt, column, values[i].integer);
        else if (values[i].kind == VALUE_TEXT)
            code = sqlite3_bind_text64(stmt, column, bytes, values[i].bytes.n, SQLITE_STATIC, SQLITE_UTF8);
        else
            code = sqlite3_bind_blob64(stmt, column, bytes, values[i].bytes.n, SQLITE_STATIC);
        if (code != SQLITE_OK)
            abort(); /* the text is too large for SQLite, or this file counts its question marks wrongly */
    }
    return stmt;
}

bool store_config_run(struct store_config *s, enum statement id, struct error *error,
                      const struct value *values, size_t count)
{
    sqlite3_stmt *stmt = store_config_bind(s, id, values, count);
    bool good = sqlite3_step(stmt) == SQLITE_DONE || store_config_fail(s, "write", error);
    sqlite3_reset(stmt);
    return good;
}

bool store_config_get_text(struct store_config *s, enum statement id, struct buf *text, struct error *error,
                           const struct value *values, size_t count)
{
    sqlite3_stmt *stmt = store_config_bind(s, id, values, count);
    buf_clear(text);
    int code = sqlite3_step(stmt);
    if (code == SQLITE_ROW)
        buf_append(text, sqlite3_column_blob(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0));
    bool good = code == SQLITE_ROW || code == SQLITE_DONE || store_config_fail(s, "read", error);
    sqlite3_reset(stmt);
    return good;
}

bool store_config_begin(struct store_config *s, struct error *error)
{
    return store_config_run(s, STATEMENT_BEGIN, error, NULL, 0);
}

enum store_config_outcome store_config_commit(struct store_config *s, struct error *error)
{
    if (store_config_run(s, STATEMENT_COMMIT, error, NULL, 0))
        return STORE_CONFIG_DONE;
    bool unsure = sqlite3_errcode(s->db) == SQLITE_IOERR;
    store_config_rollback(s);
    return unsure ? STORE_CONFIG_UNSURE : STORE_CONFIG_NOT_DONE;
}

void store_config_rollback(struct store_config *s)
{
    if (sqlite3_get_autocommit(s->db) == 0)
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

bool store_config_checkpoint(struct store_config *s, struct error *error)
{
    if (s->log_pages < LOG_PAGES)
        return true;
    if (sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) != SQLITE_OK)
        return store_config_fail(s, "move the log of", error);
    s->log_pages = 0;
    return true;
}

void store_config_hash(struct span body, unsigned char hash[STORE_HASH_BYTES])
{
    SHA256((const unsigned char *)body.p, body.n, hash);
}
