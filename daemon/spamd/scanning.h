/* What clients share: the memory for their messages, and the workers of the scan role. */
#ifndef SPAMD_SCANNING_H
#define SPAMD_SCANNING_H

#include "daemon/spamd/client.h"
#include "engine/wire/wire.h"

/* Room for the message of a client in CLIENT_HELD.  False: it waits for it, and client_go_on() comes. */
bool scanning_reserve(struct client *c, uint64_t bytes);
/* It needs no room any more, nor its message. */
void scanning_release(struct client *c);

/* A client in CLIENT_WAITING: it is given to the scan role when its turn comes. */
void scanning_submit(struct client *c);
/* It waits for nothing any more, whatever it waited for. */
void scanning_leave(struct client *c);

/* MSG_SCAN_HELLO, MSG_SCAN_RESULT, MSG_SCAN_CRASH */
void scanning_hello(struct wire_reader *in);
void scanning_result(struct wire_reader *in);
void scanning_crash(struct wire_reader *in);
/* Whom it had in hand waits for the next one. */
void scanning_scan_gone(void);

#endif
