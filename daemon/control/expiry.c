/* Steps before an end, over what alerts.db keeps of those that were told. */
#include "daemon/control/expiry.h"

#include <stddef.h>

#include "daemon/control/store_alert.h"
#include "daemon/log_lines.h"
#include "engine/base/clock.h"

#define DAY_US (86400 * INT64_C(1000000))

int expiry_step(int64_t left)
{
    static const int steps[] = {0, 5, 15, 30};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (left <= steps[i] * DAY_US)
            return steps[i];
    return -1;
}

uint64_t expiry_days(int64_t left)
{
    return (uint64_t)((left + DAY_US - 1) / DAY_US);
}

bool expiry_due(struct span name, int64_t end, int64_t now, bool *due, struct error *error)
{
    int64_t told;
    int step = expiry_step(end - now);
    *due = false;
    if (step < 0)
        return true;
    if (!store_alert_told(name, &told, error))
        return false;
    bool is_new = told < 0 || step < told;
    *due = is_new && store_alert_set_told(name, step, now, error);
    return *due == is_new;
}

void expiry_tick(struct expiry_watch *watch, uint64_t version, bool (*look)(int64_t now, struct error *error))
{
    int64_t now = clock_wall_us();
    struct error error;
    if (!store_alert_is_open())
        return;
    if (watch->looked && now >= watch->looked && now - watch->looked < DAY_US && watch->version == version)
        return;
    bool good = look(now, &error);
    if (!good && !watch->told)
        LOG(ALERT_STORE_ERROR, LOG_T(error.text));
    watch->told = !good;
    watch->looked = good ? now : 0;
    watch->version = version;
}
