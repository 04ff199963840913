/* The methods `status`, `counters.reset` and `rate`: the numbers of the daemon, once or again and again. */
#ifndef CONTROL_STATUS_H
#define CONTROL_STATUS_H

#include <jansson.h>
#include <stdint.h>

void status_ask(uint64_t session, json_t *request);
void status_reset(uint64_t session, json_t *request);
/* rate.c */
void rate_call(uint64_t session, json_t *request);

#endif
