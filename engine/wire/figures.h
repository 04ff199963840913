/* The table of the numbers that `status` shows: what the daemon counts, the shell prints and scripts read. */
#ifndef WIRE_FIGURES_H
#define WIRE_FIGURES_H

#include <stdbool.h>
#include <stddef.h>

enum figure_group {
    FIGURE_RECEIVING,
    FIGURE_JUDGING,
    FIGURE_LEAVING,
    FIGURE_QUARANTINE,
    FIGURE_DAEMON,
    FIGURE_GROUP_COUNT
};
extern const char *const figure_group_titles[FIGURE_GROUP_COUNT];

struct figure_counter {
    const char *key;
    enum figure_group group;
    bool rated;
    const char *part_of; /* the counter that is raised as well; NULL: none */
    const char *title;
};

enum figure_unit { FIGURE_NUMBER, FIGURE_BYTES, FIGURE_FLAG };

struct figure_gauge {
    const char *key;
    enum figure_unit unit;
    const char *title;
};

struct figure_moment {
    const char *key, *title;
};

enum {
#define COUNTER(key, ...) FIGURE_COUNTER_##key,
#define GAUGE(...)
#define MOMENT(...)
#include "engine/wire/figures.def"
#undef COUNTER
#undef GAUGE
    FIGURE_COUNTERS
};

enum {
#define COUNTER(...)
#define GAUGE(key, ...) FIGURE_GAUGE_##key,
#include "engine/wire/figures.def"
#undef GAUGE
#undef MOMENT
    FIGURE_GAUGES
};

enum {
#define GAUGE(...)
#define MOMENT(key, ...) FIGURE_MOMENT_##key,
#include "engine/wire/figures.def"
#undef COUNTER
#undef GAUGE
#undef MOMENT
    FIGURE_MOMENTS
};

extern const struct figure_counter figure_counters[FIGURE_COUNTERS];
extern const struct figure_gauge figure_gauges[FIGURE_GAUGES];
extern const struct figure_moment figure_moments[FIGURE_MOMENTS];

/* Over these times rates are told, in minutes; their keys are "1m", "5m", "15m". */
enum { FIGURE_RATES = 3 };
extern const int figure_rate_minutes[FIGURE_RATES];
extern const char *const figure_rate_keys[FIGURE_RATES];

/* The index of a counter; FIGURE_COUNTERS when there is none of that key. */
size_t figure_counter_find(const char *key);

#endif
