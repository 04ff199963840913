/* See process.h. */
#define _GNU_SOURCE /* close_range */
#include "daemon/scan/process.h"

#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

void process_begin(const char *name, pid_t supervisor, int socket)
{
    prctl(PR_SET_NAME, name);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != supervisor)
        _exit(0); /* it died before we asked */
    for (int number = 1; number < NSIG; number++) {
        struct sigaction old;
        if (sigaction(number, NULL, &old) == 0 && old.sa_handler != SIG_DFL && old.sa_handler != SIG_IGN)
            signal(number, SIG_DFL);
    }
    if (socket != PROCESS_SOCKET && dup2(socket, PROCESS_SOCKET) < 0)
        _exit(1);
    close_range(PROCESS_SOCKET + 1, UINT_MAX, 0);
}
