/* The mail a model is trained on, as features. */
#ifndef TOOLS_TRAIN_SET_H
#define TOOLS_TRAIN_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/error.h"
#include "engine/scan/features.h"
#include "engine/scan/rules.h"

struct train_example {
    struct scan_features features; /* its ids are the set's */
    bool spam;
    char *name;       /* of its file; the set's */
    uint64_t content; /* hash of the body */
    uint64_t group;   /* hash of the normalised subject: a thread or a campaign */
};

struct train_set {
    const struct scan_rules *rules; /* whose hits are features; may be NULL */
    struct train_example *examples;
    size_t count, capacity;
    size_t duplicates; /* left out: the same body was there already */
};

/* Adds every message under path; see mail_files_walk(). */
bool train_set_add_path(struct train_set *set, const char *path, bool spam, struct error *error);
/* To be called once after the last path. */
void train_set_drop_duplicates(struct train_set *set);
size_t train_set_count(const struct train_set *set, bool spam);
void train_set_free(struct train_set *set);

#endif
