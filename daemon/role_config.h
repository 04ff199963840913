/* The configuration as a role has it: the tables that it reads, in the revision that runs.
 *
 * Control prepares a next revision beside the running one; the role builds what it needs for it and says yes or no;
 * the switch cannot fail.  A role that was away is brought to the head revision before anything else.  The skeleton
 * (role_config.c) does all of that; a role has the three hooks of struct role that start with `config`.
 */
#ifndef DAEMON_ROLE_CONFIG_H
#define DAEMON_ROLE_CONFIG_H

#include <stdint.h>

#include "engine/base/error.h"
#include "engine/config/table.h"

struct role_config {
    uint64_t revision;                               /* 0: nothing yet */
    struct config_table *tables[SCHEMA_TABLE_COUNT]; /* NULL: not a table that this role reads */
};

/* The running configuration.  Its revision is 0 until the first one came; no role does its work before. */
const struct role_config *role_config(void);

/* The answer to the hook config_prepare, inside it or later: NULL when the next revision is ready, else why it cannot be;
 * then nothing of it may be kept.  config_discard may come before the answer, which is then not to be given. */
void role_config_prepared(const struct error *refusal);

/* For the skeleton only. */
bool role_config_message(uint16_t type, struct wire_reader *in); /* false: not one of ours */
void role_config_control_up(void);

#endif
