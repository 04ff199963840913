/* What a configuration means for scanning: the rows of its tables as judge_message() wants them. */
#ifndef SCAN_RUNTIME_H
#define SCAN_RUNTIME_H

#include "engine/base/error.h"
#include "engine/config/table.h"
#include "engine/judge/judge.h"

struct engine_files;
struct learned_set;

struct runtime {
    struct judge_runtime judge;  /* its texts are in texts; test hooks are still to be set */
    struct engine_files *files;  /* the caller's; NULL: model and rules of judge stay as they are */
    struct learned_set *learned; /* the caller's; NULL: nothing */
    bool trial;                  /* of what came beside the configuration: it also has to be quick */
    int64_t timeout_us[JUDGE_DIRECTION_COUNT]; /* wall time for one message */
    struct arena *texts;                       /* to be freed by whoever has rt */
};

/* tables are those of struct role_config.  Nothing in rt points into them.  False, with nothing to free, when a policy
 * table lacks its DEFAULT row. */
bool runtime_build(struct runtime *rt, struct config_table *const *tables, struct error *error);

#endif
