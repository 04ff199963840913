/* Building the stores of the current folder, of an instance that does not run, from a backup. */
#ifndef STORES_RESTORE_H
#define STORES_RESTORE_H

#include <stdbool.h>

#include "daemon/stores/report.h"
#include "engine/base/error.h"

/* Reads it from fd.  hold: nothing is delivered before `resumedel`.  What came of it is told to out.  False: nothing was
 * changed; what is wrong with the backup is reported. */
bool restore_read(int fd, bool hold, FILE *out, struct report *report, struct error *error);

#endif
