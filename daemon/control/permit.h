/* Who may do what: roles of administrators against methods, tables and verbs. */
#ifndef CONTROL_PERMIT_H
#define CONTROL_PERMIT_H

#include <stdbool.h>
#include <sys/types.h>

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

/* The role of an account of this machine.  Until there are accounts of the gateway's own, root, the account that the
 * daemon runs as and whoever is in the group of administrators may do everything, and all others nothing. */
enum permit_role permit_role_of(uid_t uid, bool in_admin_group);
const char *permit_role_name(enum permit_role role);

/* Whether role may call method.  table is the one that it is about and verb what it does there; NULL: none. */
bool permit_allows(enum permit_role role, const char *method, const char *table, const char *verb);

#endif
