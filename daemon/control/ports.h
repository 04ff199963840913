/* What the master is asked to listen on: the listeners and spamd's sockets of the head, and of the revision that is being prepared. */
#ifndef CONTROL_PORTS_H
#define CONTROL_PORTS_H

#include "engine/config/tree.h"
#include "engine/wire/wire.h"

/* Once, when the head is open: its listeners. */
void ports_start(void);
/* Those of next besides. */
void ports_prepare(struct config_tree *next);
/* No longer: those of the head alone, which may have become that revision.  Does nothing when that is so already. */
void ports_follow_head(void);

enum ports_state { PORTS_WAITING, PORTS_DONE, PORTS_REFUSED };
/* Of the latest of the two; refused, and *why, when a listener that the head does not have cannot listen. */
enum ports_state ports_state(const char **why);

/* MSG_PORTS_STATE */
void ports_answer(struct wire_reader *in);

#endif
