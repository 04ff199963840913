/* A candidate: what one session wants to commit, as the difference of two trees.
 *
 * Edits touch rows.  A rebase moves the candidate onto a newer revision: rows (of a single table: fields) that only
 * one side changed are merged, those that both changed differently are conflicts, and a refused rebase leaves the
 * candidate as it was (R10).
 */
#ifndef CONFIG_CANDIDATE_H
#define CONFIG_CANDIDATE_H

#include "engine/config/tree.h"

struct config_candidate {
    uint64_t base_revision;
    struct config_tree *base, *mine;
};

void config_candidate_begin(struct config_candidate *c, uint64_t revision, struct config_tree *head);
void config_candidate_end(struct config_candidate *c);
bool config_candidate_is_changed(const struct config_candidate *c);

/* A level at which the candidate has changes and which head does not have (any more), or NULL: they cannot be committed;
 * a rebase that keeps theirs drops them.  Valid as long as c. */
const char *config_candidate_lost_level(const struct config_candidate *c, const struct config_tree *head);

enum config_keep { CONFIG_KEEP_NONE, CONFIG_KEEP_MINE, CONFIG_KEEP_THEIRS };

/* A decision: for all conflicts (table NULL), for a table, or for one row of it (key.p not NULL). */
struct config_decision {
    enum config_keep keep;
    const struct schema_table *table;
    struct span key;
    bool settled; /* set by the rebase: it was about a conflict */
};

/* Rows valid only during the call; field is the first that both changed in a single table, else -1. */
struct config_conflict {
    const char *level;
    const struct schema_table *table;
    struct span key;
    int field;
    const struct schema_row *base, *theirs, *mine; /* NULL: not there */
};

/* Moves c onto head.  Each conflict that no decision settles is told; with any such one c is left as it was and false
 * returned; the same when the decision is for a row that is not in conflict. */
bool config_candidate_rebase(struct config_candidate *c, uint64_t revision, struct config_tree *head,
                             struct config_decision *decision,
                             void (*conflict)(const struct config_conflict *conflict, void *context),
                             void *context);

/* The table that an edit changes: that of place itself, made from what it inherits when there is none (R12).
 * It is taken out of the candidate, so that nothing is copied that need not be: edit it through config_table_put() and
 * the like, then always give it back.  A table that still is what the level inherits is not set there (R4), unless
 * somebody asked for it (config_tree_ask). */
struct config_table *config_candidate_take(struct config_candidate *c, const struct config_place *place,
                                           enum schema_table_id id);
void config_candidate_give(struct config_candidate *c, const struct config_place *place,
                           enum schema_table_id id, struct config_table *table);

/* Whether the resolved whole can be committed: every row, rows against rows, tables against tables.  Pure.  Warnings
 * (settings without effect, advice limits) are told and do not refuse.  Only the tables that differ between before and
 * tree are looked at; before may be NULL for all. */
bool config_check(const struct config_tree *tree, const struct config_tree *before,
                  const struct config_place *place, void (*warn)(const char *sentence, void *context),
                  void *context, struct error *error);
/* The same for every machine of the cluster; warnings are those of place, a machine.  Also whether every level that has
 * settings exists. */
bool config_check_everywhere(const struct config_tree *tree, const struct config_tree *before,
                             const struct config_place *place,
                             void (*warn)(const char *sentence, void *context), void *context,
                             struct error *error);

#endif
