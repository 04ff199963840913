/* Certificates that expire: told of at 30, 15, 5 and 0 days, once each (R23). */
#ifndef CONTROL_CERTIFICATE_EXPIRY_H
#define CONTROL_CERTIFICATE_EXPIRY_H

#include <stdint.h>

#include "engine/base/span.h"

/* Each second: looks once a day, at the start, and after each commit. */
void certificate_expiry_tick(void);

/* The step (30, 15, 5 or 0 days) that a certificate has reached which expires after so many microseconds; -1: none. */
int certificate_expiry_step(int64_t left);

#endif
