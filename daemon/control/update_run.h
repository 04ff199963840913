/* One run of updates: the server's manifest, and then each package that is newer. */
#ifndef CONTROL_UPDATE_RUN_H
#define CONTROL_UPDATE_RUN_H

#include "daemon/role.h"
#include "engine/package/package.h"

struct update_wish {
    unsigned engines; /* bit set of enum package_engine: whose packages */
    bool force;       /* also those that are installed already, or were refused */
};

/* The last thing that went wrong, of each matter; an empty text: nothing. */
struct update_trouble {
    struct error server;                         /* with it or its manifest: no engine got anything */
    struct error packages[PACKAGE_ENGINE_COUNT]; /* with those of an engine */
};

/* Begins one; false when one is under way.  done is called at its end. */
bool update_run_begin(const struct update_wish *wish,
                      void (*done)(unsigned engines, const struct update_trouble *trouble));
bool update_run_is_under_way(void);

void update_run_fetched(struct wire_reader *in, int fd); /* MSG_FETCHED */
void update_run_fetch_down(void);

/* "case" or "graymail": what the log calls it. */
const char *update_engine_name(enum package_engine engine);

#endif
