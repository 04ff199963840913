/* The flag behind Ctrl-C, and a wait that cannot miss it. */
#define _GNU_SOURCE /* ppoll */
#include "shell/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

static volatile sig_atomic_t seen;

static void note(int number)
{
    (void)number;
    seen = 1;
}

void interrupt_catch(void)
{
    struct sigaction action = {.sa_handler = note}; /* no SA_RESTART: reads are to end */
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

bool interrupt_seen(void)
{
    return seen;
}

void interrupt_clear(void)
{
    seen = 0;
}

/* The signal is held back between the look at the flag and the wait, so that it cannot fall into the gap. */
bool interrupt_poll(struct pollfd *fds, nfds_t count, int timeout)
{
    struct timespec limit = {.tv_sec = timeout / 1000, .tv_nsec = timeout % 1000 * 1000000L};
    sigset_t held, before;
    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigprocmask(SIG_BLOCK, &held, &before);
    int ready = 0;
    do {
        if (!seen)
            ready = ppoll(fds, count, timeout < 0 ? NULL : &limit, &before);
    } while (!seen && ready < 0 && errno == EINTR); /* another signal */
    sigprocmask(SIG_SETMASK, &before, NULL);
    return !seen;
}
