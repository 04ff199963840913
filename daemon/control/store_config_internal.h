/* What the files of the store share; for store_config*.c alone. */
#ifndef CONTROL_STORE_CONFIG_INTERNAL_H
#define CONTROL_STORE_CONFIG_INTERNAL_H

#include "daemon/control/store_config.h"
#include "daemon/store_database.h"

enum statement {
#define STATEMENT(id, sql) STATEMENT_##id,
#include "daemon/control/store_config.def"
#undef STATEMENT
    STATEMENT_COUNT
};

struct store_config {
    struct store_database database;
};

#endif
