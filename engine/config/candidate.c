/* Candidates: edits of one session, and moving them onto a revision that others committed meanwhile.
 *
 * A rebase starts from the new head and applies what the candidate changed, row by row: its cost is that of the
 * candidate's own changes, whatever the size of the tables.
 */
#include "engine/config/candidate.h"

#include <stdlib.h>

#include "engine/base/xalloc.h"
#include "engine/config/cluster.h"

void config_candidate_begin(struct config_candidate *c, uint64_t revision, struct config_tree *head)
{
    *c = (struct config_candidate){revision, config_tree_ref(head), config_tree_ref(head)};
}

void config_candidate_end(struct config_candidate *c)
{
    config_tree_unref(c->base);
    config_tree_unref(c->mine);
    *c = (struct config_candidate){0};
}

bool config_candidate_is_changed(const struct config_candidate *c)
{
    return !config_tree_equal(c->base, c->mine);
}

static bool same_table(const struct config_table *a, const struct config_table *b)
{
    return a == b || (a && b && config_table_equal(a, b));
}

struct lost {
    const struct config_tree *head;
    const char *level;
};

static bool is_there(const char *level, enum schema_table_id id, struct config_table *base,
                     struct config_table *mine, void *context)
{
    struct lost *lost = context;
    (void)id;
    if (mine && !same_table(base, mine) && !config_level_may_have_settings(lost->head, level))
        lost->level = level;
    return !lost->level;
}

const char *config_candidate_lost_level(const struct config_candidate *c, const struct config_tree *head)
{
    struct lost lost = {.head = head};
    config_tree_pairs(c->base, c->mine, is_there, &lost);
    return lost.level;
}

/* ---- edits ---- */

struct config_table *config_candidate_take(struct config_candidate *c, const struct config_place *place,
                                           enum schema_table_id id)
{
    struct config_table *own = config_tree_take(&c->mine, place->level, id);
    return own ? own : config_table_ref((struct config_table *)config_resolve(c->mine, place, id, NULL));
}

void config_candidate_give(struct config_candidate *c, const struct config_place *place,
                           enum schema_table_id id, struct config_table *table)
{
    const char *level = place->level;
    if (!config_tree_table(c->base, level, id) && !config_tree_is_asked(c->mine, level, id) &&
        config_table_equal(table, config_inherited(c->mine, level, id))) {
        config_table_unref(table);
        table = NULL;
    }
    config_tree_set(&c->mine, level, id, table);
}

/* ---- rebase ---- */

struct rebase {
    const struct config_candidate *candidate;
    const struct config_tree *head;
    struct config_decision *decision;
    void (*conflict)(const struct config_conflict *conflict, void *context);
    void *context;
    bool refused;
    struct config_tree *merged;
    /* The table that is being merged. */
    const char *level;
    const struct schema_table *schema;
    const struct config_table *theirs;
    struct config_table *result;
};

static enum config_keep decided(const struct rebase *r, struct span key)
{
    const struct config_decision *d = r->decision;
    bool about_row = d && (!d->table || (d->table == r->schema && (!d->key.p || span_equal(d->key, key))));
    return about_row ? d->keep : CONFIG_KEEP_NONE;
}

/* By the decision about it; without one the conflict is told. */
static void settle(struct rebase *r, struct config_conflict *conflict, enum config_keep keep)
{
    if (keep != CONFIG_KEEP_NONE) {
        r->decision->settled = true;
        return;
    }
    conflict->level = r->level;
    conflict->table = r->schema;
    r->refused = true;
    if (r->conflict)
        r->conflict(conflict, r->context);
}

/* The row of a single table: field by field. */
static void merge_fields(struct rebase *r, struct config_conflict *conflict)
{
    const struct schema_row *base = conflict->base, *theirs = conflict->theirs, *mine = conflict->mine;
    enum config_keep keep = decided(r, conflict->key);
    struct schema_value *values = xcalloc(r->schema->field_count, sizeof *values);
    for (unsigned i = 0; i < r->schema->field_count; i++) {
        const struct schema_field *field = &r->schema->fields[i];
        bool i_changed = !schema_value_equal(field, &base->values[i], &mine->values[i]);
        bool they_changed = !schema_value_equal(field, &base->values[i], &theirs->values[i]);
        bool differ = !schema_value_equal(field, &theirs->values[i], &mine->values[i]);
        if (i_changed && they_changed && differ && conflict->field < 0)
            conflict->field = (int)i;
        bool take_mine = i_changed && (!they_changed || keep == CONFIG_KEEP_MINE);
        values[i] = take_mine ? mine->values[i] : theirs->values[i];
    }
    if (conflict->field >= 0)
        settle(r, conflict, keep);
    if (conflict->field < 0 || keep != CONFIG_KEEP_NONE)
        config_table_put(&r->result, schema_row_new(r->schema, values));
    free(values);
}

/* Applies one change of mine to what they have. */
static void merge_row(const struct schema_row *base, const struct schema_row *mine, void *context)
{
    struct rebase *r = context;
    struct span key = schema_row_key(base ? base : mine);
    const struct schema_row *theirs = config_table_find(r->theirs, key);
    struct config_conflict conflict = {.key = key, .field = -1, .base = base, .theirs = theirs, .mine = mine};
    if (schema_row_same(theirs, mine))
        return;
    if (!schema_row_same(theirs, base)) {
        if (r->schema->kind == SCHEMA_SINGLE && base && theirs && mine) {
            merge_fields(r, &conflict);
            return;
        }
        enum config_keep keep = decided(r, key);
        settle(r, &conflict, keep);
        if (keep != CONFIG_KEEP_MINE)
            return;
    }
    if (mine)
        config_table_put(&r->result, schema_row_ref(mine));
    else
        config_table_remove(&r->result, key);
}

/* A table that the candidate may have changed. */
static bool merge_table(const char *level, enum schema_table_id id, struct config_table *base,
                        struct config_table *mine, void *context)
{
    struct rebase *r = context;
    struct config_table *theirs = config_tree_table(r->head, level, id);
    const struct config_candidate *c = r->candidate;
    r->schema = &schema_tables[id];
    if (same_table(base, mine))
        return true;
    /* What is set at a level that is gone is gone with it; undecided it stays, and the commit will say so. */
    if (!config_level_may_have_settings(r->head, level) &&
        decided(r, (struct span){0}) == CONFIG_KEEP_THEIRS) {
        r->decision->settled = true;
        return true;
    }
    if (same_table(base, theirs)) {
        config_tree_set(&r->merged, level, id, mine ? config_table_ref(mine) : NULL);
        if (config_tree_is_asked(c->mine, level, id))
            config_tree_ask(&r->merged, level, id);
        return true;
    }
    r->level = level;
    r->theirs = theirs ? theirs : config_inherited(r->head, level, id);
    r->result = config_table_ref((struct config_table *)r->theirs);
    config_table_diff(base ? base : config_inherited(c->base, level, id),
                      mine ? mine : config_inherited(c->mine, level, id), merge_row, r);
    if (r->result != r->theirs)
        config_tree_set(&r->merged, level, id, r->result);
    else
        config_table_unref(r->result);
    return true;
}

bool config_candidate_rebase(struct config_candidate *c, uint64_t revision, struct config_tree *head,
                             struct config_decision *decision,
                             void (*conflict)(const struct config_conflict *conflict, void *context),
                             void *context)
{
    struct rebase r = {.candidate = c,
                       .head = head,
                       .decision = decision,
                       .conflict = conflict,
                       .context = context,
                       .merged = config_tree_ref(head)};
    config_tree_pairs(c->base, c->mine, merge_table, &r);
    bool in_vain = decision && decision->key.p && !decision->settled;
    if (r.refused || in_vain) {
        config_tree_unref(r.merged);
        return false;
    }
    config_tree_ref(head); /* it may be ours alone */
    config_candidate_end(c);
    *c = (struct config_candidate){revision, head, r.merged};
    return true;
}
