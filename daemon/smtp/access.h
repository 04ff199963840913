/* Who may send to whom: ruling R14, never an open relay.
 *
 * Everything is looked up in the tables themselves, whose rows are sorted: a listener with 100,000 recipients costs some
 * comparisons more than one with ten.
 */
#ifndef SMTP_ACCESS_H
#define SMTP_ACCESS_H

#include <stdbool.h>

#include "daemon/smtp/listener.h"
#include "engine/smtp/address.h"
#include "engine/smtp/answer.h"

struct sockaddr;

struct access {
    bool may_relay;
    const char *verdict, *group; /* for the log */
    struct span match; /* the host or network that the client is in, or ALL; valid until the next revision */
};

/* A client of a listener, by the longest prefix of its address that hostaccess has. */
struct access access_of_client(const struct listener *listener, const struct sockaddr *client);

/* What rcptaccess says: user@domain counts before user@, then the domain, its nearest .parent, ALL.  Without regard to
 * case, quotes of the local part and spelling of an address literal.  A recipient that no row names is not accepted. */
bool access_accepts_recipient(const struct config_table *rcptaccess, const char *listener,
                              const struct smtp_mailbox *recipient);

/* SMTP_ANSWER_NONE when the recipient is taken. */
enum smtp_answer access_check_recipient(const struct listener *listener, bool may_relay,
                                        const struct smtp_mailbox *recipient);

#endif
