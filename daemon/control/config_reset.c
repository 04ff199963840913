/* The method config.reset: the candidate becomes what a new instance starts with. */
#include "daemon/control/audit.h"
#include "daemon/control/config_methods.h"
#include "daemon/control/first_revision.h"
#include "daemon/control/head.h"
#include "daemon/role.h"

void config_reset(uint64_t session, json_t *request)
{
    struct session_info *info = session_info(session);
    struct session_config *c = &info->config;
    struct config_candidate *candidate = session_config_use(c);
    const char *level = head_place()->level;
    const struct settings *set = role_settings();
    struct error error;
    (void)request;
    struct config_tree *tree = first_revision(level, set->hostname, role_is_private(), set->listen, &error);
    if (!tree) {
        session_fail(session, API_ERROR_FAILED, "%s", error.text);
        return;
    }
    for (size_t id = 0; id < SCHEMA_TABLE_COUNT; id++) {
        struct config_table *table = config_tree_table(tree, level, (enum schema_table_id)id);
        if (table) /* the shape of a cluster is none of its settings */
            config_tree_set(&candidate->mine, level, (enum schema_table_id)id, config_table_ref(table));
    }
    config_tree_unref(tree);
    c->rollback_of = 0;
    audit_write(info->account.user, info->from, "config.reset", "", API_DONE);
    session_done(session, NULL);
}
