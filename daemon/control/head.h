/* What is committed: the head revision, the history behind it, and the trees of old revisions. */
#ifndef CONTROL_HEAD_H
#define CONTROL_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/protocol.h"
#include "engine/base/error.h"
#include "engine/config/candidate.h"

enum {
    REVISIONS_KEPT = 200,
    REVISIONS_STORED = 264, /* at which all but those are forgotten */
};

/* A manifest, without its tree.  Texts are NUL-terminated and live as long as their array. */
struct manifest {
    uint64_t revision, parent;
    uint64_t rollback_of; /* 0: no roll-back */
    char commit_id[COMMIT_ID_MAX + 1];
    int64_t time;                                 /* wall, microseconds */
    const char *author, *source, *host, *comment; /* source: where from ("ssh 10.1.3.14"), as told */
    bool hidden;                                  /* not offered for roll-back */
    int64_t confirm_within; /* of a commit, microseconds; 0: for good.  Not part of the record */
};

/* Opens config/config.db and the head, or makes the first revision (private instances get presets that accept and scan
 * all mail).  Before the sandbox. */
bool head_open(struct error *error);

/* What it is stored in; for what stands beside the revisions. */
struct store_config;
struct store_config *head_store(void);

const struct manifest *head_manifest(void);
/* Valid until the next commit; take a reference to keep it. */
struct config_tree *head_tree(void);
/* This machine. */
const struct config_place *head_place(void);

/* The name of this gateway, as what is committed has it (daemon/hostname.h).  Valid until the next commit. */
const char *head_hostname(void);

/* The tree of a revision: a new reference, or NULL with an error. */
struct config_tree *head_load_tree(uint64_t revision, struct error *error);
/* Newest first; in arena. */
const struct manifest *head_history(struct arena *arena, unsigned limit, bool all, unsigned *count);
/* A row of what is committed at this level, back through the revisions that are stored: calls visit with the row as it was
 * before each of them (NULL: it was not there) until that returns false.  newest: in arena. */
void head_walk_row(struct arena *arena, const char *level, const struct schema_row *row,
                   bool (*visit)(const struct schema_row *before, const struct manifest *revision,
                                 void *context),
                   void *context);
/* *found is NULL when there is no commit with this id.  False: the store cannot be read, and nothing is known. */
bool head_find_commit(struct arena *arena, const char *commit_id, const struct manifest **found,
                      struct error *error);
/* A row, and who committed its newest change; for conflicts. */
struct head_change {
    const char *level;
    const struct schema_table *table;
    struct span key;
    const struct manifest *newest; /* NULL: nobody that is known */
};
/* Fills in the newest changes since revision `since`, in one walk through the revisions; in arena. */
void head_last_changes(struct arena *arena, uint64_t since, struct head_change *changes, size_t count);

/* The manifest of the revision that undoes one that was not confirmed: the base, anew.  comment is its own memory. */
enum { UNDO_COMMENT_MAX = 120 };
struct manifest head_undo(const char *author, const char *source, const char *why,
                          char comment[UNDO_COMMENT_MAX]);

/* For the commit path alone: stores tree as the revision that manifest names, in one transaction in which its parent must
 * still be the head.  False: nothing is changed.  When the disk leaves the outcome open the process ends, as the store
 * tells it at the next start. */
bool head_commit(struct config_tree *tree, const struct manifest *manifest, struct error *error);

#endif
