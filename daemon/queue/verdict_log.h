/* The log lines of a judged message, in the order that admins know. */
#ifndef QUEUE_VERDICT_LOG_H
#define QUEUE_VERDICT_LOG_H

#include "daemon/queue/queue.h"

/* What was found; cause is of an unscannable child, peers as in struct message. */
void verdict_log(const struct message *m, const struct judge_child *judged, struct span cause,
                 struct span peers);
/* What is done with m, which may be the copy for an alternate recipient; rcid is of a quarantined one. */
void verdict_log_action(const struct message *m, const struct judge_child *judged, uint64_t rcid);

/* How the log calls it: CASE or GRAYMAIL. */
const char *verdict_log_engine(enum judge_engine engine);

#endif
