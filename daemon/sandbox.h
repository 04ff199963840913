/* What a process gives up before it touches anything hostile: seccomp and landlock, as far as the kernel has
 * them.  What is active is told in words for the log; a kernel without them is no error. */
#ifndef DAEMON_SANDBOX_H
#define DAEMON_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"

struct sandbox {
    bool network;                  /* may make and use internet sockets */
    bool fork;                     /* may make processes (never exec) */
    const char *const *write_dirs; /* NULL-terminated, relative to the current folder; may be NULL */
    const char *const *read_dirs;
};

/* For a role: no exec, no new privileges, no files but those below the given folders, no network unless asked for.
 * Appends for example "landlock 7, seccomp" to report.  Fails only when the kernel has a feature but refuses it. */
bool sandbox_enter(const struct sandbox *box, struct buf *report, struct error *error);

/* For a scan worker: no files, no sockets but those it holds, no processes, no executable memory.  Anything else
 * kills it with SIGSYS. */
bool sandbox_enter_worker(struct buf *report, struct error *error);

#endif
