/* The stores of a restore while they are built beside their places. */
#ifndef STORES_STAGING_H
#define STORES_STAGING_H

#include <stdbool.h>

#include "daemon/queue/spool.h"
#include "engine/base/error.h"

/* Each in the folder where its store belongs, as those may be on disks of their own.  While the first exists, a restore has
 * begun and not ended: mailwardd does not start. */
#define STAGING_QUEUE "queue/restore.partial"
#define STAGING_CONFIG "config/restore.partial"

#define STAGED_QUEUE_DB STAGING_QUEUE "/queue.db"
#define STAGED_SPOOL STAGING_QUEUE "/spool"
#define STAGED_CONFIG_DB STAGING_CONFIG "/config.db"
#define STAGED_SECRET_KEY STAGING_CONFIG "/secret.key" /* where there is one */
#define STAGED_LEARNED_DB STAGING_CONFIG "/learned.db" /* where there is one */

/* Refuses where there are stores.  What a restore that was cut short has left is removed first. */
bool staging_begin(struct error *error);
/* Syncs everything, puts it into its places and removes the folders. */
bool staging_finish(struct error *error);
/* Removes what was built. */
void staging_abandon(void);

/* A file of the staged spool, at the place of a record, to be written in order; spool_record.length and sha256 are set when
 * all of it has come. */
struct staged_body;
struct staged_body *staged_body_open(uint64_t mid, const struct spool_record *place, struct error *error);
bool staged_body_write(struct staged_body *body, struct span piece, struct error *error);
/* Frees body; writes the record's header when keep is true. */
bool staged_body_close(struct staged_body *body, bool keep, struct error *error);

#endif
