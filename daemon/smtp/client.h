/* Outgoing mail: deliveries wait here for one of a bounded number of connections to their next hop. */
#ifndef SMTP_CLIENT_H
#define SMTP_CLIENT_H

#include "daemon/protocol.h"
#include "daemon/smtp/connection.h"

enum { CLIENT_POOL_MAX = 100 }; /* connections that are kept for reuse, to all next hops together */

/* From the queue.  Takes over fd; a delivery that is already in hand is not begun again. */
void client_deliver(const struct deliver_job *job, int fd);
void client_acknowledged(uint64_t mid, uint32_t attempt);
/* The queue is there (again): tells it what is in hand, and every result that it has not acknowledged. */
void client_queue_up(void);
void client_ids_arrived(void);
/* Open to all next hops together, those that are kept for reuse included. */
size_t client_connection_count(void);
/* Begins nothing new. */
void client_stop(void);

/* For connections. */

/* Ready for a delivery: gets one that waits, or is kept for a while. */
void client_connection_idle(struct connection *c);
/* It is not to be given a delivery any more. */
void client_leave_pool(struct connection *c);
/* It carried nothing yet and is to be given up: the next address is tried, and after the last of them, what waits has
 * no better chance.  A code of class 4 or 5 tells whether to try again. */
void client_connection_failed(struct connection *c, uint16_t code, struct span enhanced, struct span text);
/* It has no TLS, and needs it or met a broken one: its address is tried again in plain text, or given up where TLS is
 * required.  The log is told. */
void client_tls_failed(struct connection *c, struct span enhanced, const char *why);
/* It leads to a listener of our own. */
void client_connection_is_loop(struct connection *c);
/* A delivery that met a connection which the next hop had closed meanwhile: nothing was sent yet. */
void client_put_back(struct hop *hop, struct delivery *d);
/* Closed; the connection is freed by its own code right after. */
void client_connection_closed(struct connection *c);

#endif
