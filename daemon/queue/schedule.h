/* Messages by the time of their next delivery attempt: a binary heap. */
#ifndef QUEUE_SCHEDULE_H
#define QUEUE_SCHEDULE_H

#include "daemon/queue/message.h"

/* Zero-initialised is empty and valid. */
struct schedule {
    struct message **heap; /* from index 1 */
    size_t count, cap;
};

/* m->due is set; equal times go by MID. */
void schedule_add(struct schedule *s, struct message *m);
/* Harmless when m is not in it. */
void schedule_remove(struct schedule *s, struct message *m);
/* Nothing is due later than latest: see message_update_due(). */
void schedule_limit(struct schedule *s, int64_t latest);
/* The message that is due first, or NULL. */
struct message *schedule_first(const struct schedule *s);
void schedule_free(struct schedule *s);

/* Seconds to wait after so many failed tries: doubling from first to most, shortened by up to a tenth (by seed)
 * so that messages of one burst spread. */
int64_t schedule_retry_wait(int64_t first, int64_t most, uint32_t tries, uint64_t seed);

#endif
