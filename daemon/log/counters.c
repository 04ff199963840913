/* Counters in memory, and when they are sampled and written. */
#include "daemon/log/counters.h"

#include <string.h>

#include "daemon/log/rates.h"
#include "daemon/log/store_counters.h"
#include "engine/base/clock.h"

#define SAVE_US INT64_C(2000000)

/* What each line counts: at most one counter and the one that it is part of.  NONE is counted for nobody. */
enum { NONE = FIGURE_COUNTERS };
static struct {
    size_t counter, whole;
} of_line[LINE_COUNT];

static uint64_t counted[FIGURE_COUNTERS + 1]; /* since this process started */
static struct counter_state before;           /* what the store had then; lifetime is without counted */
static const char *store_path;
static bool is_open, failed;
static int64_t next_save;

static void find_counters(void)
{
    for (int line = 0; line < LINE_COUNT; line++) {
        const char *key = log_line_table[line].counter;
        size_t i = key ? figure_counter_find(key) : NONE;
        const char *whole = i == NONE ? NULL : figure_counters[i].part_of;
        of_line[line].counter = i;
        of_line[line].whole = whole ? figure_counter_find(whole) : NONE;
    }
}

void counters_add(enum log_line line)
{
    counted[of_line[line].counter]++;
    counted[of_line[line].whole]++;
}

static bool open_store(bool *may_pass, struct error *error)
{
    int64_t started = before.started;
    is_open = store_counters_open(store_path, clock_wall_us(), &before, may_pass, error);
    if (!is_open) {
        before.started = started;
        return false;
    }
    if (before.started != started) {
        before.started = started;
        for (size_t i = 0; i < FIGURE_COUNTERS; i++)
            before.at_start[i] = before.lifetime[i];
    }
    return true;
}

bool counters_start(const char *path, int64_t started, bool *may_pass, struct error *error)
{
    find_counters();
    memset(counted, 0, sizeof counted);
    next_save = 0;
    rates_start(clock_mono_us());
    store_path = path;
    before = (struct counter_state){.started = started};
    failed = !open_store(may_pass, error);
    return !failed;
}

static bool save(struct error *error)
{
    bool may_pass = false;
    if (!is_open && !open_store(&may_pass, error))
        return false;
    struct counter_state now = before;
    for (size_t i = 0; i < FIGURE_COUNTERS; i++)
        now.lifetime[i] += counted[i];
    return store_counters_write(&now, error);
}

bool counters_tick(struct error *error)
{
    int64_t now = clock_mono_us();
    rates_sample(now, counted);
    if (now < next_save)
        return true;
    next_save = now + SAVE_US;
    bool was_failed = failed;
    failed = !save(error);
    return !failed || was_failed;
}

bool counters_reset(struct error *error)
{
    struct counter_state old;
    if (!save(error)) /* also opens the store */
        return false;
    old = before;
    for (size_t i = 0; i < FIGURE_COUNTERS; i++)
        before.at_reset[i] = before.lifetime[i] + counted[i];
    before.reset = clock_wall_us();
    if (save(error))
        return true;
    before = old;
    return false;
}

void counters_put(struct buf *out)
{
    int64_t now = clock_mono_us();
    rates_sample(now, counted);
    wire_put_i64(out, before.reset);
    wire_put_i64(out, before.since);
    wire_put_u32(out, FIGURE_COUNTERS);
    for (size_t i = 0; i < FIGURE_COUNTERS; i++) {
        uint64_t lifetime = before.lifetime[i] + counted[i];
        wire_put_span(out, span_text(figure_counters[i].key));
        wire_put_u64(out, lifetime - before.at_reset[i]);
        wire_put_u64(out, lifetime - before.at_start[i]);
        wire_put_u64(out, lifetime);
        for (int window = 0; window < FIGURE_RATES; window++)
            wire_put_u64(out, rates_per_hour(now, window, i, counted[i]));
    }
}

void counters_stop(void)
{
    struct error ignored;
    save(&ignored);
    if (is_open)
        store_counters_close();
    is_open = false;
}
