/* A scan worker: a process that may do nothing but judge the message that it is handed. */
#ifndef SCAN_WORKER_H
#define SCAN_WORKER_H

#include "daemon/scan/worker_config.h"

/* Runs in a new process, copied from the zygote; takes over socket and never returns. */
_Noreturn void worker_run(const struct worker_config *config, size_t slot, int socket);

#endif
