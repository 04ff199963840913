/* config.db in SQLite: one connection, each transaction on disk before the next step. */
#include "daemon/control/store_config.h"

#include <openssl/sha.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "engine/base/xalloc.h"

enum { FORMAT = 1, LOG_PAGES = 500 /* after which a checkpoint is due */ };

enum statement {
#define STATEMENT(id, sql) STATEMENT_##id,
#include "daemon/control/store_config.def"
#undef STATEMENT
    STATEMENT_COUNT
};

static const char *const statement_sql[STATEMENT_COUNT] = {
#define STATEMENT(id, sql) sql,
#include "daemon/control/store_config.def"
#undef STATEMENT
};

struct store_config {
    sqlite3 *db;
    int log_pages; /* in the write-ahead log */
    sqlite3_stmt *statements[STATEMENT_COUNT];
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

static bool fail(struct store_config *s, const char *what, struct error *error)
{
    int code = sqlite3_errcode(s->db);
    bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
    return error_set(
        error, "cannot %s config.db: %s (%d)%s", what, sqlite3_errmsg(s->db), sqlite3_extended_errcode(s->db),
        damaged ? "; put back a copy of config/config.db, or move it away to start from presets" : "");
}

static bool execute(struct store_config *s, const char *sql, struct error *error)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK || fail(s, "open", error);
}

static bool get_format(struct store_config *s, int *format, struct error *error)
{
    sqlite3_stmt *stmt;
    if (sqlite3_prepare_v2(s->db, "PRAGMA user_version", -1, &stmt, NULL) != SQLITE_OK)
        return fail(s, "read the format of", error);
    bool good = sqlite3_step(stmt) == SQLITE_ROW || fail(s, "read the format of", error);
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
            return fail(s, "prepare a statement of", error);
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
        fail(s, "open", error);
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
        fail(s, "open", error);
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

/* A value for a statement, in the order of its question marks. */
struct value {
    enum { VALUE_INTEGER, VALUE_TEXT, VALUE_BLOB } kind;
    int64_t integer;
    struct span bytes;
};

#define V_INT(v) ((struct value){.kind = VALUE_INTEGER, .integer = (int64_t)(v)})
#define V_TEXT(v) ((struct value){.kind = VALUE_TEXT, .bytes = (v)})
#define V_BLOB(v, size) ((struct value){.kind = VALUE_BLOB, .bytes = span_of(v, size)})
#define VALUES(...)                                                                                          \
    (const struct value[]){__VA_ARGS__}, sizeof((const struct value[]){__VA_ARGS__}) / sizeof(struct value)

static sqlite3_stmt *bind(struct store_config *s, enum statement id, const struct value *values, size_t count)
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

static bool run(struct store_config *s, enum statement id, struct error *error, const struct value *values,
                size_t count)
{
    sqlite3_stmt *stmt = bind(s, id, values, count);
    bool good = sqlite3_step(stmt) == SQLITE_DONE || fail(s, "write", error);
    sqlite3_reset(stmt);
    return good;
}

/* The first column of the one row, appended to text; nothing when there is no row. */
static bool get_text(struct store_config *s, enum statement id, struct buf *text, struct error *error,
                     const struct value *values, size_t count)
{
    sqlite3_stmt *stmt = bind(s, id, values, count);
    buf_clear(text);
    int code = sqlite3_step(stmt);
    if (code == SQLITE_ROW)
        buf_append(text, sqlite3_column_blob(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0));
    bool good = code == SQLITE_ROW || code == SQLITE_DONE || fail(s, "read", error);
    sqlite3_reset(stmt);
    return good;
}

bool store_config_begin(struct store_config *s, struct error *error)
{
    return run(s, STATEMENT_BEGIN, error, NULL, 0);
}

enum store_config_outcome store_config_commit(struct store_config *s, struct error *error)
{
    if (run(s, STATEMENT_COMMIT, error, NULL, 0))
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
        return fail(s, "move the log of", error);
    s->log_pages = 0;
    return true;
}

void store_config_hash(struct span body, unsigned char hash[STORE_HASH_BYTES])
{
    SHA256((const unsigned char *)body.p, body.n, hash);
}

bool store_config_put_blob(struct store_config *s, const unsigned char hash[STORE_HASH_BYTES],
                           struct span body, struct error *error)
{
    return run(s, STATEMENT_PUT_BLOB, error, VALUES(V_BLOB(hash, STORE_HASH_BYTES), V_BLOB(body.p, body.n)));
}

bool store_config_get_blob(struct store_config *s, const unsigned char hash[STORE_HASH_BYTES],
                           struct buf *body, struct error *error)
{
    unsigned char found[STORE_HASH_BYTES];
    if (!get_text(s, STATEMENT_GET_BLOB, body, error, VALUES(V_BLOB(hash, STORE_HASH_BYTES))))
        return false;
    store_config_hash(buf_span(body), found);
    if (memcmp(hash, found, sizeof found) == 0)
        return true;
    return error_set(error, "a part of the stored configuration is %s (%02x%02x%02x%02x...)",
                     body->len ? "damaged" : "missing", hash[0], hash[1], hash[2], hash[3]);
}

bool store_config_each_blob(struct store_config *s, store_config_blob_visit *visit, void *context,
                            struct error *error)
{
    sqlite3_stmt *stmt = s->statements[STATEMENT_EACH_BLOB];
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW)
        visit(span_of(sqlite3_column_blob(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0)),
              span_of(sqlite3_column_blob(stmt, 1), (size_t)sqlite3_column_bytes(stmt, 1)), context);
    bool good = code == SQLITE_DONE || fail(s, "read", error);
    sqlite3_reset(stmt);
    return good;
}

bool store_config_add_revision(struct store_config *s, uint64_t number, const char *commit_id,
                               struct span manifest, struct error *error)
{
    return run(s, STATEMENT_ADD_REVISION, error,
               VALUES(V_INT(number), V_TEXT(span_text(commit_id)), V_TEXT(manifest)));
}

bool store_config_get_revision(struct store_config *s, uint64_t number, struct buf *manifest,
                               struct error *error)
{
    return get_text(s, STATEMENT_GET_REVISION, manifest, error, VALUES(V_INT(number)));
}

bool store_config_find_commit(struct store_config *s, const char *commit_id, struct buf *manifest,
                              struct error *error)
{
    return get_text(s, STATEMENT_FIND_COMMIT, manifest, error, VALUES(V_TEXT(span_text(commit_id))));
}

bool store_config_each_revision(struct store_config *s, bool (*visit)(struct span manifest, void *context),
                                void *context, struct error *error)
{
    sqlite3_stmt *stmt = s->statements[STATEMENT_EACH_REVISION];
    int code;
    bool more = true;
    while (more && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        size_t size = (size_t)sqlite3_column_bytes(stmt, 0);
        more = visit(span_of(sqlite3_column_text(stmt, 0), size), context);
    }
    bool good = !more || code == SQLITE_DONE || fail(s, "read", error);
    sqlite3_reset(stmt);
    return good;
}

static bool get_number(struct store_config *s, enum statement id, uint64_t *number, struct error *error)
{
    sqlite3_stmt *stmt = s->statements[id];
    bool good = sqlite3_step(stmt) == SQLITE_ROW || fail(s, "read", error);
    *number = good ? (uint64_t)sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_reset(stmt);
    return good;
}

bool store_config_head(struct store_config *s, uint64_t *revision, struct error *error)
{
    return get_number(s, STATEMENT_GET_HEAD, revision, error);
}

bool store_config_oldest(struct store_config *s, uint64_t *revision, struct error *error)
{
    return get_number(s, STATEMENT_GET_OLDEST, revision, error);
}

bool store_config_set_head(struct store_config *s, uint64_t revision, struct error *error)
{
    return run(s, STATEMENT_SET_HEAD, error, VALUES(V_INT(revision)));
}

bool store_config_machine(struct store_config *s, struct buf *name, struct error *error)
{
    return get_text(s, STATEMENT_GET_MACHINE, name, error, NULL, 0);
}

bool store_config_set_machine(struct store_config *s, const char *name, struct error *error)
{
    return run(s, STATEMENT_SET_MACHINE, error, VALUES(V_TEXT(span_text(name))));
}

bool store_config_audit(struct store_config *s, const struct store_config_audit *record, struct error *error)
{
    return run(s, STATEMENT_ADD_AUDIT, error,
               VALUES(V_INT(record->time), V_TEXT(span_text(record->user)), V_TEXT(span_text(record->source)),
                      V_TEXT(span_text(record->method)), V_TEXT(span_text(record->detail)),
                      V_INT(record->status))) &&
           run(s, STATEMENT_PRUNE_AUDIT, error, NULL, 0);
}

bool store_config_prune(struct store_config *s, unsigned keep, struct error *error)
{
    return run(s, STATEMENT_PRUNE_REVISIONS, error, VALUES(V_INT(keep)));
}

bool store_config_forget_used(struct store_config *s, struct error *error)
{
    return run(s, STATEMENT_CLEAR_USED, error, NULL, 0);
}

bool store_config_use_blob(struct store_config *s, const unsigned char hash[STORE_HASH_BYTES],
                           struct error *error)
{
    return run(s, STATEMENT_USE_BLOB, error, VALUES(V_BLOB(hash, STORE_HASH_BYTES)));
}

bool store_config_sweep(struct store_config *s, struct error *error)
{
    return run(s, STATEMENT_SWEEP, error, NULL, 0);
}
