/* Who may send to whom: ruling R14, never an open relay. */
#ifndef SMTP_ACCESS_H
#define SMTP_ACCESS_H

#include <stdbool.h>

#include "engine/base/error.h"
#include "engine/smtp/address.h"
#include "engine/smtp/answer.h"

struct sockaddr;

/* Reads the lists of the settings. */
bool access_init(struct error *error);
/* The entry of the relay list that a client is in; empty when it may not relay. */
struct span access_relay_entry(const struct sockaddr *client);
/* SMTP_ANSWER_NONE when the recipient is taken. */
enum smtp_answer access_check_recipient(bool may_relay, const struct smtp_mailbox *recipient);

#endif
