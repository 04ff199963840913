/* Listening sockets: they were bound by the master. */
#ifndef SMTP_LISTENER_H
#define SMTP_LISTENER_H

#include <stdbool.h>

struct listener {
    char *name;
    int fd;
    struct event *readable, *pause;
};

struct sockaddr;

/* Takes over fd. */
void listener_add(const char *name, int fd);
/* Accepts connections from now on, from those that wait in the backlog to those of listeners still to come. */
void listener_start_all(void);
/* One of ours accepts connections to this address and port of this machine. */
bool listener_serves(const struct sockaddr *address);
/* No new connections from now on. */
void listener_stop_all(void);

#endif
