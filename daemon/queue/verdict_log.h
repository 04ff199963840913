/* The log lines of a judged message, in the order that admins know. */
#ifndef QUEUE_VERDICT_LOG_H
#define QUEUE_VERDICT_LOG_H

#include "daemon/queue/queue.h"

/* rcid is of a quarantined child, cause of an unscannable one. */
void verdict_log(const struct message *m, const struct judge_child *judged, uint64_t rcid, struct span cause);

#endif
