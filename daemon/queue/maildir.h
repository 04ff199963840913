/* Delivery into a Maildir: one file for each recipient, named by MID and RID so that a repeat after a crash replaces
 * the file instead of adding one. */
#ifndef QUEUE_MAILDIR_H
#define QUEUE_MAILDIR_H

#include "daemon/queue/queue.h"

struct maildir;

/* Makes the folders that are missing.  path is relative to the current folder or absolute. */
struct maildir *maildir_open(struct span path, const char *hostname, struct error *error);
void maildir_close(struct maildir *md);
/* At start, with the messages loaded: marks the recipients whose file is there already, and removes what is
 * half-written. */
bool maildir_recover(struct maildir *md, struct queue *q, struct error *error);
/* Delivers some due messages; their results become operations. */
void maildir_step(struct maildir *md, struct queue *q);

#endif
