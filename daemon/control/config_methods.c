/* The candidate as a whole (changes, clear, rebase, roll-back) and the history behind it. */
#include "daemon/control/config_methods.h"

#include <string.h>

#include "daemon/control/head.h"
#include "daemon/control/methods.h"
#include "engine/base/text.h"
#include "engine/schema/json.h"

enum {
    HISTORY = 10, /* revisions told unless more are asked for */
    /* Of any number: what is more is only counted, so that an answer fits a frame and holds up nobody for long. */
    CHANGES_TOLD = 20000,
    CONFLICTS_TOLD = 1000,
    BYTES_TOLD = API_FRAME_MAX / 4,
};

const struct schema_table *config_table_of(uint64_t session, const json_t *request)
{
    const char *name = json_string_value(json_object_get(request, "table"));
    const struct schema_table *table = schema_table_find(name);
    if (!table)
        session_fail(session, API_ERROR_INVALID_ARGUMENTS, "there is no table '%s'", name);
    return table;
}

json_t *config_text_json(const char *text)
{
    if (!text)
        return json_null();
    struct buf safe = {0};
    text_from_wire(&safe, span_text(text), SIZE_MAX);
    json_t *json = json_stringn(safe.data ? safe.data : "", safe.len);
    buf_free(&safe);
    return json;
}

static json_t *row_json(const struct schema_row *row)
{
    return row ? schema_row_to_json(row) : json_null();
}

static json_t *key_json(struct span key)
{
    return json_stringn(key.n ? key.p : "", key.n);
}

json_t *config_revision_json(uint64_t revision)
{
    return revision ? json_integer((json_int_t)revision) : json_null();
}

/* ---- changes ---- */

/* Counts an element; true when it is to be told too, by add_told(). */
static bool is_told(struct told_list *list, size_t most)
{
    list->count++;
    if (!list->elements)
        list->elements = json_array();
    return !list->full && json_array_size(list->elements) < most;
}

static void add_told(struct told_list *list, json_t *element)
{
    list->bytes += json_dumpb(element, NULL, 0, JSON_COMPACT);
    list->full = list->bytes > BYTES_TOLD;
    if (list->full)
        json_decref(element);
    else
        json_array_append_new(list->elements, element);
}

static void add_change(const struct config_change *change, void *context)
{
    struct told_list *list = context;
    const struct schema_row *row = change->after ? change->after : change->before;
    if (is_told(list, CHANGES_TOLD))
        add_told(list, json_pack("{s:s,s:s,s:o,s:o,s:o}", "level", change->level, "table",
                                 change->table->name, "key", key_json(schema_row_key(row)), "before",
                                 row_json(change->before), "after", row_json(change->after)));
}

json_t *config_changes_json(const struct config_tree *before, const struct config_tree *after)
{
    struct told_list c = {.elements = json_array()};
    config_tree_diff(before, after, add_change, &c);
    return json_pack("{s:o,s:I}", "changes", c.elements, "count", c.count);
}

struct forbidden {
    enum permit_role role;
    const struct schema_table *table;
};

static void find_forbidden(const struct config_change *change, void *context)
{
    struct forbidden *f = context;
    if (!f->table && !permit_allows(f->role, "config.edit", change->table->name, NULL))
        f->table = change->table;
}

const struct schema_table *config_forbidden(enum permit_role role, const struct config_tree *before,
                                            const struct config_tree *after)
{
    struct forbidden f = {.role = role};
    config_tree_diff(before, after, find_forbidden, &f);
    return f.table;
}

void config_changes(uint64_t session, json_t *request)
{
    (void)request;
    const struct config_candidate *candidate = session_config_use(&session_info(session)->config);
    json_t *result = config_changes_json(candidate->base, candidate->mine);
    json_object_set_new(result, "base", json_integer((json_int_t)candidate->base_revision));
    session_done(session, result);
}

void config_clear(uint64_t session, json_t *request)
{
    (void)request;
    session_config_end(&session_info(session)->config);
    session_done(session, NULL);
}

/* ---- conflicts ---- */

void config_add_conflict(struct told_list *list, const struct config_conflict *conflict)
{
    const char *field = conflict->field >= 0 ? conflict->table->fields[conflict->field].name : NULL;
    if (is_told(list, CONFLICTS_TOLD))
        add_told(list, json_pack("{s:s,s:s,s:o,s:o,s:o,s:o,s:o}", "level", conflict->level, "table",
                                 conflict->table->name, "key", key_json(conflict->key), "field",
                                 config_text_json(field), "base", row_json(conflict->base), "theirs",
                                 row_json(conflict->theirs), "mine", row_json(conflict->mine)));
}

/* Sets in each conflict who changed the row. */
static void add_authors(json_t *conflicts, uint64_t since)
{
    struct arena *arena = arena_new();
    size_t count = json_array_size(conflicts), i;
    struct head_change *changes = arena_calloc(arena, count, sizeof *changes);
    json_t *conflict;
    json_array_foreach(conflicts, i, conflict)
    {
        const json_t *key = json_object_get(conflict, "key");
        changes[i].level = member_text(conflict, "level");
        changes[i].table = schema_table_find(member_text(conflict, "table"));
        changes[i].key = span_of(json_string_value(key), json_string_length(key));
    }
    head_last_changes(arena, since, changes, count);
    json_array_foreach(conflicts, i, conflict)
    {
        const struct manifest *theirs = changes[i].newest;
        json_object_set_new(conflict, "revision", config_revision_json(theirs ? theirs->revision : 0));
        json_object_set_new(conflict, "author", config_text_json(theirs ? theirs->author : NULL));
        json_object_set_new(conflict, "time", theirs ? json_integer(theirs->time) : json_null());
    }
    arena_free(arena);
}

void config_fail_conflicts(uint64_t session, struct told_list *list, uint64_t since)
{
    struct told_list conflicts = *list;
    *list = (struct told_list){0};
    add_authors(conflicts.elements, since);
    session_fail_with(session, API_ERROR_CONFLICT,
                      json_pack("{s:o,s:I}", "conflicts", conflicts.elements, "count", conflicts.count),
                      "%" JSON_INTEGER_FORMAT " %s changed by another commit", conflicts.count,
                      conflicts.count == 1 ? "setting was also" : "settings were also");
}

static void on_conflict(const struct config_conflict *conflict, void *context)
{
    config_add_conflict(context, conflict);
}

/* What `keep`, `table` and `key` of the request say; false after the session was told. */
static bool read_decision(uint64_t session, const json_t *request, struct arena *arena,
                          struct config_decision *decision)
{
    static const char *const words[] = {
        [CONFIG_KEEP_NONE] = "", [CONFIG_KEEP_MINE] = "mine", [CONFIG_KEEP_THEIRS] = "theirs"};
    const char *keep = json_string_value(json_object_get(request, "keep"));
    const char *key = json_string_value(json_object_get(request, "key"));
    *decision = (struct config_decision){.keep = CONFIG_KEEP_NONE};
    for (unsigned i = CONFIG_KEEP_MINE; keep && i <= CONFIG_KEEP_THEIRS; i++)
        if (strcmp(words[i], keep) == 0)
            decision->keep = (enum config_keep)i;
    if (keep && decision->keep == CONFIG_KEEP_NONE) {
        session_fail(session, API_ERROR_INVALID_ARGUMENTS, "keep mine or keep theirs, not '%s'", keep);
        return false;
    }
    if (json_object_get(request, "table")) {
        decision->table = config_table_of(session, request);
        if (!decision->table)
            return false;
    }
    if ((decision->table && !keep) || (key && !decision->table)) {
        session_fail(session, API_ERROR_INVALID_ARGUMENTS, "a key needs a table, and a table needs 'keep'");
        return false;
    }
    if (key)
        decision->key = schema_key_fold(decision->table, span_text(key), arena);
    return true;
}

void config_rebase(uint64_t session, json_t *request)
{
    struct arena *arena = arena_new();
    struct config_candidate *candidate = session_config_use(&session_info(session)->config);
    struct config_decision decision;
    struct told_list conflicts = {0};
    const struct manifest *head = head_manifest();
    if (!read_decision(session, request, arena, &decision)) {
        arena_free(arena);
        return;
    }
    if (config_candidate_rebase(candidate, head->revision, head_tree(), &decision, on_conflict, &conflicts))
        session_done(session, json_pack("{s:I}", "revision", (json_int_t)head->revision));
    else if (conflicts.count == 0) /* the decision was for another row */
        session_fail(session, API_ERROR_WRONG_STATE, "%s '%s' is not in conflict", decision.table->row_noun,
                     member_text(request, "key"));
    else
        config_fail_conflicts(session, &conflicts, candidate->base_revision);
    arena_free(arena);
}
