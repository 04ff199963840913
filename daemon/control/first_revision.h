/* What a new instance starts with. */
#ifndef CONTROL_FIRST_REVISION_H
#define CONTROL_FIRST_REVISION_H

#include "engine/base/error.h"
#include "engine/config/tree.h"

/* Every table is set at level, so that a new default of a later version never changes a running box.  A private
 * instance scans all mail and takes it for everybody.  listen: ADDRESS:PORT of its listener.  hostname is the
 * name of the gateway, and of its certificate; NULL when that could not be made. */
struct config_tree *first_revision(const char *level, const char *hostname, bool is_private,
                                   const char *listen, struct error *error);

#endif
