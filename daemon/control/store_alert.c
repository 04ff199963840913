/* alerts.db in SQLite: one connection. */
#include "daemon/control/store_alert.h"

#include <stdlib.h>

#include "daemon/control/store_database.h"

enum { FORMAT = 1 };

enum statement {
#define STATEMENT(id, sql) STATEMENT_##id,
#include "daemon/control/store_alert.def"
#undef STATEMENT
    STATEMENT_COUNT
};

static const char *const statement_sql[STATEMENT_COUNT] = {
#define STATEMENT(id, sql) sql,
#include "daemon/control/store_alert.def"
#undef STATEMENT
};

/* migrations[n] leads from format n to n + 1.  The order of columns is that of enum column. */
static const char *const migrations[FORMAT] = {
    "CREATE TABLE alert (id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, last INTEGER NOT NULL,"
    " repeats INTEGER NOT NULL DEFAULT 0, severity INTEGER NOT NULL, class INTEGER NOT NULL,"
    " kind TEXT NOT NULL, text TEXT NOT NULL, wait INTEGER NOT NULL, more INTEGER NOT NULL,"
    " state INTEGER NOT NULL, recipients TEXT NOT NULL, mid INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE INDEX alert_kind ON alert (kind, id);"
    "CREATE INDEX alert_waiting ON alert (id) WHERE state = 0;"
    "CREATE TABLE told (certificate TEXT NOT NULL PRIMARY KEY, days INTEGER NOT NULL,"
    " time INTEGER NOT NULL) STRICT;",
};
enum column { ID, TIME, LAST, REPEATS, SEVERITY, CLASS, KIND, TEXT, WAIT, MORE, STATE, RECIPIENTS, MID };

static sqlite3_stmt *statements[STATEMENT_COUNT];
static struct store_database database = {
    .name = "config/alerts.db",
    .pragmas = "PRAGMA synchronous = NORMAL;",
    .format = FORMAT,
    .migrations = migrations,
    .statement_count = STATEMENT_COUNT,
    .sql = statement_sql,
    .statements = statements,
};

bool store_alert_open(const char *path, struct error *error)
{
    return store_database_open(&database, path, error);
}

bool store_alert_is_open(void)
{
    return database.db != NULL;
}

void store_alert_close(void)
{
    store_database_close(&database);
}

/* ---- statements ---- */

static sqlite3_stmt *bind_number(sqlite3_stmt *stmt, int column, int64_t number)
{
    if (sqlite3_bind_int64(stmt, column, number) != SQLITE_OK)
        abort(); /* this file counts its question marks wrongly */
    return stmt;
}

static sqlite3_stmt *bind_text(sqlite3_stmt *stmt, int column, struct span text)
{
    if (sqlite3_bind_text64(stmt, column, text.n ? text.p : "", text.n, SQLITE_STATIC, SQLITE_UTF8) !=
        SQLITE_OK)
        abort();
    return stmt;
}

static bool run(sqlite3_stmt *stmt, struct error *error)
{
    bool good = sqlite3_step(stmt) == SQLITE_DONE || store_database_fail(&database, "write", error);
    sqlite3_reset(stmt);
    return good;
}

/* The first column of the one row; unchanged when there is none. */
static bool get_number(sqlite3_stmt *stmt, int64_t *number, struct error *error)
{
    int code = sqlite3_step(stmt);
    if (code == SQLITE_ROW)
        *number = sqlite3_column_int64(stmt, 0);
    bool good = code == SQLITE_ROW || code == SQLITE_DONE || store_database_fail(&database, "read", error);
    sqlite3_reset(stmt);
    return good;
}

static struct span text_at(sqlite3_stmt *stmt, enum column column)
{
    const void *text = sqlite3_column_text(stmt, column);
    return span_of(text, (size_t)sqlite3_column_bytes(stmt, column));
}

/* A file that somebody changed must not lead outside our tables. */
static unsigned bounded(sqlite3_stmt *stmt, enum column column, unsigned count)
{
    int64_t number = sqlite3_column_int64(stmt, column);
    return number >= 0 && number < count ? (unsigned)number : 0;
}

static bool each(sqlite3_stmt *stmt, store_alert_visit *visit, void *context, struct error *error)
{
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        const struct stored_alert alert = {
            .id = sqlite3_column_int64(stmt, ID),
            .time = sqlite3_column_int64(stmt, TIME),
            .last = sqlite3_column_int64(stmt, LAST),
            .repeats = sqlite3_column_int64(stmt, REPEATS),
            .severity = bounded(stmt, SEVERITY, ALERT_SEVERITY_COUNT),
            .alert_class = bounded(stmt, CLASS, ALERT_CLASS_COUNT),
            .kind = text_at(stmt, KIND),
            .text = text_at(stmt, TEXT),
            .wait = sqlite3_column_int64(stmt, WAIT),
            .more = sqlite3_column_int64(stmt, MORE),
            .state = bounded(stmt, STATE, ALERT_STATE_COUNT),
            .recipients = text_at(stmt, RECIPIENTS),
            .mid = (uint64_t)sqlite3_column_int64(stmt, MID),
        };
        visit(context, &alert);
    }
    bool good = code == SQLITE_DONE || store_database_fail(&database, "read", error);
    sqlite3_reset(stmt);
    return good;
}

/* ---- alerts ---- */

bool store_alert_add(const struct stored_alert *alert, struct error *error)
{
    sqlite3_stmt *stmt = statements[STATEMENT_ADD];
    const int64_t numbers[][2] = {{1, alert->time},        {2, alert->time}, {3, alert->severity},
                                  {4, alert->alert_class}, {7, alert->wait}, {8, alert->more},
                                  {9, alert->state}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        bind_number(stmt, (int)numbers[i][0], numbers[i][1]);
    bind_text(stmt, 5, alert->kind);
    bind_text(stmt, 6, alert->text);
    bind_text(stmt, 10, alert->recipients);
    /* In this order: what failed is tried again, and must not be there already. */
    return run(bind_number(statements[STATEMENT_PRUNE], 1, ALERTS_KEPT - 1), error) && run(stmt, error);
}

bool store_alert_repeat(int64_t id, int64_t time, struct error *error)
{
    sqlite3_stmt *stmt = bind_number(statements[STATEMENT_REPEAT], 1, time);
    return run(bind_number(stmt, 2, id), error);
}

bool store_alert_settle(int64_t id, enum alert_state state, uint64_t mid, struct error *error)
{
    sqlite3_stmt *stmt = bind_number(statements[STATEMENT_SETTLE], 1, state);
    bind_number(stmt, 2, (int64_t)mid);
    return run(bind_number(stmt, 3, id), error);
}

bool store_alert_latest(struct span kind, store_alert_visit *visit, void *context, struct error *error)
{
    return each(bind_text(statements[STATEMENT_LATEST], 1, kind), visit, context, error);
}

bool store_alert_waiting(store_alert_visit *visit, void *context, struct error *error)
{
    return each(statements[STATEMENT_WAITING], visit, context, error);
}

bool store_alert_each(unsigned limit, store_alert_visit *visit, void *context, struct error *error)
{
    return each(bind_number(statements[STATEMENT_EACH], 1, limit), visit, context, error);
}

bool store_alert_mailed(int64_t since, int64_t until, int64_t *count, struct error *error)
{
    sqlite3_stmt *stmt = bind_number(statements[STATEMENT_MAILED], 1, since);
    return get_number(bind_number(stmt, 2, until), count, error);
}

/* ---- certificates ---- */

bool store_alert_told(struct span certificate, int64_t *days, struct error *error)
{
    *days = -1;
    return get_number(bind_text(statements[STATEMENT_GET_TOLD], 1, certificate), days, error);
}

bool store_alert_set_told(struct span certificate, int64_t days, int64_t time, struct error *error)
{
    sqlite3_stmt *stmt = bind_text(statements[STATEMENT_SET_TOLD], 1, certificate);
    bind_number(stmt, 2, days);
    return run(bind_number(stmt, 3, time), error) &&
           run(bind_number(statements[STATEMENT_PRUNE_TOLD], 1, CERTIFICATES_TOLD), error);
}
