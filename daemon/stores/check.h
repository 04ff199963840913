/* Whether the stores of an instance are what mailwardd wrote, and fit each other. */
#ifndef STORES_CHECK_H
#define STORES_CHECK_H

#include <stdbool.h>

#include "daemon/stores/bodies.h"
#include "daemon/stores/report.h"

/* All stores of the current folder, of an instance that runs or does not.  Tells what was looked at. */
void check_all(struct report *r);

/* Opens and looks at what holds for every database: format, integrity, nothing in its schema that runs.  NULL: it cannot
 * be used, which is reported, or nothing is in it yet. */
sqlite3 *check_open(struct report *r, enum database id, const char *path);

struct check_config_figures {
    unsigned revisions;
    unsigned long long head;
};
void check_config(struct report *r, const char *path, struct check_config_figures *figures);

/* Where there is one. */
void check_learned(struct report *r, const char *path);

struct check_queue {
    const char *path, *spool;
    bool live;        /* others may write meanwhile */
    uint64_t tracked; /* the highest MID that tracking knows */
    /* Whether this body is known to be missing and so no problem; NULL: none is. */
    bool (*is_known_damage)(const struct body_of *body, void *context);
    void *context;
    uint64_t messages, bodies; /* out */
};
void check_queue(struct report *r, struct check_queue *c);

#endif
