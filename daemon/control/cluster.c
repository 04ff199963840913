/* cluster.*: the shape of the cluster.  A change of it is a commit of its own, at once (cluster.md 1.4). */
#include <string.h>

#include "daemon/control/config_methods.h"
#include "daemon/control/head.h"
#include "daemon/control/methods.h"
#include "engine/base/xalloc.h"
#include "engine/config/cluster.h"

enum { NEEDS_NAME = 1, NEEDS_OTHER = 2, MAY_HAVE_OTHER = 4, IS_MACHINE = 8, STANDALONE = 16 };

static const struct operation {
    const char *name;
    bool (*run)(struct config_tree **tree, const struct cluster_change *c, struct error *error);
    unsigned flags;
} operations[] = {
    {"new", config_cluster_new, NEEDS_NAME | STANDALONE},
    {"setname", config_cluster_rename, NEEDS_NAME},
    {"addgroup", config_group_new, NEEDS_NAME},
    {"renamegroup", config_group_rename, NEEDS_NAME | NEEDS_OTHER},
    {"deletegroup", config_group_delete, NEEDS_NAME | MAY_HAVE_OTHER},
    {"setgroup", config_member_move, NEEDS_NAME | NEEDS_OTHER | IS_MACHINE},
    {"prepjoin", config_member_prepare, NEEDS_NAME | MAY_HAVE_OTHER | IS_MACHINE},
    {"removemachine", config_member_remove, NEEDS_NAME | IS_MACHINE},
};

static const struct operation *find_operation(uint64_t session, const json_t *request)
{
    const char *name = member_text(request, "operation");
    bool has_other = member_text(request, "other") != NULL;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        const struct operation *o = &operations[i];
        bool fits = has_other ? o->flags & (NEEDS_OTHER | MAY_HAVE_OTHER) : !(o->flags & NEEDS_OTHER);
        if (strcmp(o->name, name) == 0 && fits)
            return o;
    }
    session_fail(session, API_ERROR_INVALID_ARGUMENTS, "'%s' is no operation with these names", name);
    return NULL;
}

static bool check_name(uint64_t session, const char *name, bool is_machine)
{
    const struct schema_field *field =
        is_machine ? &schema_tables[SCHEMA_CLUSTER_MEMBERS].fields[CLUSTER_MEMBERS_MACHINE]
                   : &schema_tables[SCHEMA_CLUSTER_GROUPS].fields[CLUSTER_GROUPS_NAME];
    struct schema_value value;
    struct error error;
    if (!name || schema_value_parse(field, span_text(name), &value, &error))
        return true;
    session_fail(session, API_ERROR_INVALID_VALUE, "%s", error.text);
    return false;
}

/* Whether the session is where the shape is changed. */
static bool is_in_mode(uint64_t session, const struct operation *o)
{
    bool is_clustered = config_cluster_name(head_tree()).n != 0;
    if (!is_clustered && o->flags & STANDALONE)
        return true;
    if (!is_clustered)
        session_fail(session, API_ERROR_WRONG_STATE, "this machine is in no cluster: see clusterconfig new");
    else if (strcmp(config_place_of(session).level, CONFIG_CLUSTER) != 0)
        session_fail(session, API_ERROR_RESTRICTED, "cluster");
    else
        return true;
    return false;
}

void cluster_change(uint64_t session, json_t *request)
{
    struct session_config *c = &session_info(session)->config;
    const struct operation *o = find_operation(session, request);
    const struct cluster_change change = {head_place()->level + strlen(CONFIG_MACHINE),
                                          member_text(request, "name"), member_text(request, "other")};
    if (!o || !is_in_mode(session, o) || !check_name(session, change.name, o->flags & IS_MACHINE) ||
        !check_name(session, change.other, false))
        return;
    if (config_candidate_is_changed(session_config_use(c))) {
        session_fail(session, API_ERROR_WRONG_STATE,
                     "this takes effect at once: commit or clear your pending changes first");
        return;
    }
    struct config_tree *tree = config_tree_ref(head_tree());
    struct error error;
    if (!o->run(&tree, &change, &error)) {
        config_tree_unref(tree);
        session_fail(session, API_ERROR_WRONG_STATE, "%s", error.text);
        return;
    }
    struct buf comment = {0};
    buf_printf(&comment, "clusterconfig %s %s%s%s", o->name, change.name, change.other ? " " : "",
               change.other ? change.other : "");
    config_commit_at_once(session, request, tree, buf_text(&comment));
    buf_free(&comment);
}

/* ---- who is in it ---- */

static json_t *machines_json(const struct config_tree *tree, struct span group)
{
    const struct config_place cluster = {CONFIG_CLUSTER};
    json_t *machines = json_array();
    struct config_cursor c = config_table_start(config_resolve(tree, &cluster, SCHEMA_CLUSTER_MEMBERS, NULL));
    for (const struct schema_row *row; (row = config_table_next(&c));) {
        struct span name = schema_row_key(row);
        if (span_equal(schema_row_text(row, CLUSTER_MEMBERS_GROUP), group))
            json_array_append_new(machines,
                                  json_pack("{s:o,s:b}", "machine", json_stringn(name.p, name.n), "joined",
                                            (int)schema_row_number(row, CLUSTER_MEMBERS_JOINED)));
    }
    return machines;
}

void cluster_list(uint64_t session, json_t *request)
{
    (void)request;
    const struct config_tree *tree = head_tree();
    const struct config_place cluster = {CONFIG_CLUSTER};
    struct span name = config_cluster_name(tree);
    if (!name.n) {
        session_fail(session, API_ERROR_WRONG_STATE, "this machine is in no cluster: see clusterconfig new");
        return;
    }
    json_t *groups = json_array();
    struct config_cursor c = config_table_start(config_resolve(tree, &cluster, SCHEMA_CLUSTER_GROUPS, NULL));
    for (const struct schema_row *row; (row = config_table_next(&c));) {
        struct span group = schema_row_key(row);
        json_array_append_new(groups, json_pack("{s:o,s:o}", "group", json_stringn(group.p, group.n),
                                                "machines", machines_json(tree, group)));
    }
    session_done(session, json_pack("{s:o,s:o}", "cluster", json_stringn(name.p, name.n), "groups", groups));
}
