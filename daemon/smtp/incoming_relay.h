/* Incoming relays: machines of our own that bring mail from outside and say in its header who sent it.
 *
 * The address found is that of the sender for what judges the message.  Who may relay, and to whom, is decided by
 * the address of the connection alone.
 */
#ifndef SMTP_INCOMING_RELAY_H
#define SMTP_INCOMING_RELAY_H

#include "daemon/smtp/mail.h"

/* The tables of the running revision. */
void incoming_relay_follow_config(void);
/* Before the data of a message: which relay its client is, and the header that is to be captured. */
void incoming_relay_begin(struct mail *m);
/* Behind the data: the address of the sender, and the line of the log about it. */
void incoming_relay_end(struct mail *m);

#endif
