/* Opening a small database: its format is brought up to date in one transaction. */
#include "daemon/control/store_database.h"

#include <stddef.h>

bool store_database_fail(const struct store_database *d, const char *what, struct error *error)
{
    int code = sqlite3_errcode(d->db);
    bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
    return error_set(error, "cannot %s %s: %s%s", what, d->name, sqlite3_errmsg(d->db),
                     damaged ? "; move it away, and a new one is begun" : "");
}

static bool execute(const struct store_database *d, const char *sql, struct error *error)
{
    return sqlite3_exec(d->db, sql, NULL, NULL, NULL) == SQLITE_OK || store_database_fail(d, "open", error);
}

static bool get_format(const struct store_database *d, int *format, struct error *error)
{
    sqlite3_stmt *stmt;
    if (sqlite3_prepare_v2(d->db, "PRAGMA user_version", -1, &stmt, NULL) != SQLITE_OK)
        return store_database_fail(d, "read the format of", error);
    bool good = sqlite3_step(stmt) == SQLITE_ROW || store_database_fail(d, "read the format of", error);
    *format = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return good;
}

static bool migrate(const struct store_database *d, struct error *error)
{
    int format = 0;
    if (!get_format(d, &format, error))
        return false;
    if (format > d->format)
        return error_set(error,
                         "%s has format %d and this program knows %d at most: start the newer version that "
                         "wrote it, or move it away",
                         d->name, format, d->format);
    if (format == d->format)
        return true;
    bool good = execute(d, "BEGIN IMMEDIATE", error);
    for (; good && format < d->format; format++)
        good = execute(d, d->migrations[format], error);
    char set_format[64];
    sqlite3_snprintf(sizeof set_format, set_format, "PRAGMA user_version = %d; COMMIT", d->format);
    return good && execute(d, set_format, error);
}

static bool prepare(const struct store_database *d, struct error *error)
{
    for (int i = 0; i < d->statement_count; i++)
        if (sqlite3_prepare_v3(d->db, d->sql[i], -1, SQLITE_PREPARE_PERSISTENT, &d->statements[i], NULL) !=
            SQLITE_OK)
            return store_database_fail(d, "prepare a statement of", error);
    return true;
}

bool store_database_open(struct store_database *d, const char *path, struct error *error)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    bool good =
        sqlite3_open_v2(path, &d->db, flags, NULL) == SQLITE_OK || store_database_fail(d, "open", error);
    if (good)
        sqlite3_busy_timeout(d->db, 5000); /* a reader of the tools may hold a lock for a moment */
    good = good &&
           execute(d, "PRAGMA journal_mode = WAL; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;",
                   error) &&
           execute(d, d->pragmas, error) && migrate(d, error) && prepare(d, error);
    if (!good)
        store_database_close(d);
    return good;
}

void store_database_close(struct store_database *d)
{
    for (int i = 0; i < d->statement_count; i++) {
        sqlite3_finalize(d->statements[i]);
        d->statements[i] = NULL;
    }
    sqlite3_close(d->db);
    d->db = NULL;
}
