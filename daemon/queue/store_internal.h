/* What the files of the store share: prepared statements and how to run them. */
#ifndef QUEUE_STORE_INTERNAL_H
#define QUEUE_STORE_INTERNAL_H

#include <sqlite3.h>

#include "daemon/queue/store.h"

enum statement {
#define STATEMENT(id, sql) STATEMENT_##id,
#include "daemon/queue/store_statements.def"
#undef STATEMENT
    STATEMENT_COUNT
};

struct id_block {
    uint64_t next, end;
};

/* What a roll-back has to take back in memory too. */
struct store_memory {
    struct id_block blocks[STORE_ID_COUNT];
    struct store_counts counts;
};

struct store {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    struct store_memory now, before;
    int log_pages;
};

/* A value for a statement, in the order of its question marks. */
struct store_value {
    enum { VALUE_INTEGER, VALUE_TEXT, VALUE_BLOB } kind;
    int64_t integer;
    struct span bytes;
};

#define V_INT(value) ((struct store_value){.kind = VALUE_INTEGER, .integer = (int64_t)(value)})
#define V_TEXT(value) ((struct store_value){.kind = VALUE_TEXT, .bytes = (value)})
#define V_BLOB(value) ((struct store_value){.kind = VALUE_BLOB, .bytes = (value)})

/* Runs a statement that returns no rows: STORE_RUN(s, ADD_KNOWN, f, V_INT(mid)). */
#define STORE_RUN(store, id, fault, ...)                                                                     \
    store_run(store, STATEMENT_##id, (const struct store_value[]){__VA_ARGS__},                              \
              sizeof((const struct store_value[]){__VA_ARGS__}) / sizeof(struct store_value), fault)
/* Starts a query; NULL on failure.  Step with store_step(), which resets it at its end. */
#define STORE_QUERY(store, id, fault, ...)                                                                   \
    store_query(store, STATEMENT_##id, (const struct store_value[]){__VA_ARGS__},                            \
                sizeof((const struct store_value[]){__VA_ARGS__}) / sizeof(struct store_value), fault)

bool store_run(struct store *s, enum statement id, const struct store_value *values, size_t count,
               struct fault *f);
sqlite3_stmt *store_query(struct store *s, enum statement id, const struct store_value *values, size_t count,
                          struct fault *f);
enum store_step { STORE_ROW, STORE_END, STORE_FAILED };
enum store_step store_step(struct store *s, sqlite3_stmt *stmt, struct fault *f);
/* For the start. */
bool store_count(struct store *s, struct fault *f);
/* Fills in f from the connection; returns false. */
bool store_fail(struct store *s, const char *what, struct fault *f);

/* Text or blob of a column, valid until the next step. */
struct span store_column_span(sqlite3_stmt *stmt, int column);
static inline uint64_t store_column_u64(sqlite3_stmt *stmt, int column)
{
    return (uint64_t)sqlite3_column_int64(stmt, column);
}

#endif
