/* What the files of the store share; for store_config*.c alone. */
#ifndef CONTROL_STORE_CONFIG_INTERNAL_H
#define CONTROL_STORE_CONFIG_INTERNAL_H

#include <sqlite3.h>

#include "daemon/control/store_config.h"

enum statement {
#define STATEMENT(id, sql) STATEMENT_##id,
#include "daemon/control/store_config.def"
#undef STATEMENT
    STATEMENT_COUNT
};

struct store_config {
    sqlite3 *db;
    int log_pages; /* in the write-ahead log */
    sqlite3_stmt *statements[STATEMENT_COUNT];
};

/* A value for a statement, in the order of its question marks. */
struct value {
    enum { VALUE_INTEGER, VALUE_TEXT, VALUE_BLOB } kind;
    int64_t integer;
    struct span bytes;
};

#define V_INT(v) ((struct value){.kind = VALUE_INTEGER, .integer = (int64_t)(v)})
#define V_TEXT(v) ((struct value){.kind = VALUE_TEXT, .bytes = (v)})
#define V_BLOB(v, size) ((struct value){.kind = VALUE_BLOB, .bytes = span_of(v, size)})
#define VALUES(...)                                                                                          \
    (const struct value[]){__VA_ARGS__}, sizeof((const struct value[]){__VA_ARGS__}) / sizeof(struct value)

/* Sets error from what SQLite says, with advice; returns false. */
bool store_config_fail(struct store_config *s, const char *what, struct error *error);
/* The statement, ready to be stepped; reset it afterwards. */
sqlite3_stmt *store_config_bind(struct store_config *s, enum statement id, const struct value *values,
                                size_t count);
/* A statement without rows. */
bool store_config_run(struct store_config *s, enum statement id, struct error *error,
                      const struct value *values, size_t count);
/* The first column of the one row in place of what is in text; nothing when there is no row. */
bool store_config_get_text(struct store_config *s, enum statement id, struct buf *text, struct error *error,
                           const struct value *values, size_t count);

#endif
