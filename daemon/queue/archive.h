/* The archives: copies, as they came, of messages that a policy wants one of; mbox files in archive/antispam and
 * archive/graymail. */
#ifndef QUEUE_ARCHIVE_H
#define QUEUE_ARCHIVE_H

#include "daemon/queue/queue.h"

bool archive_open(struct queue *q, struct error *error);

/* Adds m under the MID of one of its children.  FAILED: errno says why. */
enum spool_result archive_add(struct queue *q, enum judge_engine engine, const struct message *m,
                              uint64_t mid);

/* With the group commit: copies are on disk before the verdict is, and those of a commit that failed are taken back
 * (its next try makes them again). */
bool archive_sync(struct queue *q, struct fault *f);
void archive_committed(struct queue *q);
void archive_rollback(struct queue *q);

#endif
