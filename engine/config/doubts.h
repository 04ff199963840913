/* Settings that will not do what one would think: each is a row of a table, which config_check_effect() goes through. */
#ifndef CONFIG_DOUBTS_H
#define CONFIG_DOUBTS_H

#include "engine/config/table.h"

/* What is in force, by table. */
typedef const struct config_table *const *doubt_tables;

#define DOUBT_OF(table) (UINT64_C(1) << SCHEMA_##table)
_Static_assert(SCHEMA_TABLE_COUNT <= 64, "a bit for each table");

/* Where a table of `depends` differs, rows that do not are looked at, too: they are told of when it is this difference
 * that takes their effect. */
struct config_doubt {
    uint64_t of, depends; /* sets of tables */
    /* before is the row as it was, NULL for a new one. */
    bool (*applies)(const struct schema_row *before, const struct schema_row *row, doubt_tables in_force);
    const char *sentence; /* behind the name of the row */
};

/* Each ends with a row without tables. */
extern const struct config_doubt config_doubts_scanning[], config_doubts_gateway[];

#endif
