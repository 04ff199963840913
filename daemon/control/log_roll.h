/* The method `log.rollover`: the log role saves the files of logs and begins others. */
#ifndef CONTROL_LOG_ROLL_H
#define CONTROL_LOG_ROLL_H

#include <jansson.h>
#include <stdint.h>

#include "engine/wire/wire.h"

void log_roll(uint64_t session, json_t *request);
/* MSG_LOG_ROLLED of the log role. */
void log_roll_reply(struct wire_reader *in);

#endif
