/* Who was logged in, from the records of sessions: the method `last`, and the log-in before this one. */
#ifndef CONTROL_LOGINS_H
#define CONTROL_LOGINS_H

#include <jansson.h>
#include <stdint.h>

void logins_last(uint64_t session, json_t *request);
/* {"begin": microseconds, "from": text, ...} of the latest session of the same account but this one, or null. */
json_t *logins_before(uint64_t session);

#endif
