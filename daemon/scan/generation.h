/* What one configuration generation fixes for its zygote and workers; only read once they run. */
#ifndef SCAN_GENERATION_H
#define SCAN_GENERATION_H

#include <stdint.h>
#include <sys/types.h>

#include "daemon/scan/breadcrumb.h"
#include "engine/judge/judge.h"

struct generation {
    struct judge_runtime runtime;
    struct breadcrumbs crumbs;
    uint64_t address_space; /* bytes that a worker may map, the largest message included */
    pid_t supervisor;       /* without which none of them lives on */
};

#endif
