/* Accounts and capabilities: how the master and its roles give up what they do not need. */
#ifndef DAEMON_PRIVILEGES_H
#define DAEMON_PRIVILEGES_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/error.h"

/* Whether this process may become other accounts: root, or a service account with CAP_SETUID and CAP_SETGID. */
bool privileges_many_accounts(void);

/* True when there is such an account; else the error says what makes it. */
bool privileges_check_account(const char *account, struct error *error);

/* Makes path the account's own; takes root. */
bool privileges_give(const char *path, const char *account, struct error *error);

/* True when path belongs to the account; else the error says what makes it so. */
bool privileges_check_owner(const char *path, const char *account, struct error *error);

/* Becomes the account with its groups, for good, and keeps of the capabilities those in keep (bits 1 << CAP_...), for
 * itself and for the programs that it starts.  With none kept there is no way back to root. */
bool privileges_become(const char *account, uint64_t keep, struct error *error);

/* Gives up all capabilities and stays who it is. */
bool privileges_drop(struct error *error);

#endif
