/* The flags behind Ctrl-C and the end of the session, and a wait that cannot miss them. */
#define _GNU_SOURCE /* ppoll */
#include "shell/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

static volatile sig_atomic_t seen, ending; /* ending: number of the signal */

static void note(int number)
{
    if (number == SIGINT)
        seen = 1;
    else
        ending = number;
}

static void catch (int number)
{
    struct sigaction action = {.sa_handler = note}; /* no SA_RESTART: reads are to end */
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

void interrupt_catch(void)
{
    catch (SIGINT);
}

void interrupt_catch_end(void)
{
    catch (SIGTERM);
    catch (SIGHUP);
}

bool interrupt_ends(void)
{
    return ending;
}

void interrupt_end(void)
{
    signal(ending, SIG_DFL);
    raise(ending);
}

bool interrupt_seen(void)
{
    return seen || ending;
}

void interrupt_clear(void)
{
    seen = 0;
}

/* The signals are held back between the look at the flag and the wait, so that none can fall into the gap. */
bool interrupt_poll(struct pollfd *fds, nfds_t count, int timeout)
{
    struct timespec limit = {.tv_sec = timeout / 1000, .tv_nsec = timeout % 1000 * 1000000L};
    sigset_t held, before;
    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGHUP);
    sigprocmask(SIG_BLOCK, &held, &before);
    int ready = 0;
    do {
        if (!interrupt_seen())
            ready = ppoll(fds, count, timeout < 0 ? NULL : &limit, &before);
    } while (!interrupt_seen() && ready < 0 && errno == EINTR); /* another signal */
    sigprocmask(SIG_SETMASK, &before, NULL);
    return !interrupt_seen();
}
