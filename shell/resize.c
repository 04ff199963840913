/* A pipe that the signal writes to: a wait cannot miss it, and no other wait is cut short by it. */
#define _GNU_SOURCE /* pipe2 */
#include "shell/resize.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static int ends[2] = {-1, -1};

static void note(int number)
{
    (void)number;
    int before = errno;
    if (write(ends[1], "", 1) < 0) {
        /* the pipe is full of the same news */
    }
    errno = before;
}

int resize_fd(void)
{
    if (ends[0] < 0 && pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0) {
        struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
        sigemptyset(&action.sa_mask);
        sigaction(SIGWINCH, &action, NULL);
    }
    return ends[0];
}

void resize_done(void)
{
    char bytes[64];
    while (read(ends[0], bytes, sizeof bytes) > 0)
        ;
}
