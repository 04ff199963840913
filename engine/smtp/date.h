/* The date of mail headers (RFC 5322 3.3), always in UTC. */
#ifndef SMTP_DATE_H
#define SMTP_DATE_H

#include <stdint.h>

#include "engine/base/buf.h"

/* Appends for example "Sat, 21 Nov 2026 21:05:37 +0000" for a wall time in microseconds. */
void smtp_date_put(struct buf *out, int64_t wall_us);

#endif
