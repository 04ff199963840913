/* Revisions behind the candidate: their history, labels, differences, and going back to one. */
#include <string.h>
#include <strings.h>

#include "daemon/control/audit.h"
#include "daemon/control/config_methods.h"
#include "daemon/control/head.h"
#include "daemon/control/labels.h"
#include "daemon/control/methods.h"
#include "engine/base/text.h"
#include "engine/config/cluster.h"

enum { HISTORY = 10 };

/* ---- naming one ---- */

bool config_find_revision(uint64_t session, const char *text, uint64_t *revision)
{
    struct error error;
    *revision = 0;
    if (strcasecmp(text, "running") == 0) {
        *revision = head_manifest()->revision;
    } else if (!span_parse_u64(span_text(text), revision)) {
        if (!label_find(text, revision, &error)) {
            session_fail(session, API_ERROR_FAILED, "%s", error.text);
            return false;
        }
        if (*revision == 0) {
            session_fail(session, API_ERROR_NOT_FOUND, "label '%s'", text);
            return false;
        }
    }
    if (*revision && *revision <= head_manifest()->revision)
        return true;
    session_fail(session, API_ERROR_NOT_FOUND, "revision %s", text);
    return false;
}

/* A revision or the candidate: a new reference, or NULL after the session was told. */
static struct config_tree *find_tree(uint64_t session, const char *text)
{
    struct error error;
    uint64_t revision;
    if (strcasecmp(text, "candidate") == 0)
        return config_tree_ref(session_config_use(&session_info(session)->config)->mine);
    if (!config_find_revision(session, text, &revision))
        return NULL;
    struct config_tree *tree = head_load_tree(revision, &error);
    if (!tree)
        session_fail(session, API_ERROR_WRONG_STATE, "%s", error.text);
    return tree;
}

/* ---- history ---- */

static json_t *labels_of(json_t *labels, uint64_t revision)
{
    json_t *names = json_array(), *number;
    const char *name;
    json_object_foreach (labels, name, number)
        if ((uint64_t)json_integer_value(number) == revision)
            json_array_append_new(names, json_string(name));
    return names;
}

static json_t *manifest_json(const struct manifest *m, json_t *labels)
{
    return json_pack("{s:I,s:b,s:I,s:o,s:o,s:o,s:o,s:o,s:b,s:o}", "revision", (json_int_t)m->revision,
                     "running", m->revision == head_manifest()->revision, "time", (json_int_t)m->time,
                     "author", config_text_json(m->author), "comment", config_text_json(m->comment), "source",
                     config_text_json(m->source), "host", config_text_json(m->host), "rollback_of",
                     config_revision_json(m->rollback_of), "hidden", m->hidden, "labels",
                     labels_of(labels, m->revision));
}

void config_history(uint64_t session, json_t *request)
{
    const json_t *limit = json_object_get(request, "limit");
    struct arena *arena = arena_new();
    unsigned count = 0;
    const struct manifest *history =
        head_history(arena, limit ? (unsigned)json_integer_value(limit) : HISTORY,
                     json_is_true(json_object_get(request, "all")), &count);
    json_t *revisions = json_array(), *labels = labels_json();
    for (unsigned i = 0; i < count; i++)
        json_array_append_new(revisions, manifest_json(&history[i], labels));
    json_t *names = json_array();
    const char *name;
    json_t *number;
    json_object_foreach (labels, name, number)
        json_array_append_new(names, json_string(name));
    json_decref(labels);
    session_done(session, json_pack("{s:o,s:o}", "revisions", revisions, "labels", names));
    arena_free(arena);
}

/* ---- labels ---- */

static void end_label(const struct session_info *info, bool good, const char *detail,
                      const struct error *error)
{
    if (good) {
        audit_write(info->account.user, info->from, "config.label", detail, API_DONE);
        session_done(info->id, NULL);
    } else {
        session_fail(info->id, API_ERROR_FAILED, "%s", error->text);
    }
}

static void set_label(struct session_info *info, const char *name, const char *text)
{
    struct error error;
    uint64_t revision;
    if (!label_check_name(name, &error)) {
        session_fail(info->id, API_ERROR_INVALID_VALUE, "%s", error.text);
        return;
    }
    if (!config_find_revision(info->id, text, &revision))
        return;
    struct config_tree *tree = head_load_tree(revision, &error); /* it may be gone, or damaged */
    if (!tree) {
        session_fail(info->id, API_ERROR_WRONG_STATE, "%s", error.text);
        return;
    }
    config_tree_unref(tree);
    char detail[96];
    snprintf(detail, sizeof detail, "revision %llu is '%s'", (unsigned long long)revision, name);
    end_label(info, label_set(name, revision, &error), detail, &error);
}

static void remove_label(struct session_info *info, const char *name)
{
    struct error error;
    uint64_t revision;
    char detail[96];
    if (!label_find(name, &revision, &error)) {
        session_fail(info->id, API_ERROR_FAILED, "%s", error.text);
    } else if (revision == 0) {
        session_fail(info->id, API_ERROR_NOT_FOUND, "label '%s'", name);
    } else {
        snprintf(detail, sizeof detail, "revision %llu is not '%s' any more", (unsigned long long)revision,
                 name);
        end_label(info, label_remove(name, &error), detail, &error);
    }
}

void config_label(uint64_t session, json_t *request)
{
    const char *operation = member_text(request, "operation"), *name = member_text(request, "name"),
               *revision = member_text(request, "revision");
    if (strcmp(operation, "set") == 0 && revision)
        set_label(session_info(session), name, revision);
    else if (strcmp(operation, "remove") == 0 && !revision)
        remove_label(session_info(session), name);
    else
        session_fail(session, API_ERROR_INVALID_ARGUMENTS, "set with a revision, or remove without one");
}

/* ---- differences ---- */

void config_diff(uint64_t session, json_t *request)
{
    struct config_tree *from = find_tree(session, member_text(request, "from"));
    struct config_tree *to = from ? find_tree(session, member_text(request, "to")) : NULL;
    if (to)
        session_done(session, config_changes_json(from, to));
    if (from)
        config_tree_unref(from);
    if (to)
        config_tree_unref(to);
}

/* ---- roll-back ---- */

/* The table becomes that of old at every level that there is in mine.  When only one of them has a cluster, what was in
 * force for this machine becomes that of the cluster, or of the machine that has left it. */
static void take_table(struct config_tree **tree, const struct config_tree *mine,
                       const struct config_tree *old, enum schema_table_id id)
{
    const char *level;
    bool is_clustered = config_cluster_name(mine).n != 0;
    bool is_shared = is_clustered && config_level_takes(CONFIG_CLUSTER, &schema_tables[id]);
    for (size_t i = 0; (level = config_tree_level(mine, i)); i++)
        config_tree_set(tree, level, id, NULL);
    if (is_clustered != (config_cluster_name(old).n != 0)) {
        const struct config_table *was = config_resolve(old, head_place(), id, &level);
        if (level)
            config_tree_set(tree, is_shared ? CONFIG_CLUSTER : head_place()->level, id,
                            config_table_ref((struct config_table *)was));
        return;
    }
    for (size_t i = 0; (level = config_tree_level(old, i)); i++) {
        struct config_table *rows = config_tree_table(old, level, id);
        if (rows && (!is_clustered || config_level_exists(mine, level)))
            config_tree_set(tree, level, id, config_table_ref(rows));
    }
}

/* mine with one table, or all, as in old: a new reference.  Who is in the cluster stays as it is. */
static struct config_tree *with_tables_of(struct config_tree *mine, struct config_tree *old,
                                          const struct schema_table *table)
{
    if (!table && !config_cluster_name(mine).n && !config_cluster_name(old).n)
        return config_tree_ref(old);
    struct config_tree *tree = config_tree_ref(mine);
    for (int id = 0; id < SCHEMA_TABLE_COUNT; id++)
        if (table ? table->id == (enum schema_table_id)id : !schema_tables[id].is_shape)
            take_table(&tree, mine, old, id);
    return tree;
}

void config_rollback(uint64_t session, json_t *request)
{
    struct session_config *c = &session_info(session)->config;
    struct config_candidate *candidate = session_config_use(c);
    const struct schema_table *table = NULL;
    struct error error;
    uint64_t revision;
    if (json_object_get(request, "table") && !(table = config_table_of(session, request)))
        return;
    if (table && table->is_shape) {
        session_fail(session, API_ERROR_INVALID_ARGUMENTS, "%s is changed by clusterconfig", table->name);
        return;
    }
    if (!config_find_revision(session, member_text(request, "revision"), &revision))
        return;
    struct config_tree *old = head_load_tree(revision, &error);
    if (!old) {
        session_fail(session, API_ERROR_WRONG_STATE, "%s", error.text);
        return;
    }
    struct config_tree *tree = with_tables_of(candidate->mine, old, table);
    bool preview = json_is_true(json_object_get(request, "preview"));
    enum permit_role role = session_info(session)->role;
    const struct schema_table *forbidden = preview ? NULL : config_forbidden(role, candidate->mine, tree);
    if (forbidden) {
        config_tree_unref(old);
        config_tree_unref(tree);
        session_fail(session, API_ERROR_REFUSED, "the role %s may not change %s, which is another there",
                     permit_role_name(role), forbidden->name);
        return;
    }
    json_t *changes = config_changes_json(candidate->mine, tree);
    config_tree_unref(old);
    if (preview) {
        config_tree_unref(tree);
    } else {
        config_tree_unref(candidate->mine);
        candidate->mine = tree;
        c->rollback_of = table ? 0 : revision;
    }
    session_done(session, changes);
}
