/* What a next hop can take (R19): what it lacks is left out or converted, and what cannot do without it is returned. */
#ifndef SMTP_FITTING_H
#define SMTP_FITTING_H

#include "daemon/smtp/delivery.h"
#include "engine/smtp/reply.h"

/* Before the envelope of d.  False when nothing is left to be sent: all recipients have their result. */
bool fitting_prepare(struct delivery *d, const struct smtp_extensions *offered);

#endif
