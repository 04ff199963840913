/* Opening a store, in which its format is brought up to date in one transaction, and running its statements. */
#include "daemon/store_database.h"

#include <stdlib.h>

#include "engine/base/xalloc.h"

enum { BUSY_MS = 5000 /* a reader of the tools may hold a lock for a moment */ };

bool store_database_fail(struct store_database *d, const char *what, struct error *error)
{
    d->code = sqlite3_errcode(d->db);
    d->system_errno = sqlite3_system_errno(d->db);
    const char *name = d->schema->name, *why = sqlite3_errmsg(d->db);
    if (d->schema->if_damaged && (d->code == SQLITE_CORRUPT || d->code == SQLITE_NOTADB))
        return error_set(error, "cannot %s %s: %s; %s", what, name, why, d->schema->if_damaged);
    return error_set(error, "cannot %s %s: %s (%d)", what, name, why, sqlite3_extended_errcode(d->db));
}

/* ---- opening ---- */

static bool execute(struct store_database *d, const char *sql, const char *what, struct error *error)
{
    return sqlite3_exec(d->db, sql, NULL, NULL, NULL) == SQLITE_OK || store_database_fail(d, what, error);
}

static int on_log_pages(void *context, sqlite3 *db, const char *name, int pages)
{
    (void)db, (void)name;
    struct store_database *d = context;
    d->log_pages = pages;
    return SQLITE_OK;
}

static bool connect(struct store_database *d, const struct store_schema *schema, const char *path, int flags,
                    struct error *error)
{
    *d = (struct store_database){.schema = schema};
    if (sqlite3_open_v2(path, &d->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return store_database_fail(d, "open", error);
    sqlite3_busy_timeout(d->db, BUSY_MS);
    if (schema->moves_log)
        sqlite3_wal_hook(d->db, on_log_pages, d); /* in place of SQLite's own, which would move it */
    return execute(d, schema->settings, "open", error);
}

static bool get_format(struct store_database *d, int *format, struct error *error)
{
    sqlite3_stmt *stmt;
    if (sqlite3_prepare_v2(d->db, "PRAGMA user_version", -1, &stmt, NULL) != SQLITE_OK)
        return store_database_fail(d, "read the format of", error);
    bool good = sqlite3_step(stmt) == SQLITE_ROW || store_database_fail(d, "read the format of", error);
    *format = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return good;
}

static bool migrate(struct store_database *d, struct error *error)
{
    const struct store_schema *schema = d->schema;
    int format = 0;
    if (!get_format(d, &format, error))
        return false;
    d->is_newer = format > schema->format;
    if (d->is_newer || format < 0)
        return error_set(error,
                         "%s has format %d and this program knows %d at most: start the newer version that "
                         "wrote it, or %s",
                         schema->name, format, schema->format, schema->if_newer);
    if (format == schema->format)
        return true;
    bool good = execute(d, "BEGIN IMMEDIATE", "open", error);
    for (; good && format < schema->format; format++)
        good = execute(d, schema->migrations[format], "open", error);
    char set_format[64];
    sqlite3_snprintf(sizeof set_format, set_format, "PRAGMA user_version = %d; COMMIT", schema->format);
    return good && execute(d, set_format, "open", error);
}

static bool has_newest_format(struct store_database *d, struct error *error)
{
    int format = 0, newest = d->schema->format;
    return get_format(d, &format, error) && (format == newest || error_set(error, "%s has format %d, not %d",
                                                                           d->schema->name, format, newest));
}

static bool prepare(struct store_database *d, struct error *error)
{
    const struct store_schema *schema = d->schema;
    d->statements = xcalloc((size_t)schema->statement_count, sizeof *d->statements);
    for (int i = 0; i < schema->statement_count; i++)
        if (sqlite3_prepare_v3(d->db, schema->sql[i], -1, SQLITE_PREPARE_PERSISTENT, &d->statements[i],
                               NULL) != SQLITE_OK)
            return store_database_fail(d, "prepare a statement of", error);
    return true;
}

bool store_database_open(struct store_database *d, const struct store_schema *schema, const char *path,
                         struct error *error)
{
    bool good = connect(d, schema, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error) &&
                execute(d, "PRAGMA journal_mode = WAL", "open", error) && migrate(d, error) &&
                prepare(d, error);
    if (!good)
        store_database_close(d);
    return good;
}

bool store_database_open_reader(struct store_database *d, const struct store_schema *schema, const char *path,
                                struct error *error)
{
    bool good = connect(d, schema, path, SQLITE_OPEN_READONLY, error) &&
                /* A first look pins the moment that all others see. */
                execute(d, "BEGIN; SELECT count(*) FROM sqlite_schema", "open", error) &&
                has_newest_format(d, error) && prepare(d, error);
    if (!good)
        store_database_close(d);
    return good;
}

void store_database_close(struct store_database *d)
{
    for (int i = 0; d->statements && i < d->schema->statement_count; i++)
        sqlite3_finalize(d->statements[i]);
    free(d->statements);
    sqlite3_close(d->db);
    d->statements = NULL;
    d->db = NULL;
}

/* ---- statements ---- */

static int bind(sqlite3_stmt *stmt, int column, const struct store_value *v)
{
    const char *bytes = v->bytes.n ? v->bytes.p : "";
    switch (v->kind) {
    case VALUE_INTEGER:
        return sqlite3_bind_int64(stmt, column, v->integer);
    case VALUE_TEXT:
        return sqlite3_bind_text64(stmt, column, bytes, v->bytes.n, SQLITE_STATIC, SQLITE_UTF8);
    case VALUE_BLOB:
        break;
    }
    return sqlite3_bind_blob64(stmt, column, bytes, v->bytes.n, SQLITE_STATIC);
}

/* Not for COMMIT, which SQLite calls read-only. */
static bool fail_at(struct store_database *d, sqlite3_stmt *stmt, struct error *error)
{
    return store_database_fail(d, sqlite3_stmt_readonly(stmt) ? "read" : "write", error);
}

sqlite3_stmt *store_database_query(struct store_database *d, int statement, struct error *error,
                                   const struct store_value *values, size_t count)
{
    sqlite3_stmt *stmt = d->statements[statement];
    for (size_t i = 0; i < count; i++)
        if (bind(stmt, (int)i + 1, &values[i]) != SQLITE_OK) {
            fail_at(d, stmt, error);
            return NULL;
        }
    return stmt;
}

enum store_step store_database_step(struct store_database *d, sqlite3_stmt *stmt, struct error *error)
{
    if (!stmt)
        return STORE_FAILED;
    int code = sqlite3_step(stmt);
    if (code == SQLITE_ROW)
        return STORE_ROW;
    if (code != SQLITE_DONE)
        fail_at(d, stmt, error);
    sqlite3_reset(stmt);
    return code == SQLITE_DONE ? STORE_END : STORE_FAILED;
}

bool store_database_run(struct store_database *d, int statement, struct error *error,
                        const struct store_value *values, size_t count)
{
    sqlite3_stmt *stmt = store_database_query(d, statement, error, values, count);
    return store_database_step(d, stmt, error) == STORE_END;
}

bool store_database_number(struct store_database *d, int statement, int64_t *number, struct error *error,
                           const struct store_value *values, size_t count)
{
    sqlite3_stmt *stmt = store_database_query(d, statement, error, values, count);
    enum store_step step = store_database_step(d, stmt, error);
    if (step == STORE_ROW)
        *number = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return step != STORE_FAILED;
}

struct span store_column_span(sqlite3_stmt *stmt, int column)
{
    const void *bytes = sqlite3_column_blob(stmt, column);
    return span_of(bytes, (size_t)sqlite3_column_bytes(stmt, column));
}

/* ---- transactions ---- */

bool store_database_begin(struct store_database *d, struct error *error)
{
    return execute(d, "BEGIN IMMEDIATE", "write", error);
}

bool store_database_commit(struct store_database *d, struct error *error)
{
    return execute(d, "COMMIT", "write", error);
}

void store_database_rollback(struct store_database *d)
{
    if (sqlite3_get_autocommit(d->db) == 0)
        sqlite3_exec(d->db, "ROLLBACK", NULL, NULL, NULL);
}

bool store_database_end(struct store_database *d, bool good, struct error *error)
{
    if (good && store_database_commit(d, error))
        return true;
    store_database_rollback(d);
    return false;
}

bool store_database_checkpoint(struct store_database *d, struct error *error)
{
    if (sqlite3_wal_checkpoint_v2(d->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) != SQLITE_OK)
        return store_database_fail(d, "move the log in", error);
    d->log_pages = 0;
    return true;
}
