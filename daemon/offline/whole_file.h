/* Files that are read or written as a whole, for the offline tools. */
#ifndef OFFLINE_WHOLE_FILE_H
#define OFFLINE_WHOLE_FILE_H

#include "engine/base/buf.h"
#include "engine/base/error.h"

/* Appends the file to out.  False, with the path and the reason, when it cannot be read or has more than most bytes; out may
 * have some of it then. */
bool whole_file_read(const char *path, size_t most, struct buf *out, struct error *error);
/* On disk beside the old file, then over it: whoever has that one open or mapped keeps it. */
bool whole_file_write(const char *path, struct span content, struct error *error);

#endif
