/* The logs of the running revision: which lines each takes, its rolling file, its syslog. */
#ifndef LOG_SUBSCRIPTION_H
#define LOG_SUBSCRIPTION_H

#include "daemon/log/reorder.h"
#include "engine/base/error.h"
#include "engine/config/table.h"

/* The next revision.  New logs get their folders; a log that is there already keeps its file.  False when a folder cannot
 * be had; with `must` it is had later then, as soon as that is possible, and lines until then are lost. */
bool subscriptions_prepare(const struct config_table *logs, bool must, struct error *error);
/* Switches to it: files of logs that are gone are saved, those of new ones begun. */
void subscriptions_apply(void);
void subscriptions_discard(void);

/* Who takes this line: a bit set; 0: nobody. */
uint32_t subscriptions_wanting(enum log_line line);
/* Adds a line to those that take it; subscriptions_write() brings it to the files. */
void subscriptions_add(const struct log_record *record);
void subscriptions_write(void);

/* Now and then: saves what is old enough, and what concerns syslog. */
void subscriptions_tick(void);
/* Saves the file of this log and begins another; of all when name is empty.  Returns the number of files;
 * rolled: their logs as spans. */
uint32_t subscriptions_roll(struct span name, struct buf *rolled);
/* At the end: all files are saved. */
void subscriptions_close(void);

#endif
