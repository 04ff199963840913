/* Clients that have told what a message is, on the UNIX socket: control learns, and says what came of it. */
#ifndef SPAMD_TELLING_H
#define SPAMD_TELLING_H

#include "daemon/spamd/client.h"
#include "engine/wire/wire.h"

/* Hands over the message of the client, which is in CLIENT_TELLING from then on. */
void telling_submit(struct client *c);
/* It waits for no answer any more. */
void telling_leave(struct client *c);

/* MSG_TOLD */
void telling_told(struct wire_reader *in);
/* What it had in hand may have been learned, or not. */
void telling_control_gone(void);

#endif
