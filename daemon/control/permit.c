/* The table of permissions.  The first row that fits decides; what no row names is forbidden. */
#include "daemon/control/permit.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* One letter a role: administrator, operator, technician, read-only operator, guest. */
static const char role_letters[PERMIT_ROLE_COUNT + 1] = "-AOTRG";

static const struct permit {
    const char *method;
    const char *table, *verb; /* NULL: any, or none */
    const char *roles;
} permits[] = {
    {"hello", NULL, NULL, "AOTRG"},
    {"version", NULL, NULL, "AOTRG"},
    {"whoami", NULL, NULL, "AOTRG"},
    {"status", NULL, NULL, "AOTRG"},
    {"rate", NULL, NULL, "AOTRG"},
    {"counters.reset", NULL, NULL, "AOT"},
    {"hosts", NULL, NULL, "AOTR"},
    {"who", NULL, NULL, "AOTR"},
    {"last", NULL, NULL, "AOTR"},
    /* logs name senders, recipients and subjects */
    {"logs", NULL, NULL, "AOTR"},
    {"tail", NULL, NULL, "AOTR"},
    {"grep", NULL, NULL, "AOTR"},
    {"alerts", NULL, NULL, "AOTR"},
    {"log.rollover", NULL, NULL, "AOT"},
    {"update.start", NULL, NULL, "AOT"},
    {"update.status", NULL, NULL, "AOTR"},
    {"suspend", NULL, "status", "AOTR"},
    {"suspend", NULL, NULL, "AOT"},
    {"workqueue", NULL, "status", "AOTR"},
    {"workqueue", NULL, NULL, "AOT"},
    {"feature.list", NULL, NULL, "AOTR"},
    {"feature.activate", NULL, NULL, "AT"},
    {"feature.check", NULL, NULL, "AT"},
    {"certificate.list", NULL, NULL, "AOTR"},
    {"certificate.make", NULL, NULL, "AOR"},
    {"queue.list", NULL, NULL, "AOTR"},
    {"queue.change", NULL, "deliver", "AOT"},
    {"queue.change", NULL, NULL, "AO"},
    {"quarantine.list", NULL, NULL, "AOR"},
    {"quarantine.change", NULL, NULL, "AO"},
    /* what people wrote */
    {"queue.read", NULL, NULL, "AO"},
    {"queue.archive", NULL, NULL, "AO"},
    {"learning.list", NULL, NULL, "AOTR"},
    {"learning.status", NULL, NULL, "AOTR"},
    {"learning.export", NULL, NULL, "AO"},
    {"learning.learn", NULL, NULL, "AO"},
    {"learning.undo", NULL, NULL, "AO"},
    {"learning.reset", NULL, NULL, "AO"},
    {"cluster.list", NULL, NULL, "AOTR"},
    {"cluster.change", NULL, NULL, "A"},
    {"config.mode", NULL, NULL, "AOTRG"},
    {"config.levels", NULL, NULL, "AOTR"},
    {"config.level", NULL, NULL, "AOR"},
    {"config.setting", NULL, NULL, "AOTR"},
    {"config.get", NULL, NULL, "AOTR"},
    {"config.keys", NULL, NULL, "AOTR"},
    {"config.show", NULL, NULL, "AOTR"},
    /* secrets, though encrypted, are no business of who may only look */
    {"config.export", NULL, "encrypt", "AOT"},
    {"config.export", NULL, NULL, "AOTR"},
    {"config.reset", NULL, NULL, "A"},
    {"config.history", NULL, NULL, "AOTR"},
    {"config.lookup", NULL, NULL, "AOTR"},
    /* who may do what is for administrators alone */
    {"config.edit", "users", NULL, "A"},
    {"config.edit", "access", NULL, "A"},
    /* a read-only operator may enter changes and look at them, but they never leave the session */
    {"config.edit", NULL, NULL, "AOR"},
    {"config.changes", NULL, NULL, "AOTR"},
    {"config.clear", NULL, NULL, "AOR"},
    {"config.rebase", NULL, NULL, "AOR"},
    {"config.rollback", NULL, NULL, "AOR"},
    {"config.commit", NULL, NULL, "AO"},
    {"config.diff", NULL, NULL, "AOTR"},
    {"config.label", NULL, NULL, "AO"},
    {"config.lock", NULL, "status", "AOTR"},
    {"config.lock", NULL, NULL, "AO"},
    {"config.confirm", NULL, "status", "AOTRG"},
    {"config.confirm", NULL, NULL, "AO"},
    /* a technician saves configurations; he can load none, having no edits */
    {"file.read", NULL, NULL, "AOT"},
    {"file.write", NULL, NULL, "AOT"},
};

enum permit_role permit_role_of(uid_t uid, bool in_admin_group, const struct schema_row *user)
{
    static const enum permit_role roles[] = {
        [USERS_ADMINISTRATOR] = PERMIT_ADMINISTRATOR,
        [USERS_OPERATOR] = PERMIT_OPERATOR,
        [USERS_TECHNICIAN] = PERMIT_TECHNICIAN,
        [USERS_READ_ONLY] = PERMIT_READ_ONLY,
        [USERS_GUEST] = PERMIT_GUEST,
    };
    if (uid == 0 || uid == geteuid())
        return PERMIT_ADMINISTRATOR;
    if (!user)
        return in_admin_group ? PERMIT_ADMINISTRATOR : PERMIT_NOBODY;
    return schema_row_number(user, USERS_ENABLED) ? roles[schema_row_number(user, USERS_ROLE)]
                                                  : PERMIT_NOBODY;
}

const char *permit_role_name(enum permit_role role)
{
    static const char *const names[PERMIT_ROLE_COUNT] = {
        [PERMIT_NOBODY] = "nobody",
        [PERMIT_ADMINISTRATOR] = "administrator",
        [PERMIT_OPERATOR] = "operator",
        [PERMIT_TECHNICIAN] = "technician",
        [PERMIT_READ_ONLY] = "read-only operator",
        [PERMIT_GUEST] = "guest",
    };
    return names[role];
}

static bool fits(const char *wanted, const char *got)
{
    return !wanted || (got && strcmp(wanted, got) == 0);
}

bool permit_allows(enum permit_role role, const char *method, const char *table, const char *verb)
{
    for (size_t i = 0; i < sizeof permits / sizeof permits[0]; i++) {
        const struct permit *p = &permits[i];
        if (strcmp(p->method, method) == 0 && fits(p->table, table) && fits(p->verb, verb))
            return strchr(p->roles, role_letters[role]) != NULL;
    }
    return false;
}
