/* Who may do what: roles of administrators against methods, tables and verbs. */
#ifndef CONTROL_PERMIT_H
#define CONTROL_PERMIT_H

#include <stdbool.h>
#include <sys/types.h>

#include "engine/schema/schema.h"

enum permit_role {
    PERMIT_NOBODY,
    PERMIT_ADMINISTRATOR,
    PERMIT_OPERATOR,
    PERMIT_TECHNICIAN,
    PERMIT_READ_ONLY,
    PERMIT_GUEST,
    PERMIT_ROLE_COUNT
};

/* The members of this group of the machine administer a system instance. */
#define PERMIT_ADMIN_GROUP "mailward-admin"

/* The role of an account of this machine; user: its row of table users, or NULL.  Nobody can lock everybody out: root
 * and the account that the daemon runs as may do everything whatever the table says.  Without a row the members of the
 * group of administrators are such, and all others nothing. */
enum permit_role permit_role_of(uid_t uid, bool in_admin_group, const struct schema_row *user);
const char *permit_role_name(enum permit_role role);

/* Whether role may call method.  table is the one that it is about and verb what it does there; NULL: none. */
bool permit_allows(enum permit_role role, const char *method, const char *table, const char *verb);

#endif
