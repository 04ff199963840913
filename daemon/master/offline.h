/* mailwardd --check, --backup and --restore: a program of its own does the work, in the state folder. */
#ifndef MASTER_OFFLINE_H
#define MASTER_OFFLINE_H

#include <stdbool.h>

#include "engine/base/error.h"

/* All return the exit status of mailwardd; what is wrong was told on standard error. */

int offline_check(const char *dir);
/* file appears only when it is whole; "-" is standard output. */
int offline_backup(const char *dir, const char *file);
/* file: "-" is standard input.  Holds the lock of the instance meanwhile. */
int offline_restore(const char *dir, bool is_private, const char *file, bool hold);

/* A restore of the current folder that was cut short must be repeated or given up before anything runs there. */
bool offline_may_start(struct error *error);

#endif
