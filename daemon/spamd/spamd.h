/* What all parts of the spamd role share: the settings in use. */
#ifndef SPAMD_SPAMD_H
#define SPAMD_SPAMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/hostname.h"
#include "engine/schema/schema.h"

struct service {
    bool antispam;             /* the engine is on */
    bool learning;             /* what clients tell is learned */
    uint32_t missing_features; /* bits, as control says (MSG_FEATURES) */
    bool raw;                  /* the scale */
    char hostname[HOSTNAME_SIZE];
    uint64_t most_bytes; /* of a message */
    size_t most_clients;
    int64_t timeout; /* seconds */
    struct schema_network networks[SPAMD_CLIENTS_MAX];
    unsigned network_count;
};

const struct service *spamd_service(void);

#endif
