/* The parts of config_check(). */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "engine/config/tree.h"

/* What is in force before and after, for each table; and whom to tell warnings (NULL: nobody). */
struct config_check {
    const struct config_table *before[SCHEMA_TABLE_COUNT], *after[SCHEMA_TABLE_COUNT];
    void (*warn)(const char *sentence, void *context);
    void *context;
};

/* Rows of tables with an owner against the rows that they belong to.  Costs what differs. */
bool config_check_owners(const struct config_check *check, struct error *error);
/* Listeners against each other; warns of what is open to everybody, or in vain. */
bool config_check_listeners(const struct config_check *check, struct error *error);
/* Warns of settings without effect. */
void config_check_effect(const struct config_check *check);
/* Warns of tables that were set at a level and are in force on no machine of the cluster. */
void config_check_levels_effect(const struct config_tree *tree, const struct config_tree *before,
                                void (*warn)(const char *sentence, void *context), void *context);
/* Sockets of spamd against listeners; warns when there is nothing that it could answer. */
bool config_check_spamd(const struct config_check *check, struct error *error);

#endif
