/* Signals: Ctrl-C ends what is waited for, SIGTERM and SIGHUP the session; seen by whoever waits. */
#ifndef SHELL_INTERRUPT_H
#define SHELL_INTERRUPT_H

#include <poll.h>
#include <stdbool.h>

/* From now on SIGINT ends waits instead of the process. */
void interrupt_catch(void);
/* The same for SIGTERM and SIGHUP: a terminal is left as it was found, then interrupt_end() ends the process by them. */
void interrupt_catch_end(void);
bool interrupt_ends(void);
void interrupt_end(void);
bool interrupt_seen(void);
/* Forgets a Ctrl-C; the end of the session stays seen. */
void interrupt_clear(void);
/* Waits for fds, at most timeout milliseconds (-1: for ever).  False when interrupted, also by a Ctrl-C that came just
 * before. */
bool interrupt_poll(struct pollfd *fds, nfds_t count, int timeout);

#endif
