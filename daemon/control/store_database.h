/* A small database of the control role: one connection, its format and its prepared statements. */
#ifndef CONTROL_STORE_DATABASE_H
#define CONTROL_STORE_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>

#include "engine/base/error.h"

struct store_database {
    const char *name;    /* for errors: "config/alerts.db" */
    const char *pragmas; /* besides those of every such database */
    int format;
    const char *const *migrations; /* [n] leads from format n to n + 1 */
    int statement_count;
    const char *const *sql;
    sqlite3_stmt **statements; /* prepared from sql */
    sqlite3 *db;               /* NULL: not open */
};

/* Opens or makes it, in the newest format; on an error it is closed. */
bool store_database_open(struct store_database *d, const char *path, struct error *error);
void store_database_close(struct store_database *d);
/* Tells that the last call of SQLite could not do `what` ("read"); always false. */
bool store_database_fail(const struct store_database *d, const char *what, struct error *error);

#endif
