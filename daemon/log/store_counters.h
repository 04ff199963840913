/* track/counters.db: the counters of `status` since ever, since the latest reset and since the daemon's start. */
#ifndef LOG_STORE_COUNTERS_H
#define LOG_STORE_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/wire/figures.h"

struct counter_state {
    uint64_t lifetime[FIGURE_COUNTERS];
    uint64_t at_reset[FIGURE_COUNTERS]; /* what lifetime was then */
    uint64_t at_start[FIGURE_COUNTERS];
    /* Wall times. */
    int64_t started; /* of the daemon: which start at_start is of */
    int64_t reset;   /* 0: never */
    int64_t since;   /* of the first count */
};

/* Opens or makes the store and reads the state.  On false, *may_pass tells that it is not of a newer version: numbers
 * that are damaged or have no disk must not keep a gateway from working, and the store may be had later. */
bool store_counters_open(const char *path, int64_t now, struct counter_state *state, bool *may_pass,
                         struct error *error);
/* Writes what differs from the state written or read before, in one transaction. */
bool store_counters_write(const struct counter_state *state, struct error *error);
void store_counters_close(void);

#endif
