/* The databases of an instance, for those who only look at them or copy them. */
#ifndef STORES_DATABASE_H
#define STORES_DATABASE_H

#include <sqlite3.h>

#include "engine/base/error.h"
#include "engine/base/span.h"

enum database { DATABASE_TRACKING, DATABASE_QUEUE, DATABASE_CONFIG, DATABASE_LEARNED, DATABASE_COUNT };

/* Where it is in the state folder. */
const char *database_path(enum database id);

/* Opens the file at path (of the kind id) for reading; it is seen as it is at this moment, while others may go on to
 * write.  A file that is not there, is none of ours or has a newer format is an error with advice.  NULL on error. */
sqlite3 *database_open(enum database id, const char *path, struct error *error);
/* Whether the file was made and nothing written to it yet, as a start that is cut short leaves it. */
bool database_is_blank(const char *path);
/* As database_open(), for one's own copy that is to be changed. */
sqlite3 *database_open_own(enum database id, const char *path, struct error *error);

/* The text for what the connection has just failed at; returns false. */
bool database_fail(sqlite3 *db, struct error *error);
/* NULL on error. */
sqlite3_stmt *database_prepare(sqlite3 *db, const char *sql, struct error *error);
/* Runs statements that give no rows. */
bool database_run(sqlite3 *db, const char *sql, struct error *error);
/* The first column of the one row. */
bool database_number(sqlite3 *db, const char *sql, int64_t *value, struct error *error);
bool database_format(sqlite3 *db, int64_t *format, struct error *error);
/* The first column of each row, until visit returns false. */
typedef bool database_text_visit(struct span text, void *context);
bool database_each_text(sqlite3 *db, const char *sql, database_text_visit *visit, void *context,
                        struct error *error);

#endif
