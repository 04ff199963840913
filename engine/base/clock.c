/* Wall, monotonic and CPU time. */
#define _GNU_SOURCE /* clock ids */
#include "engine/base/clock.h"

#include <stddef.h>
#include <time.h>

static const volatile int64_t *wall_offset, *mono_offset;

static int64_t read_clock(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_wall_us(void)
{
    return read_clock(CLOCK_REALTIME) + (wall_offset ? *wall_offset : 0);
}

int64_t clock_mono_us(void)
{
    return read_clock(CLOCK_MONOTONIC) + (mono_offset ? *mono_offset : 0);
}

int64_t clock_boot_us(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

int64_t clock_cpu_us(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

struct clock_cpu_limit clock_cpu_limit_of(int64_t amount_us)
{
    return (struct clock_cpu_limit){clock_mono_us() + amount_us, clock_cpu_us() + amount_us};
}

bool clock_cpu_limit_passed(const struct clock_cpu_limit *limit)
{
    return clock_mono_us() >= limit->mono_us && clock_cpu_us() >= limit->cpu_us;
}

void clock_use_offsets(const volatile int64_t *wall_us, const volatile int64_t *mono_us)
{
    wall_offset = wall_us;
    mono_offset = mono_us;
}

struct timeval clock_interval(int64_t microseconds)
{
    return (struct timeval){.tv_sec = (time_t)(microseconds / 1000000), .tv_usec = microseconds % 1000000};
}
