/* Labels: names that administrators give to revisions.  A revision with a label is kept however old it is. */
#ifndef CONTROL_LABELS_H
#define CONTROL_LABELS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/base/error.h"

struct store_config;
void labels_open(struct store_config *store);

/* 1 to 32 of [A-Za-z0-9._-], beginning with a letter, and no word that means something where a revision is asked for. */
bool label_check_name(const char *name, struct error *error);
/* Gives the name to this revision, which takes it from another one.  At most 50. */
bool label_set(const char *name, uint64_t revision, struct error *error);
bool label_remove(const char *name, struct error *error);
/* 0: there is none. */
bool label_find(const char *name, uint64_t *revision, struct error *error);
/* {"rescue": 12, ...}: a new reference. */
json_t *labels_json(void);

#endif
