/* alerts.db in SQLite: one connection. */
#include "daemon/control/store_alert.h"

#include "daemon/store_database.h"

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

/* The order of columns is that of enum column. */
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

static const struct store_schema schema = {
    .name = "config/alerts.db",
    .settings = "PRAGMA synchronous = NORMAL;" STORE_DISTRUST,
    .if_newer = "move it away",
    .if_damaged = "move it away, and a new one is begun",
    .format = FORMAT,
    .migrations = migrations,
    .statement_count = STATEMENT_COUNT,
    .sql = statement_sql,
};
static struct store_database database;

bool store_alert_open(const char *path, struct error *error)
{
    return store_database_open(&database, &schema, path, error);
}

bool store_alert_is_open(void)
{
    return database.db != NULL;
}

void store_alert_close(void)
{
    store_database_close(&database);
}

/* ---- alerts ---- */

/* A file that somebody changed must not lead outside our tables. */
static unsigned bounded(sqlite3_stmt *stmt, enum column column, unsigned count)
{
    int64_t number = sqlite3_column_int64(stmt, column);
    return number >= 0 && number < count ? (unsigned)number : 0;
}

static bool each(enum statement id, store_alert_visit *visit, void *context, struct error *error,
                 const struct store_value *values, size_t count)
{
    sqlite3_stmt *stmt = store_database_query(&database, id, error, values, count);
    enum store_step step;
    while ((step = store_database_step(&database, stmt, error)) == STORE_ROW) {
        const struct stored_alert alert = {
            .id = sqlite3_column_int64(stmt, ID),
            .time = sqlite3_column_int64(stmt, TIME),
            .last = sqlite3_column_int64(stmt, LAST),
            .repeats = sqlite3_column_int64(stmt, REPEATS),
            .severity = bounded(stmt, SEVERITY, ALERT_SEVERITY_COUNT),
            .alert_class = bounded(stmt, CLASS, ALERT_CLASS_COUNT),
            .kind = store_column_span(stmt, KIND),
            .text = store_column_span(stmt, TEXT),
            .wait = sqlite3_column_int64(stmt, WAIT),
            .more = sqlite3_column_int64(stmt, MORE),
            .state = bounded(stmt, STATE, ALERT_STATE_COUNT),
            .recipients = store_column_span(stmt, RECIPIENTS),
            .mid = (uint64_t)sqlite3_column_int64(stmt, MID),
        };
        visit(context, &alert);
    }
    return step == STORE_END;
}

bool store_alert_add(const struct stored_alert *alert, struct error *error)
{
    /* In this order: what failed is tried again, and must not be there already. */
    return store_database_run(&database, STATEMENT_PRUNE, error, VALUES(V_INT(ALERTS_KEPT - 1))) &&
           store_database_run(&database, STATEMENT_ADD, error,
                              VALUES(V_INT(alert->time), V_INT(alert->time), V_INT(alert->severity),
                                     V_INT(alert->alert_class), V_TEXT(alert->kind), V_TEXT(alert->text),
                                     V_INT(alert->wait), V_INT(alert->more), V_INT(alert->state),
                                     V_TEXT(alert->recipients)));
}

bool store_alert_repeat(int64_t id, int64_t time, struct error *error)
{
    return store_database_run(&database, STATEMENT_REPEAT, error, VALUES(V_INT(time), V_INT(id)));
}

bool store_alert_settle(int64_t id, enum alert_state state, uint64_t mid, struct error *error)
{
    return store_database_run(&database, STATEMENT_SETTLE, error,
                              VALUES(V_INT(state), V_INT(mid), V_INT(id)));
}

bool store_alert_latest(struct span kind, store_alert_visit *visit, void *context, struct error *error)
{
    return each(STATEMENT_LATEST, visit, context, error, VALUES(V_TEXT(kind)));
}

bool store_alert_waiting(store_alert_visit *visit, void *context, struct error *error)
{
    return each(STATEMENT_WAITING, visit, context, error, NULL, 0);
}

bool store_alert_each(unsigned limit, store_alert_visit *visit, void *context, struct error *error)
{
    return each(STATEMENT_EACH, visit, context, error, VALUES(V_INT(limit)));
}

bool store_alert_mailed(int64_t since, int64_t until, int64_t *count, struct error *error)
{
    return store_database_number(&database, STATEMENT_MAILED, count, error,
                                 VALUES(V_INT(since), V_INT(until)));
}

/* ---- certificates ---- */

bool store_alert_told(struct span certificate, int64_t *days, struct error *error)
{
    *days = -1;
    return store_database_number(&database, STATEMENT_GET_TOLD, days, error, VALUES(V_TEXT(certificate)));
}

bool store_alert_set_told(struct span certificate, int64_t days, int64_t time, struct error *error)
{
    return store_database_run(&database, STATEMENT_SET_TOLD, error,
                              VALUES(V_TEXT(certificate), V_INT(days), V_INT(time))) &&
           store_database_run(&database, STATEMENT_PRUNE_TOLD, error, VALUES(V_INT(CERTIFICATES_TOLD)));
}
