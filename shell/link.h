/* The shell's connection to the daemon's control socket. */
#ifndef SHELL_LINK_H
#define SHELL_LINK_H

#include <jansson.h>
#include <stdbool.h>

#include "engine/base/error.h"

struct link;

/* Connects to dir/run/control.sock and reads the greeting.  NULL when nobody answers or the protocol differs. */
struct link *link_open(const char *dir, struct error *error);
/* Sends one object; taken over. */
bool link_send(struct link *l, json_t *object, struct error *error);
/* The next object of the daemon, or NULL when it is gone. */
json_t *link_receive(struct link *l, struct error *error);
void link_close(struct link *l);

#endif
