/* Making a backup of the instance in the current folder, which may run. */
#ifndef STORES_BACKUP_H
#define STORES_BACKUP_H

#include "daemon/stores/report.h"
#include "engine/base/error.h"

/* Writes it to fd.  Bodies that cannot be read are reported and left out; false when there is no backup. */
bool backup_write(int fd, struct report *report, struct error *error);

#endif
