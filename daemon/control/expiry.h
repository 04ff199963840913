/* What ends at a known time is told of at 30, 15, 5 and 0 days, once each (R20, R23): certificates, feature keys.
 *
 * What was told is kept in alerts.db, so that a restart does not tell it again. */
#ifndef CONTROL_EXPIRY_H
#define CONTROL_EXPIRY_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/base/span.h"

/* The step (30, 15, 5 or 0 days) that is reached when so many microseconds are left; -1: none. */
int expiry_step(int64_t left);
/* The days that are left, a part of one as a whole. */
uint64_t expiry_days(int64_t left);

/* Whether a step is reached that was not told of yet; from now on it was.  name is its for ever: of another end it is
 * another one.  False with *due false when alerts.db could not be asked or told. */
bool expiry_due(struct span name, int64_t end, int64_t now, bool *due, struct error *error);

/* When to look again; zero-initialised is the start. */
struct expiry_watch {
    int64_t looked; /* wall time; 0: never yet, or it failed */
    uint64_t version;
    bool told; /* that it failed */
};

/* Each second: looks once a day, at the start, and when version differs. */
void expiry_tick(struct expiry_watch *watch, uint64_t version,
                 bool (*look)(int64_t now, struct error *error));

#endif
