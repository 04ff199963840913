/* The store of counters: SQLite, one connection, a transaction every few seconds.
 *
 * synchronous=NORMAL: such a transaction waits for no disk.  A crash of the machine may take the latest half minute along.
 */
#include "daemon/log/store_counters.h"

#include <string.h>

#include "daemon/store_database.h"

enum { FORMAT = 1 };

static const char *const migrations[FORMAT] = {
    "CREATE TABLE counter(name TEXT PRIMARY KEY, lifetime INTEGER NOT NULL, at_reset INTEGER NOT NULL,"
    "  at_start INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE moment(started INTEGER NOT NULL, reset INTEGER NOT NULL, since INTEGER NOT NULL) STRICT;"
    "INSERT INTO moment VALUES(0, 0, 0);",
};

enum { PUT_COUNTER, PUT_MOMENTS, EACH_COUNTER, GET_MOMENTS, STATEMENT_COUNT };
static const char *const statement_sql[STATEMENT_COUNT] = {
    [PUT_COUNTER] = "INSERT OR REPLACE INTO counter VALUES(?,?,?,?)",
    [PUT_MOMENTS] = "UPDATE moment SET started = ?, reset = ?, since = ?",
    [EACH_COUNTER] = "SELECT name, lifetime, at_reset, at_start FROM counter",
    [GET_MOMENTS] = "SELECT started, reset, since FROM moment",
};

static const struct store_schema schema = {
    .name = "track/counters.db",
    .settings = "PRAGMA busy_timeout = 200; PRAGMA synchronous = NORMAL;",
    .if_newer = "move it away",
    .format = FORMAT,
    .migrations = migrations,
    .statement_count = STATEMENT_COUNT,
    .sql = statement_sql,
};
static struct store_database database;
static struct counter_state written;

static void take_row(sqlite3_stmt *row, struct counter_state *state)
{
    size_t i = figure_counter_find((const char *)sqlite3_column_text(row, 0));
    if (i == FIGURE_COUNTERS)
        return; /* of another version */
    state->lifetime[i] = (uint64_t)sqlite3_column_int64(row, 1);
    state->at_reset[i] = (uint64_t)sqlite3_column_int64(row, 2);
    state->at_start[i] = (uint64_t)sqlite3_column_int64(row, 3);
}

static bool read_counters(struct counter_state *state, struct error *error)
{
    sqlite3_stmt *row = store_database_query(&database, EACH_COUNTER, error, NULL, 0);
    enum store_step step;
    memset(state, 0, sizeof *state);
    while ((step = store_database_step(&database, row, error)) == STORE_ROW)
        take_row(row, state);
    return step == STORE_END;
}

static bool read_moments(struct counter_state *state, struct error *error)
{
    sqlite3_stmt *row = store_database_query(&database, GET_MOMENTS, error, NULL, 0);
    enum store_step step = store_database_step(&database, row, error);
    if (step == STORE_END)
        return error_set(error, "track/counters.db has lost a row: move it away, and a new one is begun");
    if (step == STORE_ROW) {
        state->started = sqlite3_column_int64(row, 0);
        state->reset = sqlite3_column_int64(row, 1);
        state->since = sqlite3_column_int64(row, 2);
    }
    sqlite3_reset(row);
    return step == STORE_ROW;
}

bool store_counters_open(const char *path, int64_t now, struct counter_state *state, bool *may_pass,
                         struct error *error)
{
    if (store_database_open(&database, &schema, path, error) && read_counters(state, error) &&
        read_moments(state, error)) {
        written = *state;
        if (state->since == 0)
            state->since = now;
        return true;
    }
    *may_pass = !database.is_newer;
    store_counters_close();
    return false;
}

static bool differs(const struct counter_state *state, size_t i)
{
    return state->lifetime[i] != written.lifetime[i] || state->at_reset[i] != written.at_reset[i] ||
           state->at_start[i] != written.at_start[i];
}

static bool write_counter(const struct counter_state *state, size_t i, struct error *error)
{
    return store_database_run(&database, PUT_COUNTER, error,
                              VALUES(V_TEXT(span_text(figure_counters[i].key)), V_INT(state->lifetime[i]),
                                     V_INT(state->at_reset[i]), V_INT(state->at_start[i])));
}

bool store_counters_write(const struct counter_state *state, struct error *error)
{
    if (memcmp(state, &written, sizeof written) == 0)
        return true;
    bool good = store_database_begin(&database, error) &&
                store_database_run(&database, PUT_MOMENTS, error,
                                   VALUES(V_INT(state->started), V_INT(state->reset), V_INT(state->since)));
    for (size_t i = 0; good && i < FIGURE_COUNTERS; i++)
        good = !differs(state, i) || write_counter(state, i, error);
    good = store_database_end(&database, good, error);
    if (good)
        written = *state;
    return good;
}

void store_counters_close(void)
{
    store_database_close(&database);
}
