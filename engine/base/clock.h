/* The one clock of the program: wall time for records, monotonic time for timers and budgets.
 *
 * A private instance may shift both for tests by a mapped file that all its roles read.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>

/* Microseconds since 1970-01-01 UTC, shifted by the test clock when there is one. */
int64_t clock_wall_us(void);
/* Microseconds since some fixed moment; never goes back.  A test clock moves it on; timers of the loop do not see that. */
int64_t clock_mono_us(void);
/* The same, but it goes on while the machine sleeps.  Starts anew with each boot. */
int64_t clock_boot_us(void);
/* CPU time of this thread in microseconds. */
int64_t clock_cpu_us(void);

/* An amount of CPU time of this thread.  Asking for it is cheap while it cannot be used up: a thread never uses more CPU
 * time than passes, and what passes is told without a system call. */
struct clock_cpu_limit {
    int64_t mono_us, cpu_us; /* until neither is over there is time left */
};
struct clock_cpu_limit clock_cpu_limit_of(int64_t amount_us);
bool clock_cpu_limit_passed(const struct clock_cpu_limit *limit);

/* For timers. */
struct timeval clock_interval(int64_t microseconds);

/* From now on wall and monotonic time are shifted by *wall_us and *mono_us, read anew at each call; NULL: not.
 * The memory stays the caller's and may change at any moment. */
void clock_use_offsets(const volatile int64_t *wall_us, const volatile int64_t *mono_us);

#endif
