/* Listening sockets: they were bound by the master. */
#ifndef SMTP_LISTENER_H
#define SMTP_LISTENER_H

struct listener {
    char *name;
    int fd;
    struct event *readable, *pause;
};

/* Takes over fd. */
void listener_add(const char *name, int fd);
/* No new connections from now on. */
void listener_stop_all(void);

#endif
