/* The method `workqueue`: asks the queue, and pauses or resumes the hand-over of mail to the scanners. */
#ifndef CONTROL_WORKQUEUE_H
#define CONTROL_WORKQUEUE_H

#include <jansson.h>
#include <stdint.h>

#include "daemon/role.h"

void workqueue_call(uint64_t session, json_t *request);
/* MSG_WORKQUEUE_REPLY of the queue. */
void workqueue_reply(enum role_id peer, struct wire_reader *in);

#endif
