/* The state folder of one instance: its lock, its folders, its page for tests and the list of its ports. */
#ifndef MASTER_INSTANCE_H
#define MASTER_INSTANCE_H

#include <stdbool.h>
#include <sys/types.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"

struct instance {
    bool is_private;
    int lock_fd;
    int test_fd; /* run/clock, daemon/failpoint.h; -1 unless private */
};

/* Makes dir when it is missing, becomes the master's account when a system instance may (privileges.h), makes dir the
 * current folder, takes the lock, and makes the folders of all roles. */
bool instance_open(struct instance *inst, const char *dir, bool is_private, struct error *error);

/* The process that holds the lock of dir, 0 when nobody does, -1 when it cannot be told. */
pid_t instance_owner(const char *dir, struct error *error);

/* Replaces run/ports in one step; text is "NAME ADDRESS PORT" lines. */
bool instance_write_ports(struct span text, struct error *error);

#endif
