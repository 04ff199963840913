/* Where the files are that belong to the programs: beside them in a build tree, in their folder once installed. */
#ifndef DAEMON_PATHS_H
#define DAEMON_PATHS_H

#include "engine/base/buf.h"

/* The path of `name` in the folder of the running program when it is there, else in installed_dir.  The text is
 * valid until the next call. */
const char *paths_find(const char *name, const char *installed_dir);

#endif
