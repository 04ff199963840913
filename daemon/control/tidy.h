/* Housekeeping of config.db: its write-ahead log is moved into the file, old revisions go, and what only they used.
 *
 * It is done a little after a commit or an audit record, in pieces of some milliseconds, and never while a commit is in
 * work.
 */
#ifndef CONTROL_TIDY_H
#define CONTROL_TIDY_H

#include <stdbool.h>

struct store_config;
void tidy_open(struct store_config *store);
/* Something was written: looks within half a second whether anything is due. */
void tidy_soon(void);
/* A revision that was to go is kept: what is being marked begins anew. */
void tidy_keeps_more(void);
/* One piece of it; true when there is more.  For the timer and for tests. */
bool tidy_step(void);

#endif
