/* Bytes from one role to another that are too many for a message: a sealed file in memory, whose descriptor goes with
 * a message. */
#ifndef DAEMON_MEMORY_FILE_H
#define DAEMON_MEMORY_FILE_H

#include <stdbool.h>

#include "engine/base/buf.h"

/* An empty one, -1 when there is none to be had.  To be written, and then sealed. */
int memory_file_new(const char *name);
/* From now on nobody can change it. */
bool memory_file_seal(int fd);
/* Both for bytes that are there. */
int memory_file_of(const char *name, struct span bytes);
/* Appends what is in it.  False when it is not sealed, or larger than most bytes. */
bool memory_file_read(int fd, size_t most, struct buf *out);

#endif
