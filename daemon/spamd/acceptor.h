/* The sockets of the spamd service: whom they let in, and how many at a time. */
#ifndef SPAMD_ACCEPTOR_H
#define SPAMD_ACCEPTOR_H

#include "engine/wire/wire.h"

/* MSG_PORT: takes over fd. */
void acceptor_take_port(struct wire_reader *in, int fd);
/* MSG_PORT_CLOSED */
void acceptor_port_closed(struct wire_reader *in);
/* There may be room for further clients. */
void acceptor_resume(void);
/* No new clients from now on. */
void acceptor_stop(void);

#endif
