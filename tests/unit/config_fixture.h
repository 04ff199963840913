/* What tests of the configuration share: rows from texts, places, and edits of a tree. */
#ifndef TESTS_CONFIG_FIXTURE_H
#define TESTS_CONFIG_FIXTURE_H

#include <stdlib.h>

#include "engine/config/candidate.h"

static const struct config_place standalone = {"machine/a"};

/* base (NULL: defaults, with this key) with one field set as typed. */
static inline struct schema_row *row_with(const struct schema_table *table, const struct schema_row *base,
                                          const char *key, unsigned field, const char *text)
{
    struct schema_row *start =
        base ? schema_row_ref(base)
             : schema_row_preset(table, span_text(table->kind == SCHEMA_LIST ? key : ""));
    struct schema_value *values = calloc(table->field_count, sizeof *values);
    struct error error;
    memcpy(values, start->values, table->field_count * sizeof *values);
    if (!schema_value_parse(&table->fields[field], span_text(text), &values[field], &error))
        abort();
    struct schema_row *row = schema_row_new(table, values);
    free(values);
    schema_row_unref(start);
    return row;
}

/* A tree in which the machine is in the group, and nothing else. */
static inline struct config_tree *tree_of_member(const char *machine, const char *group)
{
    struct config_tree *tree = config_tree_new();
    struct config_table *t = config_table_new(&schema_tables[SCHEMA_CLUSTER_MEMBERS]);
    config_table_put(&t, row_with(config_table_schema(t), NULL, machine, CLUSTER_MEMBERS_GROUP, group));
    config_tree_set(&tree, "cluster", SCHEMA_CLUSTER_MEMBERS, t);
    return tree;
}

/* Sets one field of a row of the table in force, which is made when it is not there. */
static inline void edit(struct config_candidate *c, const struct config_place *place, enum schema_table_id id,
                        const char *key, unsigned field, const char *text)
{
    struct config_table *t = config_candidate_take(c, place, id);
    const struct schema_row *base = config_table_find(t, span_text(key));
    config_table_put(&t, row_with(&schema_tables[id], base, key, field, text));
    config_candidate_give(c, place, id, t);
}

static inline void edit_remove(struct config_candidate *c, const struct config_place *place,
                               enum schema_table_id id, const char *key)
{
    struct config_table *t = config_candidate_take(c, place, id);
    config_table_remove(&t, span_text(key));
    config_candidate_give(c, place, id, t);
}

/* A candidate on top of the defaults, and what a check of it says. */
struct scene {
    struct config_candidate c;
    struct buf warnings;
    struct error error;
};

static inline struct scene scene_of_defaults(void)
{
    struct scene s = {.error = {""}};
    struct config_tree *head = config_tree_new();
    config_candidate_begin(&s.c, 1, head);
    config_tree_unref(head);
    return s;
}

static inline void scene_end(struct scene *s)
{
    config_candidate_end(&s->c);
    buf_free(&s->warnings);
}

static inline void scene_warn(const char *sentence, void *context)
{
    buf_printf(context, "%s\n", sentence);
}

static inline bool scene_check(struct scene *s)
{
    buf_clear(&s->warnings);
    return config_check(s->c.mine, s->c.base, &standalone, scene_warn, &s->warnings, &s->error);
}

/* The field of the row in force, as one would type it; "-" when the row is not there. */
static inline const char *value_of(const struct config_tree *tree, const struct config_place *place,
                                   enum schema_table_id id, const char *key, unsigned field)
{
    static struct buf out;
    const struct schema_row *row = config_table_find(config_resolve(tree, place, id, NULL), span_text(key));
    buf_clear(&out);
    if (row)
        schema_value_print(&row->table->fields[field], &row->values[field], &out);
    else
        buf_append_char(&out, '-');
    return buf_text(&out);
}

#endif
