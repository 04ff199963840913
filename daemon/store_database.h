/* A SQLite database that a role writes: one connection, its format and its prepared statements. */
#ifndef DAEMON_STORE_DATABASE_H
#define DAEMON_STORE_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/base/span.h"

/* In settings: nothing in a schema that somebody changed runs, and a damaged page is found when it is read. */
#define STORE_DISTRUST "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"

struct store_schema {
    const char *name;       /* for errors: "config/alerts.db" */
    const char *settings;   /* SQL for each connection; all are in WAL mode */
    bool moves_log;         /* into the file by store_database_checkpoint() alone, when it suits */
    const char *if_newer;   /* advice besides starting the newer version */
    const char *if_damaged; /* advice; NULL: none */
    int format;
    const char *const *migrations; /* [n] leads from format n to n + 1 */
    int statement_count;
    const char *const *sql;
};

struct store_database {
    const struct store_schema *schema;
    sqlite3 *db;               /* NULL: not open */
    sqlite3_stmt **statements; /* prepared from the schema's sql */
    int log_pages;             /* in the write-ahead log, when the store moves it itself */
    /* What store_database_open() or the latest failure was about. */
    int code, system_errno; /* of SQLite */
    bool is_newer;          /* the format is one that only a newer version knows */
};

/* Opens or makes it, in the newest format; on an error it is closed. */
bool store_database_open(struct store_database *d, const struct store_schema *schema, const char *path,
                         struct error *error);
/* One moment of an existing file of the newest format, for reading alone, while another process may write. */
bool store_database_open_reader(struct store_database *d, const struct store_schema *schema, const char *path,
                                struct error *error);
/* Does nothing when it is not open. */
void store_database_close(struct store_database *d);
/* Tells that the last call of SQLite could not do `what` ("read"); always false. */
bool store_database_fail(struct store_database *d, const char *what, struct error *error);

/* A value for a statement, in the order of its question marks.  Bytes stay the caller's, until the last step. */
struct store_value {
    enum { VALUE_INTEGER, VALUE_TEXT, VALUE_BLOB } kind;
    int64_t integer;
    struct span bytes;
};

#define V_INT(v) ((struct store_value){.kind = VALUE_INTEGER, .integer = (int64_t)(v)})
#define V_TEXT(v) ((struct store_value){.kind = VALUE_TEXT, .bytes = (v)})
#define V_BLOB(v) ((struct store_value){.kind = VALUE_BLOB, .bytes = (v)})
/* The last two arguments of what follows; a statement without question marks has NULL, 0. */
#define VALUES(...)                                                                                          \
    (const struct store_value[]){__VA_ARGS__},                                                               \
        sizeof((const struct store_value[]){__VA_ARGS__}) / sizeof(struct store_value)

/* The statement, ready to be stepped; NULL on an error. */
sqlite3_stmt *store_database_query(struct store_database *d, int statement, struct error *error,
                                   const struct store_value *values, size_t count);
/* Resets the statement at its end; who stops before does it.  STORE_FAILED for NULL, whose error is told already. */
enum store_step { STORE_ROW, STORE_END, STORE_FAILED };
enum store_step store_database_step(struct store_database *d, sqlite3_stmt *stmt, struct error *error);
/* A statement that gives no rows. */
bool store_database_run(struct store_database *d, int statement, struct error *error,
                        const struct store_value *values, size_t count);
/* The first column of the first row; unchanged when there is none. */
bool store_database_number(struct store_database *d, int statement, int64_t *number, struct error *error,
                           const struct store_value *values, size_t count);

bool store_database_begin(struct store_database *d, struct error *error);
bool store_database_commit(struct store_database *d, struct error *error);
/* Safe when no transaction is open. */
void store_database_rollback(struct store_database *d);
/* All of the transaction when it is good so far, or nothing. */
bool store_database_end(struct store_database *d, bool good, struct error *error);
/* Moves the write-ahead log into the file.  A failure does no harm but that the log grows: the next try does it all. */
bool store_database_checkpoint(struct store_database *d, struct error *error);

/* Text or blob of a column, valid until the next step. */
struct span store_column_span(sqlite3_stmt *stmt, int column);
static inline uint64_t store_column_u64(sqlite3_stmt *stmt, int column)
{
    return (uint64_t)sqlite3_column_int64(stmt, column);
}

#endif
