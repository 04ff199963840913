/* A head revision that waits for its confirmation, and by when it must come: in config.db, so that neither a kill nor a
 * restart forgets it, and on a clock that nobody can set.
 */
#ifndef CONTROL_CONFIRMATION_H
#define CONTROL_CONFIRMATION_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/error.h"

struct manifest;
struct store_config;

struct confirmation {
    uint64_t revision, base; /* base: what the head goes back to */
    int64_t deadline;        /* wall, microseconds, for people */
};

/* Reads what is pending.  Before the sandbox. */
bool confirmation_open(struct store_config *store, struct error *error);

/* NULL: none. */
const struct confirmation *confirmation_pending(void);
/* Microseconds until its deadline; 0 when it is over. */
int64_t confirmation_left(void);

/* Inside the transaction of a commit: what is pending ends with it, and m may ask for a new one. */
bool confirmation_put(const struct manifest *m, struct error *error);
/* That transaction is on disk. */
void confirmation_committed(void);

/* The head stays.  On disk at the return, with its audit record. */
bool confirmation_accept(const char *user, const char *source, struct error *error);

#endif
