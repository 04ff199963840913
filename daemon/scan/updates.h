/* Updates of model and rules: tried in a generation beside the one that runs, and used when control says so.  What was
 * learned from single messages is used as soon as it has come.
 *
 * The pool prepares one generation at a time.  A configuration comes first: what is tried gives way to it, and what is
 * to be used follows it.
 */
#ifndef SCAN_UPDATES_H
#define SCAN_UPDATES_H

#include "daemon/scan/engine_files.h"
#include "daemon/scan/learned_set.h"
#include "engine/wire/wire.h"

struct updates_pool {
    /* Begins to prepare a generation of the running configuration; false when that cannot be begun. */
    bool (*prepare)(struct engine_files *files, struct error *error);
    bool (*was_late)(void); /* it was refused for want of time */
    void (*apply)(void);    /* switches to it */
    void (*discard)(void);
};

/* Reads what came with the program. */
bool updates_start(const struct updates_pool *pool, struct error *error);
void updates_stop(void);

/* With what the next configuration is to be prepared, from updates_config_begins() on; valid until the next call of a
 * function here. */
struct engine_files *updates_files(void);
/* The examples that whatever is prepared now is to learn from; NULL: none. */
struct learned_set *updates_learned(void);
/* The first configuration could not be prepared: true when it is to be tried again, without the updates or else without
 * what was learned, too.  What was not the cause is used once the gateway runs. */
bool updates_fall_back(const struct error *why);

/* From config_prepare on the pool's next generation is the configuration's.  learns: learning is on in it. */
void updates_config_begins(bool learns);
/* It was applied, discarded or refused.  applied: a new generation runs, with what updates_files() said, whatever came
 * since. */
void updates_config_ended(bool applied);

/* The answer to updates_pool.prepare; false when it was not ours. */
bool updates_prepared(const struct error *refusal);
/* Control is there (again), and knows nothing of what was tried. */
void updates_control_up(void);
/* False when the message is not one of ours; takes fd otherwise. */
bool updates_message(uint16_t type, struct wire_reader *in, int fd);

#endif
