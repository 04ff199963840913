/* The name of this gateway. */
#include "daemon/hostname.h"

#include <stdio.h>

#include "daemon/role.h"

void hostname_read(const struct config_table *gateway, char name[HOSTNAME_SIZE])
{
    struct span set = gateway ? schema_row_text(config_table_single(gateway), GATEWAY_HOSTNAME) : SPAN("");
    if (set.n == 0)
        set = span_text(role_settings()->hostname); /* the master has seen to it that it is one */
    snprintf(name, HOSTNAME_SIZE, "%.*s", (int)set.n, set.p);
}
