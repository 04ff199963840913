/* A ring of samples. */
#include "daemon/log/rates.h"

#include <string.h>

#define SLOT_US INT64_C(10000000)
#define HOUR_US INT64_C(3600000000)
enum { SLOTS_PER_MINUTE = 6, SLOTS = 15 * SLOTS_PER_MINUTE + 1 };

/* Totals at the beginning of each slot of ten seconds; a slot's place is its number modulo SLOTS. */
static uint64_t samples[SLOTS][FIGURE_COUNTERS];
static int64_t latest; /* slot that has its sample */

void rates_start(int64_t now)
{
    memset(samples, 0, sizeof samples);
    latest = now / SLOT_US;
}

void rates_sample(int64_t now, const uint64_t totals[FIGURE_COUNTERS])
{
    int64_t slot = now / SLOT_US;
    if (latest < slot - SLOTS)
        latest = slot - SLOTS; /* we slept through them */
    while (latest < slot)
        memcpy(samples[++latest % SLOTS], totals, sizeof samples[0]);
}

uint64_t rates_per_hour(int64_t now, int window, size_t counter, uint64_t total)
{
    int64_t first = latest - (int64_t)figure_rate_minutes[window] * SLOTS_PER_MINUTE;
    /* A machine that has just started: slots before its first one are of no place in the ring. */
    uint64_t before = first < 0 ? 0 : samples[first % SLOTS][counter];
    return (total - before) * (uint64_t)HOUR_US / (uint64_t)(now - first * SLOT_US);
}
