/* What a zygote inherits from the supervisor and each worker from its zygote; only read once they run. */
#ifndef SCAN_WORKER_CONFIG_H
#define SCAN_WORKER_CONFIG_H

#include <stdint.h>
#include <sys/types.h>

#include "daemon/scan/breadcrumb.h"
#include "daemon/scan/engine_files.h"
#include "daemon/scan/learned_set.h"
#include "engine/judge/judge.h"

struct worker_config {
    struct judge_runtime
        runtime;                /* with files, its rules are compiled by the zygote, for it and its workers */
    struct engine_files *files; /* a reference; may be NULL */
    struct learned_set *learned; /* the same */
    struct breadcrumbs crumbs;
    uint64_t address_space; /* bytes that a worker may map, the largest message included */
    pid_t supervisor;       /* without which none of them lives on */
};

#endif
