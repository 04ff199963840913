/* Bodies on their way out: from memory or the spool, with edits applied, into a descriptor. */
#ifndef QUEUE_BODY_H
#define QUEUE_BODY_H

#include "daemon/queue/message.h"

struct queue;

/* Bodies of messages that have just arrived, so that scan and delivery need not read them back. */
struct body_cache {
    struct message_list list; /* the oldest first */
    size_t bytes;
};

/* Takes over bytes (m->body.length of them). */
void body_cache_add(struct body_cache *cache, struct message *m, char *bytes);
void body_cache_remove(struct body_cache *cache, struct message *m);

enum body_form { BODY_STORED, BODY_EDITED };

/* Hands the stored body to sink, piece by piece; see spool_read(). */
enum spool_result body_read(struct queue *q, const struct message *m, spool_sink *sink, void *context);
/* Appends head and the body to fd.  What was written is good only after SPOOL_GOOD. */
enum spool_result body_write(struct queue *q, const struct message *m, enum body_form form, struct span head,
                             int fd);
/* The body in a sealed memfd, that the caller closes; *fd is set only with SPOOL_GOOD. */
enum spool_result body_memfd(struct queue *q, const struct message *m, enum body_form form, int *fd);
/* The first bytes of the stored body, at most size: how many there are. */
size_t body_head(struct queue *q, const struct message *m, char *bytes, size_t size);

#endif
