/* One log on disk: DIR/NAME.@TIME.current while it is written, .s once it is saved; rolled over by size, and only
 * so many saved files are kept. */
#ifndef LOG_LOG_FILE_H
#define LOG_LOG_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "engine/base/span.h"

struct log_file;

/* Begins a new file in the folder dir (made when missing).  Files are at most max_bytes, and max_saved saved
 * ones are kept.  A file that an earlier process left as current is saved first. */
struct log_file *log_file_open(const char *dir, const char *name, int64_t max_bytes, int64_t max_saved,
                               struct error *error);
/* Adds lines that end in newlines.  False when the disk took none of it: the caller counts the loss. */
bool log_file_write(struct log_file *file, struct span lines);
void log_file_close(struct log_file *file);

/* Appends "Sat Nov 21 21:05:37 2026 Info: " for a wall time, in local time. */
void log_file_prefix(struct buf *out, int64_t wall_us, const char *level);

#endif
