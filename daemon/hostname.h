/* The name of this gateway: what the table gateway says, or until that says one the name that mailwardd was started with. */
#ifndef DAEMON_HOSTNAME_H
#define DAEMON_HOSTNAME_H

#include "engine/config/table.h"

enum { HOSTNAME_SIZE = 256 };

/* gateway NULL: there is no configuration yet. */
void hostname_read(const struct config_table *gateway, char name[HOSTNAME_SIZE]);

#endif
