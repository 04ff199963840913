/* Read-only connections that pin one moment, and the formats that we know.
 *
 * Not as the roles open their stores (daemon/store_database.h): these files may be anybody's, of an older format, which
 * stays, and what is asked of them is asked once. */
#include "daemon/stores/database.h"

#include <errno.h>
#include <unistd.h>

#include "daemon/control/store_config.h"
#include "daemon/control/store_learned.h"
#include "daemon/log/store_tracking.h"
#include "daemon/queue/store.h"
#include "daemon/store_database.h"

enum { BUSY_MS = 5000 };

static int learned_newest_format(void)
{
    return LEARNED_FORMAT;
}

static const struct {
    const char *path;
    int (*newest_format)(void);
} databases[DATABASE_COUNT] = {
    [DATABASE_TRACKING] = {"track/tracking.db", tracking_newest_format},
    [DATABASE_QUEUE] = {"queue/queue.db", store_newest_format},
    [DATABASE_CONFIG] = {"config/config.db", store_config_newest_format},
    [DATABASE_LEARNED] = {"config/learned.db", learned_newest_format},
};

const char *database_path(enum database id)
{
    return databases[id].path;
}

bool database_fail(sqlite3 *db, struct error *error)
{
    return error_set(error, "%s (%d)", sqlite3_errmsg(db), sqlite3_extended_errcode(db));
}

sqlite3_stmt *database_prepare(sqlite3 *db, const char *sql, struct error *error)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        database_fail(db, error);
    return stmt;
}

bool database_run(sqlite3 *db, const char *sql, struct error *error)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK || database_fail(db, error);
}

bool database_number(sqlite3 *db, const char *sql, int64_t *value, struct error *error)
{
    sqlite3_stmt *stmt = database_prepare(db, sql, error);
    if (!stmt)
        return false;
    bool good = sqlite3_step(stmt) == SQLITE_ROW || database_fail(db, error);
    *value = good ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_finalize(stmt);
    return good;
}

bool database_format(sqlite3 *db, int64_t *format, struct error *error)
{
    return database_number(db, "PRAGMA user_version", format, error);
}

bool database_each_text(sqlite3 *db, const char *sql, database_text_visit *visit, void *context,
                        struct error *error)
{
    sqlite3_stmt *stmt = database_prepare(db, sql, error);
    if (!stmt)
        return false;
    int code;
    bool more = true;
    while (more && (code = sqlite3_step(stmt)) == SQLITE_ROW)
        more = visit(store_column_span(stmt, 0), context);
    bool good = !more || code == SQLITE_DONE || database_fail(db, error);
    sqlite3_finalize(stmt);
    return good;
}

/* What comes in a backup may be anybody's: nothing in its schema runs. */
static bool distrust(sqlite3 *db, struct error *error)
{
    sqlite3_busy_timeout(db, BUSY_MS);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    return database_run(
        db, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY", error);
}

static bool check_format(enum database id, sqlite3 *db, struct error *error)
{
    int64_t format;
    int newest = databases[id].newest_format();
    if (!database_format(db, &format, error))
        return false;
    if (format > newest)
        return error_set(error,
                         "has format %lld and this program knows %d at most: use the newer version that "
                         "wrote it",
                         (long long)format, newest);
    return format > 0 || error_set(error, "holds nothing that mailwardd wrote");
}

static sqlite3 *open_with(enum database id, const char *path, int flags, const char *sql, struct error *error)
{
    sqlite3 *db = NULL;
    if (access(path, F_OK) != 0) {
        error_set_errno(error, "cannot be opened");
        return NULL;
    }
    if (sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        database_fail(db, error);
    else if (distrust(db, error) && database_run(db, sql, error) && check_format(id, db, error))
        return db;
    sqlite3_close(db);
    return NULL;
}

sqlite3 *database_open(enum database id, const char *path, struct error *error)
{
    return open_with(id, path, SQLITE_OPEN_READONLY, "BEGIN; SELECT count(*) FROM sqlite_schema", error);
}

sqlite3 *database_open_own(enum database id, const char *path, struct error *error)
{
    return open_with(id, path, SQLITE_OPEN_READWRITE,
                     "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA secure_delete = ON",
                     error);
}

bool database_is_blank(const char *path)
{
    struct error error;
    sqlite3 *db = NULL;
    int64_t tables = 1;
    bool good = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
                database_number(db, "SELECT count(*) FROM sqlite_schema", &tables, &error);
    sqlite3_close(db);
    return good && tables == 0;
}
