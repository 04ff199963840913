/* Tracking: one row for the end of each recipient, in track/tracking.db.
 *
 * Rows come from the queue's outbox and may come twice; (MID, RID, sequence) is their key, so a repeat changes
 * nothing.
 */
#ifndef LOG_STORE_TRACKING_H
#define LOG_STORE_TRACKING_H

#include "daemon/protocol.h"
#include "engine/base/error.h"

/* Opens or makes the store.  On false, *may_pass tells whether trying again later makes sense: a full disk does
 * pass, a store of a newer format does not. */
bool tracking_open(const char *path, bool *may_pass, struct error *error);
/* Puts a batch of events on disk in one transaction; after true they may be acknowledged, after false nothing of
 * the batch is stored.  events is a row of spans (wire_put_span) that each hold one final_event_put(). */
bool tracking_write(struct span events, struct error *error);
void tracking_close(void);
int tracking_newest_format(void);

#endif
