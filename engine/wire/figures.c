/* The rows of figures.def. */
#include "engine/wire/figures.h"

#include <string.h>

const char *const figure_group_titles[FIGURE_GROUP_COUNT] = {
    [FIGURE_RECEIVING] = "Receiving",   [FIGURE_JUDGING] = "Judging",   [FIGURE_LEAVING] = "Leaving",
    [FIGURE_QUARANTINE] = "Quarantine", [FIGURE_DAEMON] = "The daemon",
};

const struct figure_counter figure_counters[FIGURE_COUNTERS] = {
#define COUNTER(key, group, rated, part_of, title) {#key, FIGURE_##group, rated, part_of, title},
#define GAUGE(...)
#define MOMENT(...)
#include "engine/wire/figures.def"
#undef COUNTER
#undef GAUGE
};

const struct figure_gauge figure_gauges[FIGURE_GAUGES] = {
#define COUNTER(...)
#define GAUGE(key, unit, title) {#key, FIGURE_##unit, title},
#include "engine/wire/figures.def"
#undef GAUGE
#undef MOMENT
};

const struct figure_moment figure_moments[FIGURE_MOMENTS] = {
#define GAUGE(...)
#define MOMENT(key, title) {#key, title},
#include "engine/wire/figures.def"
#undef COUNTER
#undef GAUGE
#undef MOMENT
};

const int figure_rate_minutes[FIGURE_RATES] = {1, 5, 15};
const char *const figure_rate_keys[FIGURE_RATES] = {"1m", "5m", "15m"};

size_t figure_counter_find(const char *key)
{
    size_t i = 0;
    while (i < FIGURE_COUNTERS && strcmp(figure_counters[i].key, key) != 0)
        i++;
    return i;
}
