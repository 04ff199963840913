/* Supervision: starts the roles, connects them to each other, restarts what dies, ends all in order. */
#ifndef MASTER_MASTER_H
#define MASTER_MASTER_H

#include "daemon/master/instance.h"
#include "engine/schema/settings.h"

struct master_hooks {
    /* All roles are ready: mail can be sent. */
    void (*ready)(void *context);
    /* A role could not start for the first time; the caller ends the process after telling the person. */
    void (*failed)(void *context, const char *reason);
    void *context;
};

/* control_socket: the listening one.  Starts all roles and runs until SIGTERM or SIGINT has ended them in order.  Returns the exit status. */
int master_run(const struct instance *inst, const struct settings *settings, int control_socket,
               const struct master_hooks *hooks);

#endif
