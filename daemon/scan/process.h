/* What zygote and worker do first when they are a new process. */
#ifndef SCAN_PROCESS_H
#define SCAN_PROCESS_H

#include <sys/types.h>

enum { PROCESS_SOCKET = 3 };

/* Ends the process unless supervisor is its parent, and arranges that it dies with it.  Keeps the standard
 * descriptors and socket, which becomes PROCESS_SOCKET, and no others; signals do again what they do by default. */
void process_begin(const char *name, pid_t supervisor, int socket);

#endif
