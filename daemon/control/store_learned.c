/* learned.db in SQLite: one connection; every change is one transaction. */
#include "daemon/control/store_learned.h"

#include <stdlib.h>

#include "daemon/control/store_database.h"
#include "engine/wire/api.h"

enum statement {
#define STATEMENT(id, sql) STATEMENT_##id,
#include "daemon/control/store_learned.def"
#undef STATEMENT
    STATEMENT_COUNT
};

static const char *const statement_sql[STATEMENT_COUNT] = {
#define STATEMENT(id, sql) sql,
#include "daemon/control/store_learned.def"
#undef STATEMENT
};

/* migrations[n] leads from format n to n + 1.  Numbers are never given twice: their order is that of the examples. */
static const char *const migrations[LEARNED_FORMAT] = {
    "CREATE TABLE change (id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, kind INTEGER NOT NULL,"
    " origin TEXT NOT NULL, who TEXT NOT NULL, final INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE TABLE example (id INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL, spam INTEGER NOT NULL,"
    " version INTEGER NOT NULL, log_odds INTEGER NOT NULL, sample BLOB NOT NULL, added INTEGER NOT NULL,"
    " retired INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE INDEX example_key ON example (key) WHERE retired = 0;"
    "CREATE INDEX example_added ON example (added);"
    "CREATE INDEX example_retired ON example (retired) WHERE retired <> 0;",
    "ALTER TABLE example ADD COLUMN told INTEGER NOT NULL DEFAULT 0;"
    "UPDATE example SET told = 1 WHERE added IN (SELECT id FROM change WHERE origin = 'a message told to "
    "spamd');",
};

static sqlite3_stmt *statements[STATEMENT_COUNT];
/* What was answered is on disk: somebody may have thrown the message away since. */
static struct store_database database = {
    .name = "config/learned.db",
    .pragmas = "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;",
    .format = LEARNED_FORMAT,
    .migrations = migrations,
    .statement_count = STATEMENT_COUNT,
    .sql = statement_sql,
    .statements = statements,
};

bool store_learned_open(const char *path, struct error *error)
{
    return store_database_open(&database, path, error);
}

bool store_learned_is_open(void)
{
    return database.db != NULL;
}

void store_learned_close(void)
{
    store_database_close(&database);
}

/* ---- statements ---- */

static sqlite3_stmt *bind(sqlite3_stmt *stmt, int column, int64_t number)
{
    if (sqlite3_bind_int64(stmt, column, number) != SQLITE_OK)
        abort(); /* this file counts its question marks wrongly */
    return stmt;
}

static sqlite3_stmt *bind_text(sqlite3_stmt *stmt, int column, struct span text)
{
    if (sqlite3_bind_text64(stmt, column, text.n ? text.p : "", text.n, SQLITE_TRANSIENT, SQLITE_UTF8) !=
        SQLITE_OK)
        abort();
    return stmt;
}

static sqlite3_stmt *bind_blob(sqlite3_stmt *stmt, int column, struct span bytes)
{
    if (sqlite3_bind_blob64(stmt, column, bytes.n ? bytes.p : "", bytes.n, SQLITE_TRANSIENT) != SQLITE_OK)
        abort();
    return stmt;
}

static bool run(sqlite3_stmt *stmt, struct error *error)
{
    bool good = sqlite3_step(stmt) == SQLITE_DONE || store_database_fail(&database, "write", error);
    sqlite3_reset(stmt);
    return good;
}

static bool run_with(enum statement which, int64_t number, struct error *error)
{
    return run(bind(statements[which], 1, number), error);
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

static struct span bytes_at(sqlite3_stmt *stmt, int column)
{
    const void *bytes = sqlite3_column_blob(stmt, column);
    return span_of(bytes, (size_t)sqlite3_column_bytes(stmt, column));
}

/* The end of a transaction: all of it, or nothing. */
static bool end(bool good, struct error *error)
{
    if (good && run(statements[STATEMENT_COMMIT], error))
        return true;
    sqlite3_step(statements[STATEMENT_ROLLBACK]);
    sqlite3_reset(statements[STATEMENT_ROLLBACK]);
    return false;
}

/* ---- changes ---- */

static bool add_change(const struct learned_change *change, int64_t *id, struct error *error)
{
    sqlite3_stmt *stmt = bind(bind(statements[STATEMENT_ADD_CHANGE], 1, change->time), 2, change->kind);
    bool good = run(bind_text(bind_text(stmt, 3, change->origin), 4, change->who), error);
    *id = sqlite3_last_insert_rowid(database.db);
    return good;
}

static bool retire(int64_t id, struct span key, struct error *error)
{
    return run(bind_blob(bind(statements[STATEMENT_RETIRE], 1, id), 2, key), error);
}

static bool add_example(int64_t id, const struct learned_change *change, struct span key,
                        const struct scan_example *example, struct error *error)
{
    struct buf sample = {0};
    scan_sample_put(&sample, &example->sample);
    sqlite3_stmt *stmt = bind_blob(statements[STATEMENT_ADD], 1, key);
    bind(bind(bind(bind(stmt, 2, change->kind == LESSON_SPAM), 7, change->is_told), 3, example->version), 4,
         example->log_odds);
    bool good = run(bind(bind_blob(stmt, 5, buf_span(&sample)), 6, id), error);
    buf_free(&sample);
    return good;
}

/* What is beyond the limits goes: the oldest examples, those that anybody told before others, and the oldest changes that could be undone. */
static bool tidy(int64_t id, struct error *error)
{
    bind(bind(statements[STATEMENT_RETIRE_OLDEST], 1, id), 2, SCAN_LEARNED_EXAMPLES);
    return run(statements[STATEMENT_RETIRE_OLDEST], error) &&
           run_with(STATEMENT_FINISH, API_LEARNING_UNDO_MAX, error) &&
           run(statements[STATEMENT_PURGE], error) && run(statements[STATEMENT_PURGE_CHANGES], error);
}

/* What is known of a message. */
struct known {
    int64_t spam; /* 0, 1; -1: nothing */
    bool is_told;
};

static bool find(struct span key, struct known *known, struct error *error)
{
    int64_t found = -1;
    sqlite3_stmt *stmt = bind(bind_blob(statements[STATEMENT_FIND], 1, key), 2, SCAN_EXAMPLE_VERSION);
    bool good = get_number(stmt, &found, error);
    *known = (struct known){.spam = found < 0 ? -1 : found & 1, .is_told = found > 1};
    return good;
}

/* Nobody is told that something was learned which the next line would drop. */
static enum lesson_outcome find_room(struct error *error)
{
    int64_t said = 0;
    if (!get_number(statements[STATEMENT_COUNT_SAID], &said, error))
        return LESSON_FAILED;
    if (said < SCAN_LEARNED_EXAMPLES)
        return LESSON_DONE;
    error_set(error, "there is no room beside %d examples of administrators", SCAN_LEARNED_EXAMPLES);
    return LESSON_REFUSED;
}

/* An administrator's word makes an example his own, also when it says what was told before. */
static enum lesson_outcome weigh(const struct learned_change *change, const struct known *known,
                                 struct error *error)
{
    bool forget = change->kind == LESSON_FORGET, is_known = known->spam >= 0;
    bool is_the_same = is_known && known->spam == (change->kind == LESSON_SPAM);
    if (forget ? !is_known : is_the_same && (change->is_told || !known->is_told))
        return LESSON_NOTHING;
    if (!change->is_told || (is_known && known->is_told))
        return LESSON_DONE;
    if (!is_known)
        return find_room(error);
    error_set(error, "an administrator has said of this message that it is %s",
              known->spam ? "spam" : "not spam");
    return LESSON_REFUSED;
}

enum lesson_outcome store_learned_add(const struct learned_change *change,
                                      const uint8_t key[LEARNED_KEY_BYTES],
                                      const struct scan_example *example, struct error *error)
{
    struct span name = span_of(key, LEARNED_KEY_BYTES);
    struct known known;
    int64_t id = 0;
    if (!find(name, &known, error))
        return LESSON_FAILED;
    enum lesson_outcome outcome = weigh(change, &known, error);
    if (outcome != LESSON_DONE)
        return outcome;
    bool good = run(statements[STATEMENT_BEGIN], error) &&
                end(add_change(change, &id, error) && retire(id, name, error) &&
                        (change->kind == LESSON_FORGET || add_example(id, change, name, example, error)) &&
                        tidy(id, error),
                    error);
    return good ? LESSON_DONE : LESSON_FAILED;
}

static bool undo_latest(bool *was_there, struct error *error)
{
    int64_t id = 0;
    if (!get_number(statements[STATEMENT_LATEST], &id, error))
        return false;
    *was_there = id != 0;
    return !*was_there || (run_with(STATEMENT_UNDO_ADD, id, error) &&
                           run_with(STATEMENT_UNDO_RETIRE, id, error) && run_with(STATEMENT_UNDO, id, error));
}

bool store_learned_undo(unsigned most, unsigned *undone, struct error *error)
{
    bool good = run(statements[STATEMENT_BEGIN], error), more = true;
    if (!good)
        return false;
    for (*undone = 0; good && *undone < most; *undone += more) {
        good = undo_latest(&more, error);
        if (!more)
            break;
    }
    return end(good, error);
}

/* What was forgotten is to be gone from the log of the file, too; a reader of the tools may delay that. */
bool store_learned_reset(struct error *error)
{
    bool good =
        run(statements[STATEMENT_BEGIN], error) &&
        end(run(statements[STATEMENT_FORGET_ALL], error) && run(statements[STATEMENT_FORGET_CHANGES], error),
            error);
    if (good)
        sqlite3_exec(database.db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
    return good;
}

/* ---- reading ---- */

bool store_learned_set(struct buf *set, uint32_t *count, struct error *error)
{
    sqlite3_stmt *stmt = bind(statements[STATEMENT_SET], 1, SCAN_EXAMPLE_VERSION);
    int code;
    for (*count = 0; (code = sqlite3_step(stmt)) == SQLITE_ROW; (*count)++)
        scan_learned_put(set, sqlite3_column_int(stmt, 0) != 0, sqlite3_column_int(stmt, 1),
                         bytes_at(stmt, 2));
    bool good = code == SQLITE_DONE || store_database_fail(&database, "read", error);
    sqlite3_reset(stmt);
    return good;
}

bool store_learned_count(int64_t *all, int64_t *others, struct error *error)
{
    return get_number(statements[STATEMENT_COUNT_ALL], all, error) &&
           get_number(bind(statements[STATEMENT_COUNT_OTHERS], 1, SCAN_EXAMPLE_VERSION), others, error);
}

bool store_learned_each(void (*visit)(void *context, const struct learned_change *change), void *context,
                        struct error *error)
{
    sqlite3_stmt *stmt = statements[STATEMENT_EACH];
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        int kind = sqlite3_column_int(stmt, 2);
        const struct learned_change change = {
            .id = sqlite3_column_int64(stmt, 0),
            .time = sqlite3_column_int64(stmt, 1),
            .kind = kind >= 0 && kind < LESSON_KINDS ? (enum lesson_kind)kind : LESSON_FORGET,
            .origin = bytes_at(stmt, 3),
            .who = bytes_at(stmt, 4),
            .can_be_undone = sqlite3_column_int(stmt, 5) == 0,
            .has_example = sqlite3_column_type(stmt, 6) != SQLITE_NULL,
            .log_odds = sqlite3_column_int(stmt, 6),
            .is_used = sqlite3_column_int(stmt, 7) == SCAN_EXAMPLE_VERSION,
            .key = bytes_at(stmt, 8),
        };
        visit(context, &change);
    }
    bool good = code == SQLITE_DONE || store_database_fail(&database, "read", error);
    sqlite3_reset(stmt);
    return good;
}
