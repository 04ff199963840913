/* How fast counters grow: totals as they were every ten seconds, for the last quarter of an hour.
 *
 * Times are clock_mono_us(); the memory is the same however much is counted.  What was before the start counts as none.
 */
#ifndef LOG_RATES_H
#define LOG_RATES_H

#include <stdint.h>

#include "engine/wire/figures.h"

/* Forgets everything: all totals are 0 now. */
void rates_start(int64_t now);
/* Keeps the totals when the next sample is due; called at least every second. */
void rates_sample(int64_t now, const uint64_t totals[FIGURE_COUNTERS]);
/* Events per hour over the latest figure_rate_minutes[window], and up to ten seconds more. */
uint64_t rates_per_hour(int64_t now, int window, size_t counter, uint64_t total);

#endif
