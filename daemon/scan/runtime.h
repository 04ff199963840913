/* What a configuration means for scanning: the rows of its tables as judge_message() wants them. */
#ifndef SCAN_RUNTIME_H
#define SCAN_RUNTIME_H

#include "engine/config/table.h"
#include "engine/judge/judge.h"

struct runtime {
    struct judge_runtime judge; /* its texts are in texts; model and test hooks are still to be set */
    int64_t timeout_us;         /* wall time for one message */
    struct arena *texts;        /* the caller's */
};

/* tables are those of struct role_config.  Nothing in rt points into them. */
void runtime_build(struct runtime *rt, struct config_table *const *tables);

#endif
