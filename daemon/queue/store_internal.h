/* What the files of the store share: prepared statements and how to run them. */
#ifndef QUEUE_STORE_INTERNAL_H
#define QUEUE_STORE_INTERNAL_H

#include "daemon/queue/store.h"
#include "daemon/store_database.h"

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
    struct store_database database;
    struct store_memory now, before;
};

/* Runs a statement that returns no rows: STORE_RUN(s, ADD_KNOWN, f, V_INT(mid)). */
#define STORE_RUN(store, id, fault, ...) store_run(store, STATEMENT_##id, fault, VALUES(__VA_ARGS__))
/* Starts a query.  Step with store_step(). */
#define STORE_QUERY(store, id, fault, ...) store_query(store, STATEMENT_##id, fault, VALUES(__VA_ARGS__))

/* As those of daemon/store_database.h, with the kind of a fault. */
bool store_run(struct store *s, enum statement id, struct fault *f, const struct store_value *values,
               size_t count);
sqlite3_stmt *store_query(struct store *s, enum statement id, struct fault *f,
                          const struct store_value *values, size_t count);
enum store_step store_step(struct store *s, sqlite3_stmt *stmt, struct fault *f);
/* For the start. */
bool store_count(struct store *s, struct fault *f);

#endif
