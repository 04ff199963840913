/* The store of counters: SQLite, one connection, a transaction every few seconds.
 *
 * synchronous=NORMAL: such a transaction waits for no disk.  A crash of the machine may take the latest half minute along.
 */
#include "daemon/log/store_counters.h"

#include <sqlite3.h>
#include <string.h>

enum { FORMAT = 1, BUSY_MS = 200 };

static const char format_1[] =
    "CREATE TABLE counter(name TEXT PRIMARY KEY, lifetime INTEGER NOT NULL, at_reset INTEGER NOT NULL,"
    "  at_start INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE moment(started INTEGER NOT NULL, reset INTEGER NOT NULL, since INTEGER NOT NULL) STRICT;"
    "INSERT INTO moment VALUES(0, 0, 0);"
    "PRAGMA user_version = 1;";

static sqlite3 *db;
static sqlite3_stmt *put_counter, *put_moments;
static struct counter_state written;
static bool is_newer; /* of a format that only a newer version knows */

static bool fail(const char *what, struct error *error)
{
    return error_set(error, "counters: cannot %s: %s", what, sqlite3_errmsg(db));
}

static bool run(const char *sql, struct error *error)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK || fail("run a statement", error);
}

static bool prepare(sqlite3_stmt **statement, const char *sql, struct error *error)
{
    return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL) == SQLITE_OK ||
           fail("prepare", error);
}

static bool prepare_format(struct error *error)
{
    sqlite3_stmt *query;
    int format = -1;
    if (!prepare(&query, "PRAGMA user_version", error))
        return false;
    if (sqlite3_step(query) == SQLITE_ROW)
        format = sqlite3_column_int(query, 0);
    sqlite3_finalize(query);
    if (format < 0)
        return fail("read the format", error);
    is_newer = format > FORMAT;
    if (is_newer)
        return error_set(
            error, "counters: the store has format %d, this version reads up to %d: use the newer mailward",
            format, FORMAT);
    return format == FORMAT ||
           (run("BEGIN IMMEDIATE", error) && run(format_1, error) && run("COMMIT", error));
}

static void take_row(sqlite3_stmt *row, struct counter_state *state)
{
    size_t i = figure_counter_find((const char *)sqlite3_column_text(row, 0));
    if (i == FIGURE_COUNTERS)
        return; /* of another version */
    state->lifetime[i] = (uint64_t)sqlite3_column_int64(row, 1);
    state->at_reset[i] = (uint64_t)sqlite3_column_int64(row, 2);
    state->at_start[i] = (uint64_t)sqlite3_column_int64(row, 3);
}

static bool read_state(struct counter_state *state, struct error *error)
{
    sqlite3_stmt *query;
    int step;
    memset(state, 0, sizeof *state);
    if (!prepare(&query, "SELECT name, lifetime, at_reset, at_start FROM counter", error))
        return false;
    while ((step = sqlite3_step(query)) == SQLITE_ROW)
        take_row(query, state);
    sqlite3_finalize(query);
    if (step != SQLITE_DONE || !prepare(&query, "SELECT started, reset, since FROM moment", error))
        return fail("read", error);
    step = sqlite3_step(query);
    state->started = sqlite3_column_int64(query, 0);
    state->reset = sqlite3_column_int64(query, 1);
    state->since = sqlite3_column_int64(query, 2);
    sqlite3_finalize(query);
    return step == SQLITE_ROW || fail("read", error);
}

static bool open_store(const char *path, struct counter_state *state, struct error *error)
{
    is_newer = false;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK)
        return fail("open the store", error);
    sqlite3_busy_timeout(db, BUSY_MS);
    return run("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;", error) && prepare_format(error) &&
           prepare(&put_counter, "INSERT OR REPLACE INTO counter VALUES(?,?,?,?)", error) &&
           prepare(&put_moments, "UPDATE moment SET started = ?, reset = ?, since = ?", error) &&
           read_state(state, error);
}

bool store_counters_open(const char *path, int64_t now, struct counter_state *state, bool *may_pass,
                         struct error *error)
{
    if (open_store(path, state, error)) {
        written = *state;
        if (state->since == 0)
            state->since = now;
        return true;
    }
    *may_pass = !is_newer;
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
    sqlite3_bind_text(put_counter, 1, figure_counters[i].key, -1, SQLITE_STATIC);
    sqlite3_bind_int64(put_counter, 2, (sqlite3_int64)state->lifetime[i]);
    sqlite3_bind_int64(put_counter, 3, (sqlite3_int64)state->at_reset[i]);
    sqlite3_bind_int64(put_counter, 4, (sqlite3_int64)state->at_start[i]);
    int step = sqlite3_step(put_counter);
    sqlite3_reset(put_counter);
    return step == SQLITE_DONE || fail("write", error);
}

static bool write_moments(const struct counter_state *state, struct error *error)
{
    sqlite3_bind_int64(put_moments, 1, state->started);
    sqlite3_bind_int64(put_moments, 2, state->reset);
    sqlite3_bind_int64(put_moments, 3, state->since);
    int step = sqlite3_step(put_moments);
    sqlite3_reset(put_moments);
    return step == SQLITE_DONE || fail("write", error);
}

bool store_counters_write(const struct counter_state *state, struct error *error)
{
    if (memcmp(state, &written, sizeof written) == 0)
        return true;
    bool good = run("BEGIN IMMEDIATE", error) && write_moments(state, error);
    for (size_t i = 0; good && i < FIGURE_COUNTERS; i++)
        good = !differs(state, i) || write_counter(state, i, error);
    good = good && run("COMMIT", error);
    if (good)
        written = *state;
    else if (!sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return good;
}

void store_counters_close(void)
{
    sqlite3_finalize(put_counter);
    sqlite3_finalize(put_moments);
    sqlite3_close(db);
    put_counter = put_moments = NULL;
    db = NULL;
}
