/* Ctrl-C: noted by the signal handler, seen by whoever waits. */
#ifndef SHELL_INTERRUPT_H
#define SHELL_INTERRUPT_H

#include <poll.h>
#include <stdbool.h>

/* From now on SIGINT ends waits instead of the process. */
void interrupt_catch(void);
bool interrupt_seen(void);
void interrupt_clear(void);
/* Waits for fds, at most timeout milliseconds (-1: for ever).  False when interrupted, also by a Ctrl-C that came just
 * before. */
bool interrupt_poll(struct pollfd *fds, nfds_t count, int timeout);

#endif
