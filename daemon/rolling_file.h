/* A log on disk: DIR/NAME.@TIME.current while it is written, .s once it is saved; rolled over by size or when asked to,
 * and only so many saved files are kept. */
#ifndef DAEMON_ROLLING_FILE_H
#define DAEMON_ROLLING_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/error.h"
#include "engine/base/span.h"

struct rolling_file;

struct rolling_file_kind {
    void (*head)(struct buf *out); /* what each file begins with; NULL: nothing */
    void (*tail)(struct buf *out); /* what it ends with; NULL: nothing */
    bool durable;                  /* a file is on disk before the next one begins */
};

/* In the folder dir (made when missing).  A file that an earlier process left as current is saved; the first one is
 * begun with the first record.  Files are of about max_bytes, but no record is divided; max_saved saved ones are
 * kept.  kind lives as long as the file. */
struct rolling_file *rolling_file_open(const char *dir, const char *name,
                                       const struct rolling_file_kind *kind, int64_t max_bytes,
                                       int64_t max_saved, struct error *error);

/* From now on other limits hold. */
void rolling_file_limit(struct rolling_file *file, int64_t max_bytes, int64_t max_saved);

/* A record of about so many bytes comes: begins a new file when it does not fit.  False, and errno says why, when
 * there is none. */
bool rolling_file_begin(struct rolling_file *file, uint64_t bytes);
/* Adds to the record.  False, and errno says why, when the disk took none of it. */
bool rolling_file_write(struct rolling_file *file, struct span bytes);
/* A record as a whole. */
bool rolling_file_add(struct rolling_file *file, struct span record);

/* Makes durable what was written; errno says why not. */
bool rolling_file_sync(struct rolling_file *file);
/* Saves the current file, if there is one; the next record begins another. */
void rolling_file_roll(struct rolling_file *file);
/* When the current file was begun (wall, microseconds); 0: there is none, or nothing behind its head. */
int64_t rolling_file_begun(const struct rolling_file *file);

/* How long the current file is, and back to that. */
int64_t rolling_file_size(const struct rolling_file *file);
void rolling_file_cut(struct rolling_file *file, int64_t size);
/* For durable files, which are rolled over only behind what is kept: what is there by now stays when rolling_file_rollback() takes back the rest of the current file. */
void rolling_file_keep(struct rolling_file *file);
void rolling_file_rollback(struct rolling_file *file);

void rolling_file_close(struct rolling_file *file);

#endif
