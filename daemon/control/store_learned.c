/* learned.db in SQLite: one connection; every change is one transaction. */
#include "daemon/control/store_learned.h"

#include "daemon/store_database.h"
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

/* Numbers are never given twice: their order is that of the examples. */
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

static const struct store_schema schema = {
    .name = "config/learned.db",
    /* FULL: what was answered is on disk, as somebody may have thrown the message away since. */
    .settings = "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;" STORE_DISTRUST,
    .if_newer = "move it away",
    .if_damaged = "move it away, and a new one is begun",
    .format = LEARNED_FORMAT,
    .migrations = migrations,
    .statement_count = STATEMENT_COUNT,
    .sql = statement_sql,
};
static struct store_database database;

bool store_learned_open(const char *path, struct error *error)
{
    return store_database_open(&database, &schema, path, error);
}

bool store_learned_is_open(void)
{
    return database.db != NULL;
}

void store_learned_close(void)
{
    store_database_close(&database);
}

static bool run(enum statement id, struct error *error)
{
    return store_database_run(&database, id, error, NULL, 0);
}

static bool run_with(enum statement id, int64_t number, struct error *error)
{
    return store_database_run(&database, id, error, VALUES(V_INT(number)));
}

/* ---- changes ---- */

static bool add_change(const struct learned_change *change, int64_t *id, struct error *error)
{
    bool good = store_database_run(
        &database, STATEMENT_ADD_CHANGE, error,
        VALUES(V_INT(change->time), V_INT(change->kind), V_TEXT(change->origin), V_TEXT(change->who)));
    *id = sqlite3_last_insert_rowid(database.db);
    return good;
}

static bool retire(int64_t id, struct span key, struct error *error)
{
    return store_database_run(&database, STATEMENT_RETIRE, error, VALUES(V_INT(id), V_BLOB(key)));
}

static bool add_example(int64_t id, const struct learned_change *change, struct span key,
                        const struct scan_example *example, struct error *error)
{
    struct buf sample = {0};
    scan_sample_put(&sample, &example->sample);
    bool good = store_database_run(&database, STATEMENT_ADD, error,
                                   VALUES(V_BLOB(key), V_INT(change->kind == LESSON_SPAM),
                                          V_INT(example->version), V_INT(example->log_odds),
                                          V_BLOB(buf_span(&sample)), V_INT(id), V_INT(change->is_told)));
    buf_free(&sample);
    return good;
}

/* What is beyond the limits goes: the oldest examples, those that anybody told before others, and the oldest changes that could be undone. */
static bool tidy(int64_t id, struct error *error)
{
    return store_database_run(&database, STATEMENT_RETIRE_OLDEST, error,
                              VALUES(V_INT(id), V_INT(SCAN_LEARNED_EXAMPLES))) &&
           run_with(STATEMENT_FINISH, API_LEARNING_UNDO_MAX, error) && run(STATEMENT_PURGE, error) &&
           run(STATEMENT_PURGE_CHANGES, error);
}

/* What is known of a message. */
struct known {
    int64_t spam; /* 0, 1; -1: nothing */
    bool is_told;
};

static bool find(struct span key, struct known *known, struct error *error)
{
    int64_t found = -1;
    bool good = store_database_number(&database, STATEMENT_FIND, &found, error,
                                      VALUES(V_BLOB(key), V_INT(SCAN_EXAMPLE_VERSION)));
    *known = (struct known){.spam = found < 0 ? -1 : found & 1, .is_told = found > 1};
    return good;
}

/* Nobody is told that something was learned which the next line would drop. */
static enum lesson_outcome find_room(struct error *error)
{
    int64_t said = 0;
    if (!store_database_number(&database, STATEMENT_COUNT_SAID, &said, error, NULL, 0))
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
    if (!store_database_begin(&database, error))
        return LESSON_FAILED;
    bool good = add_change(change, &id, error) && retire(id, name, error) &&
                (change->kind == LESSON_FORGET || add_example(id, change, name, example, error)) &&
                tidy(id, error);
    return store_database_end(&database, good, error) ? LESSON_DONE : LESSON_FAILED;
}

static bool undo_latest(bool *was_there, struct error *error)
{
    int64_t id = 0;
    if (!store_database_number(&database, STATEMENT_LATEST, &id, error, NULL, 0))
        return false;
    *was_there = id != 0;
    return !*was_there || (run_with(STATEMENT_UNDO_ADD, id, error) &&
                           run_with(STATEMENT_UNDO_RETIRE, id, error) && run_with(STATEMENT_UNDO, id, error));
}

bool store_learned_undo(unsigned most, unsigned *undone, struct error *error)
{
    bool good = store_database_begin(&database, error), more = true;
    if (!good)
        return false;
    for (*undone = 0; good && *undone < most; *undone += more) {
        good = undo_latest(&more, error);
        if (!more)
            break;
    }
    return store_database_end(&database, good, error);
}

/* What was forgotten is to be gone from the log of the file, too; a reader of the tools may delay that. */
bool store_learned_reset(struct error *error)
{
    bool good =
        store_database_begin(&database, error) &&
        store_database_end(&database,
                           run(STATEMENT_FORGET_ALL, error) && run(STATEMENT_FORGET_CHANGES, error), error);
    if (good)
        sqlite3_exec(database.db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
    return good;
}

/* ---- reading ---- */

bool store_learned_set(struct buf *set, uint32_t *count, struct error *error)
{
    sqlite3_stmt *stmt =
        store_database_query(&database, STATEMENT_SET, error, VALUES(V_INT(SCAN_EXAMPLE_VERSION)));
    enum store_step step;
    for (*count = 0; (step = store_database_step(&database, stmt, error)) == STORE_ROW; (*count)++)
        scan_learned_put(set, sqlite3_column_int(stmt, 0) != 0, sqlite3_column_int(stmt, 1),
                         store_column_span(stmt, 2));
    return step == STORE_END;
}

bool store_learned_count(int64_t *all, int64_t *others, struct error *error)
{
    return store_database_number(&database, STATEMENT_COUNT_ALL, all, error, NULL, 0) &&
           store_database_number(&database, STATEMENT_COUNT_OTHERS, others, error,
                                 VALUES(V_INT(SCAN_EXAMPLE_VERSION)));
}

bool store_learned_each(void (*visit)(void *context, const struct learned_change *change), void *context,
                        struct error *error)
{
    sqlite3_stmt *stmt = store_database_query(&database, STATEMENT_EACH, error, NULL, 0);
    enum store_step step;
    while ((step = store_database_step(&database, stmt, error)) == STORE_ROW) {
        int kind = sqlite3_column_int(stmt, 2);
        const struct learned_change change = {
            .id = sqlite3_column_int64(stmt, 0),
            .time = sqlite3_column_int64(stmt, 1),
            .kind = kind >= 0 && kind < LESSON_KINDS ? (enum lesson_kind)kind : LESSON_FORGET,
            .origin = store_column_span(stmt, 3),
            .who = store_column_span(stmt, 4),
            .can_be_undone = sqlite3_column_int(stmt, 5) == 0,
            .has_example = sqlite3_column_type(stmt, 6) != SQLITE_NULL,
            .log_odds = sqlite3_column_int(stmt, 6),
            .is_used = sqlite3_column_int(stmt, 7) == SCAN_EXAMPLE_VERSION,
            .key = store_column_span(stmt, 8),
        };
        visit(context, &change);
    }
    return step == STORE_END;
}
